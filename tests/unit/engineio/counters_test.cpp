#include "engineio/counters.hpp"

#include "engineio/support/session_fixture.hpp"

namespace fanfare::engineio {
namespace {

class counters_test : public session_fixture {};

TEST_F(counters_test, reservations_are_bounded_and_given_back) {
  auto first = reservation::take(count, 2);
  const auto second = reservation::take(count, 2);
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(reservation::take(count, 2), nullptr);
  first = nullptr;
  EXPECT_NE(reservation::take(count, 2), nullptr);
}

TEST_F(counters_test, reasons_have_nodes_words) {
  const std::pair<close_reason, std::string_view> words[] = {
      {close_reason::transport_error, "transport error"}, {close_reason::transport_close, "transport close"},
      {close_reason::ping_timeout, "ping timeout"},       {close_reason::parse_error, "parse error"},
      {close_reason::forced_close, "forced close"},       {close_reason::server_shutdown, "forced server close"},
      {close_reason::overload, "send queue overflow"},    {static_cast<close_reason>(99), ""}};
  for (const auto& [reason, word] : words) EXPECT_EQ(to_string(reason), word);
}

}  // namespace
}  // namespace fanfare::engineio
