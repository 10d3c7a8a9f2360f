#include "engineio/verify.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fanfare::engineio {
namespace {

http::request request(std::string method, std::string query, bool upgrade = false) {
  http::request out;
  out.method = std::move(method);
  out.query = std::move(query);
  if (upgrade) {
    out.headers.add("Connection", "Upgrade");
    out.headers.add("Upgrade", "websocket");
  }
  return out;
}

std::optional<protocol_error> check(const http::request& asked, const server_options& options = {}) {
  return verify_request(read_terms(asked), options);
}

TEST(verify, reads_terms_last_value_counts) {
  const auto terms = read_terms(request("GET", "EIO=3&transport=polling&EIO=4&sid=a%2Db&t=x&b64=1", true));
  EXPECT_EQ(terms.transport, "polling");
  EXPECT_EQ(terms.sid, "a-b");
  EXPECT_TRUE(terms.v4);
  EXPECT_TRUE(terms.upgrade);
  EXPECT_TRUE(terms.get);
}

TEST(verify, handshake_in_nodes_order) {
  EXPECT_EQ(check(request("GET", "EIO=4&transport=polling")), std::nullopt);
  EXPECT_EQ(check(request("GET", "EIO=4&transport=polling&sid=")), std::nullopt);
  EXPECT_EQ(check(request("GET", "EIO=4&transport=websocket", true)), std::nullopt);
  EXPECT_EQ(check(request("POST", "EIO=4")), protocol_error::unknown_transport);
  EXPECT_EQ(check(request("GET", "EIO=4&transport=abc")), protocol_error::unknown_transport);
  EXPECT_EQ(check(request("GET", "EIO=4&transport=webtransport")), protocol_error::unknown_transport);
  EXPECT_EQ(check(request("PUT", "EIO=3&transport=polling")), protocol_error::bad_handshake_method);
  EXPECT_EQ(check(request("HEAD", "EIO=4&transport=polling")), protocol_error::bad_handshake_method);
  EXPECT_EQ(check(request("GET", "EIO=4&transport=websocket")), protocol_error::bad_request);
  EXPECT_EQ(check(request("POST", "EIO=4&transport=polling&sid=x")), std::nullopt);
}

TEST(verify, transports_may_be_switched_off) {
  server_options options;
  options.polling = false;
  EXPECT_EQ(check(request("GET", "EIO=4&transport=polling"), options), protocol_error::unknown_transport);
  options.polling = true;
  options.websocket = false;
  EXPECT_EQ(check(request("GET", "EIO=4&transport=websocket", true), options), protocol_error::unknown_transport);
}

TEST(verify, version) {
  EXPECT_EQ(verify_version(read_terms(request("GET", "EIO=4"))), std::nullopt);
  for (const auto* query : {"", "EIO=3", "EIO=5", "EIO=abc", "EIO="}) {
    EXPECT_EQ(verify_version(read_terms(request("GET", query))), protocol_error::unsupported_protocol_version);
  }
}

TEST(verify, session) {
  const auto polling = read_terms(request("GET", "EIO=4&transport=polling&sid=x"));
  EXPECT_EQ(verify_session(polling, ""), protocol_error::unknown_sid);
  EXPECT_EQ(verify_session(polling, "polling"), std::nullopt);
  EXPECT_EQ(verify_session(polling, "websocket"), protocol_error::bad_request);
  const auto v3 = read_terms(request("GET", "EIO=3&transport=polling&sid=x"));
  EXPECT_EQ(verify_session(v3, "polling"), protocol_error::bad_request);
  const auto upgrade = read_terms(request("GET", "EIO=4&transport=websocket&sid=x", true));
  EXPECT_EQ(verify_session(upgrade, "polling"), std::nullopt);
  EXPECT_EQ(verify_session(upgrade, "websocket"), std::nullopt);
}

TEST(verify, answers_are_nodes_bodies) {
  const request_terms plain;
  const std::string bodies[] = {R"({"code":0,"message":"Transport unknown"})",
                                R"({"code":1,"message":"Session ID unknown"})",
                                R"({"code":2,"message":"Bad handshake method"})",
                                R"({"code":3,"message":"Bad request"})",
                                R"({"code":4,"message":"Forbidden"})",
                                R"({"code":5,"message":"Unsupported protocol version"})"};
  for (unsigned code = 0; code < 6; ++code) {
    const auto answer = error_answer(plain, static_cast<protocol_error>(code));
    EXPECT_EQ(answer.status, code == 4 ? 403U : 400U);
    EXPECT_EQ(answer.body.view(), bodies[code]);
    EXPECT_EQ(answer.headers.get("content-type"), "application/json");
    EXPECT_EQ(static_cast<unsigned>(cause_of(static_cast<protocol_error>(code))), code);
  }
}

TEST(verify, upgrades_get_the_bare_message) {
  request_terms terms;
  terms.upgrade = true;
  const auto answer = error_answer(terms, protocol_error::forbidden);
  EXPECT_EQ(answer.status, 400U);
  EXPECT_EQ(answer.body.view(), "Forbidden");
  EXPECT_EQ(answer.headers.get("content-type"), "text/html");
}

TEST(verify, refusals_and_fullness) {
  const request_terms plain;
  const auto refused = refusal_answer(plain, {401, 4, "say \"please\""});
  EXPECT_EQ(refused.status, 401U);
  EXPECT_EQ(refused.body.view(), R"({"code":4,"message":"say \"please\""})");
  const auto full = full_answer(plain);
  EXPECT_EQ(full.status, 503U);
  EXPECT_EQ(full.body.view(), R"({"code":3,"message":"Bad request"})");
}

}  // namespace
}  // namespace fanfare::engineio
