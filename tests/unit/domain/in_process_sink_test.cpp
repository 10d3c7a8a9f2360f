#include "domain/in_process_sink.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/feed.hpp"
#include "history/memory_log.hpp"

namespace fanfare::domain {
namespace {

struct last_delivery : delivery {
  void deliver(const outgoing& event) override { envelope = event.envelope; }
  value envelope;
};

struct rig {
  catalogue types;
  history::memory_log log{"epoch1"};
  last_delivery out;
  publishing publisher{types, log};
  feed events{log, out};
  in_process_sink sink{
      publisher, {[] { return system_time{} + std::chrono::hours(24); }, [] { return steady_time{}; }}, "tests"};
};

TEST(InProcessSink, PublishesAsTheHttpSideDoes) {
  rig host;
  const auto sent = host.sink.publish("project.deleted", {{"project_id", "p1"}},
                                      {.rooms = {"global"}, .id = "e1", .source = "/x", .traceparent = "00-1-2-3"});
  ASSERT_TRUE(sent) << sent.error().detail;
  EXPECT_EQ(sent->id, "e1");
  EXPECT_EQ(sent->cursor, host.events.head_cursor());
  EXPECT_EQ(host.out.envelope.find("subject")->as_string(), "global");
  EXPECT_EQ(host.out.envelope.find("source")->as_string(), "/x");
  EXPECT_EQ(host.out.envelope.find("traceparent")->as_string(), "00-1-2-3");
  EXPECT_TRUE(host.out.envelope.find("time")->as_string().starts_with("1970-01-02T00:00:00"));
}

TEST(InProcessSink, ARepeatIsAnsweredAsBefore) {
  rig host;
  const auto first = host.sink.publish("project.deleted", {{"project_id", "p1"}}, {.id = "e1"});
  EXPECT_EQ(host.sink.publish("project.deleted", {{"project_id", "p1"}}, {.id = "e1"})->cursor, first->cursor);
  EXPECT_EQ(host.log.head(), 1U);
}

TEST(InProcessSink, GivesFaultsWithTheirPlace) {
  rig host;
  EXPECT_EQ(host.sink.publish("project.deleted", {}, {}).error().pointer, "/data/project_id");
  EXPECT_EQ(host.sink.publish("project.deleted", {{"project_id", "p1"}}, {.time = "soon"}).error().pointer, "/time");
  EXPECT_EQ(host.log.head(), 0U);
}

}  // namespace
}  // namespace fanfare::domain
