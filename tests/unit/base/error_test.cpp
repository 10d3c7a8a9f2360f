#include <fanfare/base/error.hpp>

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>

namespace fanfare {
namespace {

TEST(error, every_code_has_a_row_that_can_be_sent) {
  std::set<std::string_view> metric_labels;
  for (unsigned i = 0; i <= static_cast<unsigned>(errc::internal); ++i) {
    const auto& row = describe(static_cast<errc>(i));
    EXPECT_EQ(row.code, static_cast<errc>(i));
    EXPECT_FALSE(row.client_code.empty());
    EXPECT_FALSE(row.message.empty());
    EXPECT_TRUE(row.http_status >= 400 && row.http_status <= 599) << row.metric_label;
    EXPECT_TRUE(row.websocket_close >= 1001 && row.websocket_close <= 1013) << row.metric_label;
    EXPECT_TRUE(metric_labels.insert(row.metric_label).second) << row.metric_label << " would hide which cause it was";
  }
}

TEST(error, what_the_contract_and_the_protocols_fix) {
  EXPECT_EQ(describe(errc::payload_too_large).http_status, 413U);
  EXPECT_EQ(describe(errc::header_too_large).http_status, 431U);
  EXPECT_EQ(describe(errc::unsupported_media_type).http_status, 415U);
  EXPECT_EQ(describe(errc::rate_limited).http_status, 429U);
  EXPECT_EQ(describe(errc::idempotency_mismatch).http_status, 422U);
  EXPECT_EQ(describe(errc::draining).http_status, 503U);
  EXPECT_EQ(describe(errc::unavailable).http_status, 503U);
  EXPECT_EQ(describe(errc::forbidden).http_status, 403U);
  EXPECT_EQ(describe(errc::token_expired).http_status, 401U);
  EXPECT_EQ(describe(errc::protocol_violation).websocket_close, 1002);
  EXPECT_EQ(describe(errc::invalid_utf8).websocket_close, 1007);
  EXPECT_EQ(describe(errc::forbidden).websocket_close, 1008);
  EXPECT_EQ(describe(errc::payload_too_large).websocket_close, 1009);
  EXPECT_EQ(describe(errc::internal).websocket_close, 1011);
  EXPECT_EQ(describe(errc::unknown_room).client_code, "unknown_room");
  EXPECT_EQ(describe(errc::token_missing).client_code, "token_missing");
  EXPECT_EQ(describe(errc::draining).client_code, "draining");
}

TEST(error, a_code_outside_the_enumeration_is_internal) {
  EXPECT_EQ(describe(static_cast<errc>(250)).code, errc::internal);
}

TEST(result, holds_a_value_or_an_error) {
  result<std::string> good = std::string("x");
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, "x");
  EXPECT_EQ(good->size(), 1U);
  EXPECT_EQ(std::move(good).value(), "x");
  const result<std::string> bad = errc::timeout;
  EXPECT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().code, errc::timeout);
  EXPECT_THROW((void)bad.value(), std::logic_error);
  EXPECT_TRUE(result<void>());
  EXPECT_EQ(result<void>(error{errc::closed, "gone", {}}).error().detail, "gone");
  EXPECT_FALSE(result<void>(errc::closed).has_value());
}

}  // namespace
}  // namespace fanfare
