#include "domain/envelope.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include <fanfare/base/json.hpp>

namespace fanfare::domain {
namespace {

using testing::ElementsAre;

result<draft> read(const std::string& text, const envelope_limits& limits = {}) {
  return parse_draft(*json::parse(text), limits);
}
std::string fault_at(const std::string& text) {
  const auto out = read(text);
  if (out) return "accepted";
  EXPECT_EQ(out.error().code, errc::bad_request) << text;
  return out.error().pointer;
}
std::string cloud(const std::string& more) {
  return R"({"specversion":"1.0","id":"i","source":"/s","type":"t","data":{})" + more + "}";
}

TEST(parse_draft, reads_the_short_form) {
  const auto out = read(R"({"type":"project.updated","data":{"project_id":"p1"}})");
  ASSERT_TRUE(out);
  EXPECT_EQ(out->type, "project.updated");
  EXPECT_EQ(json::write(out->data), R"({"project_id":"p1"})");
  EXPECT_TRUE(out->rooms.empty());
  EXPECT_TRUE(out->id.empty());
}

TEST(parse_draft, reads_all_of_the_short_form) {
  const auto out = read(R"({"type":"t","data":{},"rooms":["project:p1","global","project:p1"],"id":"e1","source":"/ci",
      "time":"2026-01-02T05:04:05+02:00","traceparent":"00-ab","tracestate":null,"cursor":"e-1"})");
  ASSERT_TRUE(out);
  EXPECT_THAT(out->rooms, ElementsAre("project:p1", "global"));
  EXPECT_EQ(out->id, "e1");
  EXPECT_EQ(out->source, "/ci");
  EXPECT_EQ(out->time, "2026-01-02T03:04:05.000Z") << "in UTC";
  EXPECT_EQ(json::write(out->extensions), R"({"traceparent":"00-ab"})");
}

TEST(parse_draft, keeps_the_producers_fraction_of_a_second) {
  const auto time = [](const std::string& text) {
    return read(R"({"type":"t","data":{},"time":")" + text + "\"}")->time;
  };
  EXPECT_EQ(time("2026-01-01T00:00:00.123456789Z"), "2026-01-01T00:00:00.123456789Z");
  EXPECT_EQ(time("2026-01-01T02:00:00.1234+02:00"), "2026-01-01T00:00:00.1234Z");
  EXPECT_EQ(time("2026-01-01T00:00:00.1234567891Z"), "2026-01-01T00:00:00.123456789Z") << "up to nanoseconds";
  EXPECT_EQ(time("2026-01-01T00:00:00.5Z"), "2026-01-01T00:00:00.500Z");
}

TEST(parse_draft, takes_json_that_came_as_bytes) {
  const auto bytes = [](const std::string& more) {
    return R"({"specversion":"1.0","id":"i","source":"/s","type":"t")" + more + "}";
  };
  EXPECT_EQ(json::write(read(bytes(R"(,"data_base64":"eyJ4IjoxfQ==")"))->data), R"({"x":1})");
  EXPECT_TRUE(read(bytes(R"(,"data_base64":"e30=","datacontenttype":"application/json")")));
  EXPECT_EQ(fault_at(bytes(R"(,"data_base64":"e30=","datacontenttype":"text/plain")")), "/datacontenttype");
  EXPECT_EQ(fault_at(bytes(R"(,"data_base64":"e30=","data":{})")), "/data_base64");
  EXPECT_EQ(fault_at(bytes(R"(,"data_base64":"e30")")), "/data_base64");
  EXPECT_EQ(fault_at(bytes(R"(,"data_base64":7)")), "/data_base64");
  EXPECT_EQ(fault_at(bytes(R"(,"data_base64":"W10=")")), "/data_base64") << "JSON, but no object";
}

TEST(parse_draft, faults_name_their_place) {
  EXPECT_EQ(fault_at("[]"), "");
  EXPECT_EQ(fault_at("{}"), "/type");
  EXPECT_EQ(fault_at(R"({"type":7,"data":{}})"), "/type");
  EXPECT_EQ(fault_at(R"({"type":"","data":{}})"), "/type");
  EXPECT_EQ(fault_at(R"({"type":"t"})"), "/data");
  EXPECT_EQ(fault_at(R"({"type":"t","data":[]})"), "/data");
  EXPECT_EQ(fault_at(R"({"type":"t","data":"{}"})"), "/data");
  EXPECT_EQ(fault_at(R"({"type":"t","data":{},"rooms":"global"})"), "/rooms");
  EXPECT_EQ(fault_at(R"({"type":"t","data":{},"rooms":[]})"), "/rooms");
  EXPECT_EQ(fault_at(R"({"type":"t","data":{},"rooms":["global","no room"]})"), "/rooms/1");
  EXPECT_EQ(fault_at(R"({"type":"t","data":{},"rooms":[7]})"), "/rooms/0");
  EXPECT_EQ(fault_at(R"({"type":"t","data":{},"id":""})"), "/id");
  EXPECT_EQ(fault_at(R"({"type":"t","data":{},"id":"a\nb"})"), "/id");
  EXPECT_EQ(fault_at(R"({"type":"t","data":{},"id":")" + std::string(257, 'x') + "\"}"), "/id");
  EXPECT_EQ(fault_at(R"({"type":"t","data":{},"source":7})"), "/source");
  EXPECT_EQ(fault_at(R"({"type":"t","data":{},"time":"noon"})"), "/time");
  EXPECT_EQ(fault_at(R"({"type":"t","data":{},"time":7})"), "/time");
  EXPECT_EQ(fault_at(R"({"type":"t","data":{},"room":"global"})"), "/room") << "a slip, not an extension";
}

TEST(parse_draft, reads_a_cloud_event) {
  const auto out = read(cloud(R"(,"datacontenttype":"application/json; charset=utf-8","traceparent":"00-1",
      "priority":3,"urgent":true,"empty":null,"subject":"project:p1")"));
  ASSERT_TRUE(out) << out.error().pointer;
  EXPECT_THAT(out->rooms, ElementsAre("project:p1"));
  EXPECT_EQ(json::write(out->extensions), R"({"traceparent":"00-1","priority":3,"urgent":true})");
  EXPECT_TRUE(read(cloud(R"(,"subject":"anything else")"))->rooms.empty());
  EXPECT_THAT(read(cloud(R"(,"subject":"project:p1","rooms":["global"])"))->rooms, ElementsAre("global"));
  EXPECT_TRUE(read(cloud(R"(,"datacontenttype":"application/vnd.x+json")")));
}

TEST(parse_draft, refuses_what_is_no_cloud_event) {
  EXPECT_EQ(fault_at(R"({"specversion":"0.3","id":"i","source":"/s","type":"t","data":{}})"), "/specversion");
  EXPECT_EQ(fault_at(R"({"specversion":1.0,"id":"i","source":"/s","type":"t","data":{}})"), "/specversion");
  EXPECT_EQ(fault_at(R"({"specversion":"1.0","source":"/s","type":"t","data":{}})"), "/id");
  EXPECT_EQ(fault_at(R"({"specversion":"1.0","id":"i","type":"t","data":{}})"), "/source");
  EXPECT_EQ(fault_at(cloud(R"(,"Upper":"x")")), "/Upper");
  EXPECT_EQ(fault_at(cloud(R"(,"with_underscore":"x")")), "/with_underscore");
  EXPECT_EQ(fault_at(cloud(R"(,"abcdefghijklmnopqrstu":"x")")), "/abcdefghijklmnopqrstu");
  EXPECT_EQ(fault_at(cloud(R"(,"":"x")")), "/");
  EXPECT_EQ(fault_at(cloud(R"(,"list":[])")), "/list");
  EXPECT_EQ(fault_at(cloud(R"(,"real":1.5)")), "/real");
  EXPECT_EQ(fault_at(cloud(R"(,"large":2147483648)")), "/large");
  EXPECT_EQ(fault_at(cloud(R"(,"control":"a\u0007")")), "/control");
  EXPECT_EQ(fault_at(cloud(",\"long\":\"" + std::string(1025, 'x') + "\"")), "/long");
  EXPECT_EQ(fault_at(cloud(R"(,"datacontenttype":"text/xml")")), "/datacontenttype");
  EXPECT_EQ(fault_at(cloud(R"(,"datacontenttype":7)")), "/datacontenttype");
  EXPECT_EQ(fault_at(R"({"specversion":"1.0","id":"i","source":"/s","type":"t","data_base64":"AAAA"})"),
            "/data_base64");
}

TEST(parse_draft, counts_are_bounded) {
  EXPECT_EQ(read(cloud(R"(,"a":1,"b":2,"c":3)"), {.extensions_max = 2}).error().code, errc::over_limit);
  EXPECT_EQ(read(R"({"type":"t","data":{},"rooms":["a:1","a:2"]})", {.rooms_max = 1}).error().code, errc::over_limit);
}

TEST(envelope, has_its_attributes_in_order) {
  draft event{"t", object{{"a", 1}}, {"project:p1", "global"}, "i", "/s", "2026-01-02T03:04:05.000Z", {}};
  event.extensions.set("traceparent", "00-1");
  auto envelope = build_envelope(event);
  set_cursor(envelope, "e-1");
  EXPECT_EQ(json::write(envelope),
            R"({"specversion":"1.0","id":"i","type":"t","source":"/s","subject":"project:p1",)"
            R"("time":"2026-01-02T03:04:05.000Z","traceparent":"00-1","data":{"a":1},"cursor":"e-1"})");
  value none;
  set_cursor(none, "e-1");
  EXPECT_TRUE(none.is_null());
}

TEST(envelope, of_the_server_itself) {
  EXPECT_EQ(json::write(build_envelope("pong", object{}, "i", "/fanfare", "user:u1", 1, "e-0")),
            R"({"specversion":"1.0","id":"i","type":"pong","source":"/fanfare","subject":"user:u1",)"
            R"("time":"1970-01-01T00:00:00.001Z","data":{},"cursor":"e-0"})");
}

TEST(make_event_id, is_a_ulid) {
  EXPECT_EQ(make_event_id(0, real_world()).substr(0, 10), "0000000000");
  EXPECT_EQ(make_event_id(281474976710655, real_world()).substr(0, 10), "7ZZZZZZZZZ");
  EXPECT_EQ(make_event_id(1469918176385, real_world()).substr(0, 10), "01ARYZ6S41") << "the specification's example";
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(make_event_id(5, real_world()));
  EXPECT_EQ(ids.size(), 1000U);
  EXPECT_EQ(ids.begin()->size(), 26U);
  EXPECT_EQ(ids.begin()->find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ"), std::string::npos);
  EXPECT_LT(make_event_id(5, real_world()), make_event_id(6, real_world()));
}

}  // namespace
}  // namespace fanfare::domain
