#include <fanfare/base/value.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace fanfare {
namespace {

TEST(value, kinds_of_what_it_is_made_of) {
  using kind = value::kind;
  EXPECT_EQ(value().type(), kind::null);
  EXPECT_EQ(value(nullptr).type(), kind::null);
  EXPECT_EQ(value(true).type(), kind::boolean);
  EXPECT_EQ(value(7U).type(), kind::integer);
  EXPECT_EQ(value(1.5F).type(), kind::real);
  EXPECT_EQ(value("a").type(), kind::string);
  EXPECT_EQ(value(shared_bytes::copy("a")).type(), kind::binary);
  EXPECT_EQ(value(array{}).type(), kind::array);
  EXPECT_EQ(value(object{}).type(), kind::object);
  EXPECT_EQ(value(std::uint64_t{5}).type(), kind::integer);
  const value past(std::numeric_limits<std::uint64_t>::max());
  ASSERT_NE(past.if_decimal(), nullptr);
  EXPECT_EQ(past.if_decimal()->text, "18446744073709551615");
  EXPECT_TRUE(past.is_number());
}

TEST(value, reads_with_fallbacks) {
  EXPECT_EQ(value(3).as_double(), 3.0);
  EXPECT_EQ(value(0.5).as_double(), 0.5);
  EXPECT_EQ(value(decimal{"2.50"}).as_double(), 2.5);
  EXPECT_EQ(value("3").as_double(9), 9.0);
  EXPECT_EQ(value("a").as_string("b"), "a");
  EXPECT_EQ(value(1).as_string("b"), "b");
  EXPECT_TRUE(value(true).as_bool());
  EXPECT_TRUE(value(0).as_bool(true));
  EXPECT_EQ(value(1).find("a"), nullptr);
}

TEST(object, keeps_order_and_replaces_in_place) {
  object members{{"b", 1}, {"a", 2}, {"b", 3}};
  ASSERT_EQ(members.size(), 2U);
  EXPECT_EQ(members.begin()->name, "b");
  EXPECT_EQ(members.begin()->item, value(3));
  members.set("a", "x");
  members["c"] = true;
  EXPECT_TRUE(members["d"].is_null());
  EXPECT_TRUE(members.contains("d"));
  EXPECT_EQ(members.find("a")->as_string(), "x");
  EXPECT_TRUE(members.erase("a"));
  EXPECT_FALSE(members.erase("a"));
  EXPECT_EQ(members.find("a"), nullptr);
  EXPECT_EQ(members.size(), 3U);
  object moved = std::move(members);
  EXPECT_EQ(moved.size(), 3U);
  members = moved;
  EXPECT_EQ(value(members), value(moved));
  EXPECT_TRUE(object().empty());
}

TEST(value, numbers_are_equal_by_value) {
  EXPECT_EQ(value(1), value(1.0));
  EXPECT_EQ(value(1), value(decimal{"1.00"}));
  EXPECT_EQ(value(0.5), value(decimal{"5e-1"}));
  EXPECT_EQ(value(decimal{"1e400"}), value(decimal{"10e399"}));
  EXPECT_EQ(value(decimal{"1.0"}), value(decimal{"1.0"}));
  EXPECT_EQ(value(0.0), value(-0.0));
  EXPECT_NE(value(1), value(2));
  EXPECT_NE(value(1), value(1.5));
  EXPECT_NE(value(1), value(true));
  EXPECT_NE(value(1), value("1"));
  EXPECT_NE(value(std::int64_t{9007199254740993}), value(9007199254740992.0));
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(value(nan), value(nan));
  EXPECT_NE(value(nan), value(1));
}

TEST(value, equality_is_deep_and_ignores_the_order_of_members) {
  const value a = object{{"x", array{1, "two", nullptr}}, {"y", true}};
  const value b = object{{"y", true}, {"x", array{1, "two", nullptr}}};
  EXPECT_EQ(a, b);
  EXPECT_EQ(a, a);
  EXPECT_NE(a, value(object{{"x", array{1, "two", nullptr}}, {"z", true}}));
  EXPECT_NE(a, value(object{{"y", false}, {"x", array{1, "two", nullptr}}}));
  EXPECT_NE(a, value(object{{"x", array{1, "two", nullptr}}, {"y", false}}));
  EXPECT_NE(a, value(object{{"y", true}}));
  EXPECT_NE(value(array{1}), value(array{1, 2}));
  EXPECT_EQ(value(shared_bytes::copy("ab")), value(shared_bytes::copy("xab").slice(1)));
  EXPECT_NE(value(shared_bytes::copy("ab")), value("ab"));
  EXPECT_NE(value(true), value(false));
}

TEST(value, follows_json_pointers) {
  // The example of RFC 6901 §5, and then some.
  const value document = object{{"foo", array{"bar", "baz"}},
                                {"", 0},
                                {"a/b", 1},
                                {"c%d", 2},
                                {"e^f", 3},
                                {"g|h", 4},
                                {"i\\j", 5},
                                {"k\"l", 6},
                                {" ", 7},
                                {"m~n", 8},
                                {"deep", object{{"", object{{"x", 9}}}}}};
  EXPECT_EQ(document.at_pointer(""), &document);
  EXPECT_EQ(document.at_pointer("/foo"), document.find("foo"));
  EXPECT_EQ(*document.at_pointer("/foo/0"), value("bar"));
  const std::pair<const char*, int> places[] = {{"/", 0},     {"/a~1b", 1}, {"/c%d", 2}, {"/e^f", 3},  {"/g|h", 4},
                                                {"/i\\j", 5}, {"/k\"l", 6}, {"/ ", 7},   {"/m~0n", 8}, {"/deep//x", 9}};
  for (const auto& [pointer, expected] : places) {
    ASSERT_NE(document.at_pointer(pointer), nullptr) << pointer;
    EXPECT_EQ(*document.at_pointer(pointer), value(expected));
  }
  for (const auto* pointer : {"foo", "/none", "/foo/2", "/foo/-", "/foo/00", "/foo/01", "/foo/", "/foo/1x", "/foo/0/x",
                              "/m~n", "/m~", "/m~2n", "/foo/99999999999999999999999", "/foo/-1"}) {
    EXPECT_EQ(document.at_pointer(pointer), nullptr) << pointer;
  }
  EXPECT_EQ(value(object{{"~1", 1}}).at_pointer("/~01")->as_double(), 1) << "~01 is ~1, not /";
}

TEST(value, finds_binary_at_any_depth) {
  EXPECT_TRUE(value(shared_bytes()).has_binary());
  EXPECT_TRUE(value(array{1, object{{"a", array{shared_bytes::copy("x")}}}}).has_binary());
  EXPECT_FALSE(value(array{1, object{{"a", array{"x"}}}}).has_binary());
  EXPECT_FALSE(value("x").has_binary());
}

TEST(shared_bytes, slices_share_and_clamp) {
  const auto whole = shared_bytes::copy("abcdef");
  EXPECT_EQ(whole.slice(2, 3).view(), "cde");
  EXPECT_EQ(whole.slice(2, 3).data(), whole.data() + 2);
  EXPECT_EQ(whole.slice(4).view(), "ef");
  EXPECT_TRUE(whole.slice(9).empty());
  EXPECT_EQ(whole.slice(1, 2).slice(1).view(), "c");
}

}  // namespace
}  // namespace fanfare
