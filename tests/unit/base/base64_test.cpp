#include <fanfare/base/base64.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace fanfare {
namespace {

TEST(base64, vectors_of_rfc_4648) {
  const std::pair<std::string_view, std::string_view> table[] = {{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"},
                                                                 {"\xFB\xFF\xBF", "+/+/"}};
  for (const auto& [bytes, text] : table) {
    EXPECT_EQ(base64_encode(bytes), text);
    const auto back = base64_decode(text);
    ASSERT_TRUE(back) << text;
    EXPECT_EQ(*back, bytes);
  }
  EXPECT_EQ(base64url_encode("\xFB\xFF\xBF\xFB"), "-_-_-w");
  EXPECT_EQ(*base64url_decode("-_-_-w"), "\xFB\xFF\xBF\xFB");
}

TEST(base64, every_length_and_byte_comes_back) {
  std::string bytes;
  for (int i = 0; i < 600; ++i) {
    EXPECT_EQ(*base64_decode(base64_encode(bytes)), bytes);
    EXPECT_EQ(*base64url_decode(base64url_encode(bytes)), bytes);
    EXPECT_EQ(*base64_decode(base64url_encode(bytes), base64_rule::lenient), bytes);
    bytes += static_cast<char>(i * 7);
  }
}

TEST(base64, strict_refuses) {
  for (const auto* text : {"Z", "Zg", "Zg=", "Zm8", "Zg===", "Zg==Zg==", "=", "==", "====", "Zm9v=", "Z=g=", "Zh==",
                           "Zm9=", "Zm 8", "Zm9v\n", "-_-_", "Zm9\xC3", "Zm9vYg=a"}) {
    const auto bytes = base64_decode(text);
    ASSERT_FALSE(bytes) << text;
    EXPECT_EQ(bytes.error().code, errc::bad_request);
  }
  for (const auto* text : {"Z", "Zg==", "+/+/", "Zh", "Zm9", "Zm8=", "Zm9v "})
    EXPECT_FALSE(base64url_decode(text)) << text;
  EXPECT_FALSE(base64_decode(std::string_view("Zm\0v", 4)));
}

TEST(base64, lenient_reads_what_node_reads) {
  for (const auto* text : {"Zm8=", "Zm8", "Zm9", " Z\tm\r\n8=\n", "Zm8=="}) {
    const auto bytes = base64_decode(text, base64_rule::lenient);
    ASSERT_TRUE(bytes) << text;
    EXPECT_EQ(*bytes, "fo");
  }
  EXPECT_EQ(*base64_decode("-_+/", base64_rule::lenient), "\xFB\xFF\xBF");
  for (const auto* text : {"Z", "Zm8===", "Z*8=", "Zm9vZ"})
    EXPECT_FALSE(base64_decode(text, base64_rule::lenient)) << text;
}

}  // namespace
}  // namespace fanfare
