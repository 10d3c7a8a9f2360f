#include "socketio/codec/attachments.hpp"

#include <gtest/gtest.h>

namespace fanfare::socketio {
namespace {

value bytes(const char* text) { return shared_bytes::copy(text); }

TEST(attachments, what_is_taken_out_is_put_back) {
  const value data = array{"e", bytes("a"), object{{"x", array{bytes("b"), 1, nullptr}}, {"y", bytes("")}}, bytes("c")};
  std::vector<shared_bytes> taken;
  value skeleton = take_out_attachments(data, taken);
  EXPECT_FALSE(skeleton.has_binary());
  ASSERT_EQ(taken.size(), 4U);
  EXPECT_EQ(taken[1].view(), "b");
  EXPECT_EQ(skeleton.at_pointer("/2/y/num")->as_double(), 2);
  ASSERT_TRUE(put_back_attachments(skeleton, taken));
  EXPECT_EQ(skeleton, data);
}

TEST(attachments, what_holds_none_stays_as_it_is) {
  std::vector<shared_bytes> taken;
  value data = object{{"_placeholder", false}, {"num", 7}, {"deep", object{{"_placeholder", "true"}}}};
  EXPECT_EQ(take_out_attachments(data, taken), data);
  EXPECT_TRUE(taken.empty());
  const value before = data;
  ASSERT_TRUE(put_back_attachments(data, {}));
  EXPECT_EQ(data, before);
}

TEST(attachments, a_placeholder_names_one_that_is_there) {
  const std::vector<shared_bytes> one{shared_bytes::copy("a")};
  for (const value& number : {value(1), value(-1), value(0.5), value("0"), value(nullptr), value(1e300)}) {
    value data = array{object{{"_placeholder", true}, {"num", number}}};
    EXPECT_FALSE(put_back_attachments(data, one));
  }
  value data = object{{"_placeholder", true}, {"num", 0.0}, {"more", "ignored"}};
  ASSERT_TRUE(put_back_attachments(data, one));
  EXPECT_EQ(data, value(one[0]));
}

}  // namespace
}  // namespace fanfare::socketio
