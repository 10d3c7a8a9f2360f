#include "domain/fleet/ticket.hpp"

#include <gtest/gtest.h>

namespace fanfare::domain {
namespace {

constexpr std::int64_t now = 1700000000000;
const std::string secret = "a secret of the fleet";

http::request request_of(std::string body = "40") {
  http::request out;
  out.method = "POST";
  out.target = "/socket.io/?sid=x";
  out.body = std::move(body);
  return out;
}
http::request signed_request(const ticket& shown = {"a", now, "192.0.2.1"}) {
  auto out = request_of();
  out.headers.add(std::string(ticket::field), write_ticket(shown, out, secret));
  return out;
}
bool good(const http::request& request, std::string_view under = secret, std::int64_t at = now) {
  const auto read = read_ticket(request, under, at);
  return read && *read;
}

TEST(ticket, says_who_asks_for_whom) {
  const auto read = read_ticket(signed_request(), secret, now);
  ASSERT_TRUE(read && *read);
  EXPECT_EQ((*read)->node, "a");
  EXPECT_EQ((*read)->client_address, "192.0.2.1");
  EXPECT_EQ((*read)->time_ms, now);
  EXPECT_EQ((*read_ticket(signed_request({"a", now, ""}), secret, now))->client_address, "");
}

TEST(ticket, a_request_without_one_comes_from_nobody_in_particular) {
  const auto read = read_ticket(request_of(), secret, now);
  ASSERT_TRUE(read);
  EXPECT_FALSE(*read);
}

TEST(ticket, serves_for_one_request_under_one_secret) {
  EXPECT_TRUE(good(signed_request()));
  EXPECT_FALSE(good(signed_request(), "another secret"));
  auto other = signed_request();
  other.method = "GET";
  EXPECT_FALSE(good(other));
  other = signed_request();
  other.target += "y";
  EXPECT_FALSE(good(other));
  other = signed_request();
  other.body += "1";
  EXPECT_FALSE(good(other));
}

TEST(ticket, without_a_secret_none_is_good) {
  auto request = request_of();
  request.headers.add(std::string(ticket::field), write_ticket({"a", now, ""}, request, ""));
  EXPECT_FALSE(good(request, ""));
}

TEST(ticket, is_good_for_a_minute_either_way) {
  EXPECT_TRUE(good(signed_request(), secret, now + 60000));
  EXPECT_TRUE(good(signed_request(), secret, now - 60000));
  EXPECT_FALSE(good(signed_request(), secret, now + 60001));
  EXPECT_FALSE(good(signed_request(), secret, now - 60001));
}

TEST(ticket, any_change_of_it_is_refused) {
  const auto whole = std::string(*signed_request().headers.get(ticket::field));
  for (std::size_t i = 0; i <= whole.size(); ++i) {
    for (const auto& text : {whole.substr(0, i), whole.substr(0, i) + "x" + whole.substr(std::min(i + 1, whole.size())),
                             whole.substr(0, i) + " " + whole.substr(i)}) {
      if (text == whole) continue;
      auto request = request_of();
      request.headers.add(std::string(ticket::field), text);
      const auto read = read_ticket(request, secret, now);
      ASSERT_FALSE(read) << text;
      EXPECT_EQ(read.error().code, errc::forbidden);
    }
  }
}

}  // namespace
}  // namespace fanfare::domain
