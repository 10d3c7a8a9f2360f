#include "http/cors.hpp"

#include <gtest/gtest.h>

namespace fanfare::http {
namespace {

request from(std::string_view origin, std::string_view method = "GET") {
  request asked;
  asked.method = method;
  if (!origin.empty()) asked.headers.add("Origin", std::string(origin));
  return asked;
}

request preflight(std::string_view origin, std::string_view headers = {}) {
  auto asked = from(origin, "OPTIONS");
  asked.headers.add("Access-Control-Request-Method", "POST");
  if (!headers.empty()) asked.headers.add("Access-Control-Request-Headers", std::string(headers));
  return asked;
}

fields decorated(const cors_policy& policy, std::string_view origin) {
  fields headers;
  cors(policy).decorate(from(origin), headers);
  return headers;
}

TEST(cors, does_nothing_without_a_policy) {
  EXPECT_EQ(decorated({}, "https://a").size(), 0U);
  EXPECT_FALSE(cors({}).is_preflight(preflight("https://a")));
}

TEST(cors, allows_any_origin) {
  const auto headers = decorated({{"*"}}, "https://a");
  EXPECT_EQ(headers.get("Access-Control-Allow-Origin"), "*");
  EXPECT_FALSE(headers.get("Vary"));
  EXPECT_FALSE(headers.get("Access-Control-Allow-Credentials"));
}

TEST(cors, echoes_the_origin_where_credentials_forbid_the_star) {
  cors_policy policy{{"*"}, true};
  policy.exposed_headers = {"X-A", "X-B"};
  const auto headers = decorated(policy, "https://a");
  EXPECT_EQ(headers.get("Access-Control-Allow-Origin"), "https://a");
  EXPECT_EQ(headers.get("Access-Control-Allow-Credentials"), "true");
  EXPECT_EQ(headers.get("Access-Control-Expose-Headers"), "X-A, X-B");
  EXPECT_EQ(headers.get("Vary"), "Origin");
  EXPECT_FALSE(decorated(policy, "").get("Access-Control-Allow-Origin"));
}

TEST(cors, allows_listed_origins_alone) {
  const cors_policy policy{{"https://a", "https://b"}};
  EXPECT_EQ(decorated(policy, "https://b").get("Access-Control-Allow-Origin"), "https://b");
  for (const auto* other : {"https://c", "https://a.c", "http://a", "null", ""}) {
    EXPECT_FALSE(decorated(policy, other).get("Access-Control-Allow-Origin")) << other;
    EXPECT_EQ(decorated(policy, other).get("Vary"), "Origin") << "a cache must ask again";
  }
}

TEST(cors, leaves_a_handlers_own_fields_alone) {
  fields headers;
  headers.add("Access-Control-Allow-Origin", "https://own");
  cors({{"*"}}).decorate(from("https://a"), headers);
  EXPECT_EQ(headers.size(), 1U);
}

TEST(cors, answers_a_preflight) {
  cors_policy policy{{"https://a"}};
  policy.max_age_s = 5;
  const cors rules(policy);
  ASSERT_TRUE(rules.is_preflight(preflight("https://a")));
  const auto answer = rules.answer_preflight(preflight("https://a", "x-one, x-two"));
  EXPECT_EQ(answer.status, 204U);
  EXPECT_EQ(answer.headers.get("Access-Control-Allow-Methods"), "GET, HEAD, PUT, PATCH, POST, DELETE");
  EXPECT_EQ(answer.headers.get("Access-Control-Allow-Headers"), "x-one, x-two");
  EXPECT_EQ(answer.headers.get("Access-Control-Max-Age"), "5");
  EXPECT_EQ(answer.headers.get("Vary"), "Origin, Access-Control-Request-Headers");
}

TEST(cors, names_configured_headers_and_refuses_other_origins) {
  cors_policy policy{{"https://a"}};
  policy.allowed_headers = {"authorization"};
  const cors rules(policy);
  EXPECT_EQ(rules.answer_preflight(preflight("https://a", "x")).headers.get("Access-Control-Allow-Headers"),
            "authorization");
  const auto refused = rules.answer_preflight(preflight("https://c"));
  EXPECT_EQ(refused.status, 204U);
  EXPECT_FALSE(refused.headers.get("Access-Control-Allow-Methods"));
}

TEST(cors, knows_a_preflight_from_a_plain_options) {
  const cors rules({{"*"}});
  EXPECT_FALSE(rules.is_preflight(from("https://a", "OPTIONS")));
  EXPECT_FALSE(rules.is_preflight(preflight("")));
  EXPECT_FALSE(rules.is_preflight(from("https://a")));
}

TEST(cors, adds_to_vary_once) {
  fields headers;
  add_vary(headers, "Origin");
  add_vary(headers, "Accept-Encoding");
  add_vary(headers, "origin");
  EXPECT_EQ(headers.get("Vary"), "Origin, Accept-Encoding");
  headers.set("Vary", "*");
  add_vary(headers, "Origin");
  EXPECT_EQ(headers.get("Vary"), "*");
}

TEST(cors, admits_listed_origins_its_own_host_and_no_browsers) {
  const auto admits = [](const cors_policy& policy, const char* origin, const char* host = "app.example:8000") {
    request asked;
    asked.headers.add("Host", host);
    if (origin != nullptr) asked.headers.add("Origin", origin);
    return cors(policy).admits(asked);
  };
  cors_policy policy{.origins = {"https://a.example"}};
  EXPECT_TRUE(admits(policy, "https://evil.example")) << "off by default, as in Node";
  policy.enforce = true;
  EXPECT_TRUE(admits(policy, "https://a.example"));
  EXPECT_TRUE(admits(policy, nullptr));
  EXPECT_TRUE(admits(policy, "http://App.Example:8000"));
  EXPECT_FALSE(admits(policy, "https://evil.example"));
  EXPECT_FALSE(admits(policy, "https://a.example.evil.example"));
  EXPECT_FALSE(admits(policy, "http://app.example")) << "another port";
  EXPECT_FALSE(admits(policy, "null"));
  EXPECT_FALSE(admits(policy, "null", ""));
  policy.origins.clear();
  EXPECT_TRUE(admits(policy, "http://app.example:8000"));
  EXPECT_FALSE(admits(policy, "https://a.example"));
  policy.origins = {"*"};
  EXPECT_TRUE(admits(policy, "https://evil.example"));
  policy.credentials = true;
  EXPECT_TRUE(admits(policy, "https://evil.example"));
}

}  // namespace
}  // namespace fanfare::http
