#include <fanfare/http/message.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fanfare::http {
namespace {

using testing::ElementsAre;
using testing::Pair;

std::vector<fields::field> listed(const fields& headers) { return {headers.begin(), headers.end()}; }

TEST(fields, compares_names_without_case_and_keeps_order) {
  fields headers;
  headers.add("A", "1");
  headers.add("b", "2");
  headers.add("a", "3");
  EXPECT_EQ(headers.get("a"), "1");
  EXPECT_FALSE(headers.get("c"));
  headers.set("a", "4");
  EXPECT_THAT(listed(headers), ElementsAre(Pair("A", "4"), Pair("b", "2")));
  headers.set("c", "5");
  headers.remove("B");
  EXPECT_THAT(listed(headers), ElementsAre(Pair("A", "4"), Pair("c", "5")));
}

TEST(fields, finds_tokens_in_lists) {
  fields headers;
  headers.add("Connection", "keep-alive, Upgrade ,x");
  headers.add("connection", "last");
  for (const auto* token : {"upgrade", "keep-alive", "X", "last"}) EXPECT_TRUE(headers.has_token("Connection", token));
  for (const auto* token : {"up", "keep", ""}) EXPECT_FALSE(headers.has_token("Connection", token));
  EXPECT_FALSE(headers.has_token("Upgrade", "x"));
}

TEST(message, decodes_percent_and_plus) {
  EXPECT_EQ(percent_decode("a%20b%C3%b6+"), "a b\xc3\xb6+");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  EXPECT_EQ(percent_decode("%%41%4%4g%"), "%A%4%4g%") << "malformed escapes stay";
}

TEST(message, reads_queries) {
  EXPECT_THAT(parse_query("a=1&&b&c=%26=x&a=2&=e"),
              ElementsAre(Pair("a", "1"), Pair("b", ""), Pair("c", "&=x"), Pair("a", "2"), Pair("", "e")));
  EXPECT_EQ(query_value("x=1&to%6Ben=a+b&token=c", "token"), "a b");
  EXPECT_FALSE(query_value("x=1", "token"));
  EXPECT_FALSE(query_value("", ""));
}

TEST(message, makes_answers) {
  EXPECT_EQ(response::json(201, "{}").headers.get("Content-Type"), "application/json");
  const auto problem = response::problem(400, "Bad Request", "bad_request", "say \"why\"", "/data/x");
  EXPECT_EQ(problem.headers.get("Content-Type"), "application/problem+json");
  EXPECT_EQ(problem.body.view(),
            R"({"type":"about:blank","title":"Bad Request","status":400,"code":"bad_request","detail":"say \"why\"",)"
            R"("pointer":"/data/x"})");
  EXPECT_EQ(response::problem(404, "Not Found").body.view(),
            R"({"type":"about:blank","title":"Not Found","status":404})");
}

TEST(message, finds_parameters) {
  request asked;
  asked.params = {{"room", "a"}};
  EXPECT_EQ(asked.param("room"), "a");
  EXPECT_EQ(asked.param("none"), "");
}

TEST(message, has_a_phrase_for_every_status) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(999), "Unknown");
  for (unsigned status = 100; status < 600; ++status) EXPECT_FALSE(reason_phrase(status).empty());
}

}  // namespace
}  // namespace fanfare::http
