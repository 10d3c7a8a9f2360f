#include "api/publish/publish_body.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fanfare::api {
namespace {

struct sent {
  std::string type;  // Content-Type; "" none
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

result<publish_body> parse(const sent& what, std::size_t batch_max = 3) {
  http::request request;
  if (!what.type.empty()) request.headers.add("Content-Type", what.type);
  for (const auto& [name, content] : what.headers) request.headers.add(name, content);
  request.body = what.body;
  return parse_publish_body(request, {.batch_max = batch_max, .envelope = {}});
}

TEST(PublishBody, ReadsOneEvent) {
  const auto body = parse({"application/json; charset=\"UTF-8\"",
                           R"({"type":"a.b","data":{"x":1},"rooms":["global"],"id":"1","source":"/s"})"});
  ASSERT_TRUE(body);
  EXPECT_FALSE(body->batch);
  ASSERT_EQ(body->drafts.size(), 1u);
  EXPECT_EQ(body->drafts[0].type, "a.b");
  EXPECT_EQ(body->drafts[0].id, "1");
  EXPECT_EQ(body->drafts[0].rooms, std::vector<std::string>{"global"});
  EXPECT_TRUE(parse({"", R"({"type":"a","data":{}})"}));
}

TEST(PublishBody, ReadsAnArray) {
  const auto body = parse({"application/json", R"([{"type":"a","data":{}},{"type":"b","data":{}}])"});
  ASSERT_TRUE(body);
  EXPECT_TRUE(body->batch);
  ASSERT_EQ(body->drafts.size(), 2u);
  EXPECT_EQ(body->drafts[1].type, "b");
}

TEST(PublishBody, ReadsCloudEventsStructuredAndBatched) {
  const std::string event = R"({"specversion":"1.0","id":"1","source":"/s","type":"a","data":{"x":1}})";
  const auto one = parse({"application/cloudevents+json", event});
  ASSERT_TRUE(one);
  EXPECT_EQ(one->drafts[0].source, "/s");
  const std::string bytes = R"({"specversion":"1.0","id":"2","source":"/s","type":"a","data_base64":"eyJ4IjoxfQ=="})";
  const auto two = parse({"application/cloudevents-batch+json", "[" + event + "," + bytes + "]"});
  ASSERT_TRUE(two);
  ASSERT_EQ(two->drafts.size(), 2u);
  EXPECT_EQ(two->drafts[1].data, value(object{{"x", 1}}));
}

TEST(PublishBody, ReadsBinaryMode) {
  const auto body = parse({"application/json",
                           R"({"x":1})",
                           {{"ce-specversion", "1.0"},
                            {"CE-Type", "a"},
                            {"ce-id", "caf%C3%A9"},
                            {"ce-source", "/s"},
                            {"ce-subject", "project:p1"}}});
  ASSERT_TRUE(body);
  const auto& draft = body->drafts[0];
  EXPECT_EQ(draft.type, "a");
  EXPECT_EQ(draft.id, "caf\xc3\xa9");
  EXPECT_EQ(draft.data, value(object{{"x", 1}}));
}

TEST(PublishBody, UnquotesAttributesInHeadersAndDecodesThemOnce) {
  const auto source = [](const std::string& content) {
    const auto body = parse({"application/json",
                             "{}",
                             {{"ce-specversion", "1.0"}, {"ce-type", "a"}, {"ce-id", "1"}, {"ce-source", content}}});
    return body ? body->drafts[0].source : "refused";
  };
  EXPECT_EQ(source("\"/quoted\""), "/quoted");
  EXPECT_EQ(source("\"/a%20\\\"b\\\\\""), "/a \"b\\");
  EXPECT_EQ(source("/a%2525"), "/a%25");
  EXPECT_EQ(source("\""), "\"");
  EXPECT_EQ(source("/open\""), "/open\"");
}

TEST(PublishBody, HasADigestOfWhatIsAskedFor) {
  const auto digest = [](const std::string& text, const std::string& id, const std::string& trace) {
    http::request request;
    request.body = text;
    request.headers.add("CE-Id", id);
    request.headers.add("traceparent", trace);
    return publish_digest(request);
  };
  EXPECT_EQ(digest("{}", "1", "a"), digest("{}", "1", "b")) << "a retry has a trace of its own";
  EXPECT_NE(digest("{}", "1", "a"), digest("{ }", "1", "a"));
  EXPECT_NE(digest("{}", "1", "a"), digest("{}", "2", "a"));
}

TEST(PublishBody, ReadsALine) {
  http::request head;
  EXPECT_FALSE(has_lines(head));
  head.headers.add("Content-Type", "Application/X-NDJSON; charset=UTF-8");
  head.headers.add("traceparent", "00-trace");
  EXPECT_TRUE(has_lines(head));
  EXPECT_TRUE(check_lines(head));
  const auto draft = parse_line(R"({"type":"a","data":{}})", head, {});
  ASSERT_TRUE(draft);
  EXPECT_EQ(draft->type, "a");
  EXPECT_EQ(draft->extensions.find("traceparent")->as_string(), "00-trace");
  EXPECT_EQ(parse_line("{", head, {}).error().code, errc::bad_request);
  EXPECT_EQ(parse_line(R"([{"type":"a","data":{}}])", head, {}).error().code, errc::bad_request) << "one a line";
  EXPECT_EQ(parse_line(R"({"type":3})", head, {}).error().pointer, "/type");
  EXPECT_EQ(parse_line("\"\xFF\"", head, {}).error().code, errc::invalid_utf8);
  head.headers.set("Content-Type", "application/x-ndjson; charset=utf-16");
  EXPECT_EQ(check_lines(head).error().code, errc::unsupported_media_type);
}

TEST(PublishBody, KeepsTheTraceOfTheRequest) {
  const auto body = parse({"application/json",
                           R"([{"type":"a","data":{}},{"type":"b","data":{},"traceparent":"own"}])",
                           {{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}});
  ASSERT_TRUE(body);
  EXPECT_THAT(body->drafts[0].extensions.find("traceparent")->as_string(), testing::StartsWith("00-4bf9"));
  EXPECT_EQ(body->drafts[1].extensions.find("traceparent")->as_string(), "own");
}

struct refused {
  sent what;
  errc code;
  std::string pointer;
};

TEST(PublishBody, NamesTheFault) {
  const std::vector<std::pair<std::string, std::string>> ce{
      {"ce-specversion", "1.0"}, {"ce-id", "1"}, {"ce-source", "/s"}, {"ce-type", "a"}};
  const auto with = [&ce](std::string name, std::string content) {
    auto all = ce;
    all.emplace_back(std::move(name), std::move(content));
    return all;
  };
  const refused table[] = {
      {{"text/plain", "{}"}, errc::unsupported_media_type, ""},
      {{"application/json; charset=latin1", "{}"}, errc::unsupported_media_type, ""},
      {{"application/json", ""}, errc::bad_request, ""},
      {{"application/json", "{"}, errc::bad_request, ""},
      {{"application/json", "3"}, errc::bad_request, ""},
      {{"application/json", "[]"}, errc::bad_request, ""},
      {{"application/json", "[3]"}, errc::bad_request, "/0"},
      {{"application/json", "{\"data\":{}}"}, errc::bad_request, "/type"},
      {{"application/json", "[{\"type\":\"a\",\"data\":{}},{\"type\":3}]"}, errc::bad_request, "/1/type"},
      {{"application/json", "[{},{},{},{}]"}, errc::payload_too_large, ""},
      {{"application/json", "{\"type\":\"a\",\"data\":{},\"rooms\":3}"}, errc::bad_request, "/rooms"},
      {{"application/cloudevents+json", "[]"}, errc::bad_request, ""},
      {{"application/cloudevents+json", "{\"type\":\"a\"}"}, errc::bad_request, "/specversion"},
      {{"application/cloudevents-batch+json", "{}"}, errc::bad_request, ""},
      {{"application/cloudevents-batch+json", "[{}]"}, errc::bad_request, "/0/specversion"},
      {{"application/json", "{", ce}, errc::bad_request, ""},
      {{"application/json", "{}", with("ce-data", "x")}, errc::bad_request, ""},
      {{"application/json", "{}", with("CE-ID", "2")}, errc::bad_request, ""},
      {{"application/json", "{}", with("ce-note", "%FF")}, errc::bad_request, ""},
      {{"application/json", std::string(200, '[') + std::string(200, ']')}, errc::too_deep, ""},
  };
  for (const auto& row : table) {
    const auto body = parse(row.what);
    ASSERT_FALSE(body) << row.what.body;
    EXPECT_EQ(body.error().code, row.code) << row.what.body << ": " << body.error().detail;
    EXPECT_EQ(body.error().pointer, row.pointer) << row.what.body;
  }
}

TEST(PublishBody, BoundsTheValuesOfABody) {
  std::string text = "[";
  for (int i = 0; i < 1000001; ++i) text += "0,";
  const auto body = parse({"application/json", text + "0]"});
  ASSERT_FALSE(body);
  EXPECT_EQ(body.error().code, errc::payload_too_large);
}

}  // namespace
}  // namespace fanfare::api
