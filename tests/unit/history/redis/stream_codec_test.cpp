#include "history/redis/stream_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "history/entries.hpp"
#include "history/redis/replies.hpp"

namespace fanfare::history {
namespace {

using testing::ElementsAre;

using test::list;
using test::text;

redis::reply item(const std::string& id, const std::vector<std::string>& fields) {
  std::vector<redis::reply> words;
  for (const auto& each : fields) words.push_back(text(each));
  return list({text(id), list(std::move(words))});
}

TEST(stream_codec_test, ids_go_both_ways_and_in_order) {
  EXPECT_EQ(to_text(*parse_stream_id("12-3")), "12-3");
  EXPECT_LT(*parse_stream_id("9-9"), *parse_stream_id("10-0"));
  for (const auto* bad : {"", "1", "-", "1-", "-1", "a-1", "1-a", "1-1-1", "18446744073709551616-0"}) {
    EXPECT_FALSE(parse_stream_id(bad)) << bad;
  }
}

TEST(stream_codec_test, rooms_hold_any_byte) {
  const std::vector<std::string> rooms{"a", "", "b:1,c", std::string("\0\xff", 2)};
  EXPECT_EQ(*unpack_rooms(pack_rooms(rooms)), rooms);
  EXPECT_TRUE(unpack_rooms("")->empty());
  for (const auto* bad : {"a", "1", "1:", "1:a", "1:a;", "2:a,", "x:a,", "99999999999999999999:a,"}) {
    EXPECT_FALSE(unpack_rooms(bad)) << bad;
  }
}

TEST(stream_codec_test, reads_what_the_scripts_write_and_what_a_later_version_may_add) {
  const auto event =
      parse_item(item("5-0", {"id", "i",      "type", "t",    "rooms", "1:a,", "time", "7",    "expires", "-1",  "key",
                              "k",  "newest", "1",    "size", "9",     "by",   "n:1",  "json", "{}",      "new", "x"}));
  ASSERT_TRUE(event && event->event);
  EXPECT_EQ(event->event->position, 5U);
  EXPECT_TRUE(event->event->kept);
  EXPECT_EQ(event->event->expires_ms, never);
  EXPECT_TRUE(event->event->only_newest);
  EXPECT_EQ(event->by, "n:1");
  const auto passing = parse_item(item("5-2", {"type", "t", "rooms", "1:a,"}));
  ASSERT_TRUE(passing && passing->event);
  EXPECT_FALSE(passing->event->kept);
  const auto kept = parse_item(item("5-3", {"by", "n", "fact", "f", "value", "-1 9 a b"}));
  ASSERT_TRUE(kept && kept->kept);
  EXPECT_EQ(*kept->kept, (fact{"f", -1, 9, "a b"}));
  EXPECT_EQ(kept->by, "n");
  EXPECT_EQ(parse_item(item("5-4", {"epoch", "e2"}))->epoch, "e2");
}

TEST(stream_codec_test, names_what_another_program_wrote) {
  const auto refused = [](const redis::reply& came) { return parse_item(came) ? "" : parse_item(came).error().detail; };
  EXPECT_EQ(refused(text("x")), "the stream: an entry has no id and fields");
  EXPECT_EQ(refused(item("x", {})), "the stream: \"x\" is no id");
  EXPECT_EQ(refused(item("1-0", {"uid", "emitter"})), "the stream: 1-0 is no event");
  EXPECT_EQ(refused(item("1-0", {"type", "t", "rooms", "zz"})), "the stream: 1-0 has a wrong rooms");
  EXPECT_EQ(refused(item("1-0", {"type", "t", "time", "soon"})), "the stream: 1-0 has a wrong time");
  EXPECT_EQ(refused(item("1-0", {"fact", "f", "value", "1"})), "the stream: 1-0 is no fact");
}

TEST(stream_codec_test, a_page_with_anything_else_in_it_is_refused) {
  redis::reply yes;
  yes.type = redis::reply::kind::integer;
  yes.integer = 1;
  const auto good = parse_page(list({yes, yes, list({item("1-0", {"type", "t", "rooms", "1:a,", "key", "k"})})}));
  ASSERT_TRUE(good);
  EXPECT_TRUE(good->complete && good->more);
  EXPECT_EQ(good->entries.at(0).conflate_key, "") << "of what was, as other backends give it";
  EXPECT_FALSE(parse_page(list({yes, yes, list({item("1-0", {"epoch", "e"})})})));
  EXPECT_FALSE(parse_page(text("x")));
}

TEST(stream_codec_test, finds_the_entries_in_both_protocols) {
  const auto entries = list({item("1-0", {})});
  auto resp3 = list({text("log"), entries});
  resp3.type = redis::reply::kind::map;
  EXPECT_EQ(items_of(resp3).size(), 1U);
  EXPECT_EQ(items_of(list({list({text("log"), entries})})).size(), 1U);
  EXPECT_TRUE(items_of(redis::reply{}).empty());
}

TEST(stream_codec_test, an_outcome_that_cannot_be_read_is_told) {
  EXPECT_EQ(parse_outcome(list({text("over_limit"), list({}), list({})}), {}).error().code, errc::over_limit);
  EXPECT_EQ(parse_outcome(text("x"), {}).error().code, errc::internal);
  EXPECT_EQ(parse_outcome(list({text("ok"), list({}), list({list({text("7"), text("d")})})}), {}).error().code,
            errc::internal)
      << "an answer that was not asked about";
}

}  // namespace
}  // namespace fanfare::history
