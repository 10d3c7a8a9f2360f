#include "domain/filter.hpp"

#include <gtest/gtest.h>

#include <fanfare/base/json.hpp>

namespace fanfare::domain {
namespace {

result<filter_ptr> parsed(const std::string& text, const filter_limits& limits = {}) {
  return filter::parse(*json::parse(text, {.depth_max = 200}), limits);
}

const value envelope = *json::parse(R"({"specversion":"1.0","id":"e1","type":"workflow.failed","source":"/ci",
    "subject":"project:p1","time":"2026-01-02T03:04:05Z","data":{"status":"failed","n":5,"a/b":{"~":true},
    "list":[{"x":1}],"none":null}})");

bool matches(const std::string& text) {
  const auto only = parsed(text);
  EXPECT_TRUE(only) << text << ": " << (only ? "" : only.error().detail);
  return only && (*only)->matches(envelope);
}
std::string fault_at(const std::string& text) {
  const auto only = parsed(text);
  if (only) return "accepted";
  EXPECT_EQ(only.error().code, errc::bad_request) << text;
  EXPECT_FALSE(only.error().detail.empty());
  return only.error().pointer;
}

TEST(filter, attributes) {
  EXPECT_TRUE(matches(R"({"exact":{"type":"workflow.failed"}})"));
  EXPECT_FALSE(matches(R"({"exact":{"type":"workflow.Failed"}})"));
  EXPECT_TRUE(matches(R"({"prefix":{"type":"workflow."}})"));
  EXPECT_FALSE(matches(R"({"prefix":{"type":"pr."}})"));
  EXPECT_TRUE(matches(R"({"suffix":{"type":".failed"}})"));
  EXPECT_FALSE(matches(R"({"suffix":{"missing":"x"}})"));
  EXPECT_TRUE(matches(R"({"exact":{"type":"workflow.failed","source":"/ci"}})"));
  EXPECT_FALSE(matches(R"({"exact":{"type":"workflow.failed","source":"/other"}})")) << "all of them";
}

TEST(filter, json_pointers) {
  EXPECT_TRUE(matches(R"({"exact":{"/data/status":"failed"}})"));
  EXPECT_TRUE(matches(R"({"exact":{"/data/n":5}})"));
  EXPECT_TRUE(matches(R"({"exact":{"/data/n":5.0}})"));
  EXPECT_FALSE(matches(R"({"exact":{"/data/n":"5"}})"));
  EXPECT_TRUE(matches(R"({"exact":{"/data/a~1b/~0":true}})"));
  EXPECT_TRUE(matches(R"({"exact":{"/data/list/0/x":1}})"));
  EXPECT_TRUE(matches(R"({"exact":{"/data/none":null}})"));
  EXPECT_FALSE(matches(R"({"exact":{"/data/absent":null}})"));
  EXPECT_FALSE(matches(R"({"prefix":{"/data/n":"5"}})"));
  EXPECT_TRUE(matches(R"({"in":{"/data/status":["cancelled","failed",null]}})"));
  EXPECT_FALSE(matches(R"({"in":{"/data/status":["cancelled"]}})"));
}

TEST(filter, numbers) {
  EXPECT_TRUE(matches(R"({"lt":{"/data/n":5.5}})"));
  EXPECT_FALSE(matches(R"({"lt":{"/data/n":5}})"));
  EXPECT_TRUE(matches(R"({"lte":{"/data/n":5}})"));
  EXPECT_TRUE(matches(R"({"gt":{"/data/n":4}})"));
  EXPECT_FALSE(matches(R"({"gt":{"/data/n":5}})"));
  EXPECT_TRUE(matches(R"({"gte":{"/data/n":5}})"));
  EXPECT_FALSE(matches(R"({"gte":{"/data/status":0}})")) << "a text is no number";
}

TEST(filter, combinations) {
  EXPECT_TRUE(matches(R"({"all":[{"prefix":{"type":"workflow."}},{"gt":{"/data/n":1}}]})"));
  EXPECT_FALSE(matches(R"({"all":[{"prefix":{"type":"workflow."}},{"gt":{"/data/n":9}}]})"));
  EXPECT_TRUE(matches(R"({"any":[{"exact":{"type":"x"}},{"gt":{"/data/n":1}}]})"));
  EXPECT_FALSE(matches(R"({"any":[{"exact":{"type":"x"}},{"exact":{"type":"y"}}]})"));
  EXPECT_TRUE(matches(R"({"not":{"exact":{"type":"x"}}})"));
  EXPECT_FALSE(matches(R"([{"exact":{"source":"/ci"}},{"not":{"exact":{"source":"/ci"}}}])"));
  EXPECT_TRUE(matches(R"([{"exact":{"source":"/ci"}}])"));
}

TEST(filter, faults_name_their_place) {
  EXPECT_EQ(fault_at("7"), "");
  EXPECT_EQ(fault_at("[]"), "");
  EXPECT_EQ(fault_at("{}"), "");
  EXPECT_EQ(fault_at(R"({"exact":{"type":"x"},"prefix":{"type":"y"}})"), "");
  EXPECT_EQ(fault_at(R"({"sql":"type = 'x'"})"), "/sql");
  EXPECT_EQ(fault_at(R"({"exact":[]})"), "/exact");
  EXPECT_EQ(fault_at(R"({"exact":{}})"), "/exact");
  EXPECT_EQ(fault_at(R"({"exact":{"Type":"x"}})"), "/exact/Type");
  EXPECT_EQ(fault_at(R"({"exact":{"":"x"}})"), "/exact/");
  EXPECT_EQ(fault_at(R"({"exact":{"/data/~2":"x"}})"), "/exact/~1data~1~02");
  EXPECT_EQ(fault_at(R"({"exact":{"/data/~":"x"}})"), "/exact/~1data~1~0");
  EXPECT_EQ(fault_at(R"({"exact":{"type":{}}})"), "/exact/type");
  EXPECT_EQ(fault_at(R"({"prefix":{"type":""}})"), "/prefix/type");
  EXPECT_EQ(fault_at(R"({"suffix":{"type":1}})"), "/suffix/type");
  EXPECT_EQ(fault_at(R"({"in":{"type":"x"}})"), "/in/type");
  EXPECT_EQ(fault_at(R"({"in":{"type":[]}})"), "/in/type");
  EXPECT_EQ(fault_at(R"({"in":{"type":[[]]}})"), "/in/type");
  EXPECT_EQ(fault_at(R"({"lt":{"/data/n":"5"}})"), "/lt/~1data~1n");
  EXPECT_EQ(fault_at(R"({"lt":{"/data/n":1e400}})"), "/lt/~1data~1n");
  EXPECT_EQ(fault_at(R"({"all":{}})"), "/all");
  EXPECT_EQ(fault_at(R"({"any":[{"exact":{"type":"x"}},7]})"), "/any/1");
  EXPECT_EQ(fault_at(R"({"not":[{"exact":{"type":"x"}}]})"), "/not");
  EXPECT_EQ(fault_at(R"([{"exact":{"type":"x"}},{"what":1}])"), "/1/what");
}

TEST(filter, is_bounded) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += R"({"not":)";
  deep += R"({"exact":{"type":"x"}})" + std::string(100, '}');
  EXPECT_EQ(parsed(deep).error().code, errc::too_deep);
  EXPECT_EQ(parsed(R"({"in":{"type":["a","b","c"]}})", {.terms_max = 2}).error().code, errc::over_limit);
  EXPECT_EQ(parsed(R"({"any":[{"exact":{"type":"a"}},{"exact":{"type":"b"}}]})", {.terms_max = 1}).error().code,
            errc::over_limit);
  EXPECT_EQ(parsed(R"({"exact":{"type":")" + std::string(5000, 'x') + "\"}}").error().code, errc::over_limit);
}

TEST(filter, the_same_meaning_is_the_same_filter) {
  const auto one = *parsed(R"({"exact":{"type":"x","source":"/s"}})");
  const auto two = *parsed(R"({ "exact" : { "source" : "/s", "type" : "x" } })");
  const auto three = *parsed(R"([{"exact":{"source":"/s"}},{"exact":{"type":"x"}}])");
  EXPECT_EQ(one->canonical(), R"({"all":[{"exact":{"source":"/s"}},{"exact":{"type":"x"}}]})");
  EXPECT_EQ(two->hash(), one->hash());
  EXPECT_EQ(three->hash(), one->hash());
  EXPECT_EQ(one->hash().size(), 22U);
  EXPECT_EQ((*parsed(R"([{"exact":{"type":"x"}},{"exact":{"source":"/s"}}])"))->hash(), one->hash());
  EXPECT_EQ((*parsed(R"({"any":[{"lt":{"/a":1}},{"not":{"all":[{"gt":{"/b":1}},{"gt":{"/a":1}}]}}]})"))->hash(),
            (*parsed(R"({"any":[{"not":{"all":[{"gt":{"/a":1}},{"gt":{"/b":1}}]}},{"lt":{"/a":1}}]})"))->hash());
  EXPECT_NE((*parsed(R"({"exact":{"type":"y"}})"))->hash(), one->hash());
  EXPECT_EQ((*parsed(R"({"all":[{"not":{"in":{"type":["a",1,null]}}}]})"))->canonical(),
            R"({"not":{"in":{"type":["a",1,null]}}})");
}

TEST(filter, its_canonical_text_reads_back_as_itself) {
  for (const auto* text : {R"({"any":[{"lt":{"/a":1}},{"lte":{"/a":1.5}},{"gt":{"/a":2}},{"gte":{"/a":-3}}]})",
                           R"({"all":[{"prefix":{"type":"a"}},{"suffix":{"id":"\"\\"}}]})"}) {
    const auto only = *parsed(text);
    EXPECT_EQ((*parsed(only->canonical()))->canonical(), only->canonical());
  }
}

}  // namespace
}  // namespace fanfare::domain
