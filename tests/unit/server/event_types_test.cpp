#include "server/event_types.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "server/served.hpp"

namespace fanfare::test {
namespace {

using testing::HasSubstr;

TEST(EventTypes, AreTheBuiltInAndTheDeploymentsOwn) {
  const auto path = testing::TempDir() + "fanfare_service_test.json";
  std::ofstream(path) << R"({"x-fanfare-type":"task.done","type":"object","required":["project_id"],
    "properties":{"project_id":{"type":"string"}},"x-fanfare-rooms":["project:{project_id}"]})";
  auto settings = test_settings({{"events.schemas", path}});
  EXPECT_NE(server::load_catalogue(settings).find("task.done"), nullptr);
  std::ofstream(path) << R"({"x-fanfare-type":"task.done","mystery":1})";
  EXPECT_THAT(fault_of([&] { static_cast<void>(server::load_catalogue(settings)); }), HasSubstr(path));
  std::remove(path.c_str());
  EXPECT_THAT(fault_of([&] { static_cast<void>(server::load_catalogue(settings)); }), HasSubstr("cannot be read"));
}

TEST(EventTypes, AreKeptAsTheRulesSay) {
  const auto types = server::load_catalogue(test_settings({}));
  const auto rules = server::load_retention(test_settings({{"history.rules", "ai.* 7d,pr.* keep"}}), types);
  history::entry item;
  item.type = "pr.created";
  rules.apply(item);
  EXPECT_EQ(item.expires_ms, history::never);
  const auto faults = fault_of([&] {
    (void)server::load_retention(test_settings({{"history.rules", "ai 7d,pr.* latest"}}), types);
  });
  EXPECT_THAT(faults, HasSubstr("test: history.rules: \"ai 7d\" names no event type that there is"));
  EXPECT_THAT(faults, HasSubstr("history.rules: \"pr.* latest\" has latest, but pr.created has no conflation key"));
}

}  // namespace
}  // namespace fanfare::test
