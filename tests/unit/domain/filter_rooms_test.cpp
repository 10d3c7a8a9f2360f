#include "domain/filter_rooms.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fanfare::domain {
namespace {

using testing::ElementsAre;

filter_ptr type_is(const char* name) { return *filter::parse(object{{"exact", object{{"type", name}}}}); }

TEST(filter_rooms, equal_filters_share_a_room) {
  filter_rooms rooms(10);
  const auto first = *rooms.acquire("project:p1", type_is("a"));
  EXPECT_EQ(*rooms.acquire("project:p1", type_is("a")), first);
  EXPECT_NE(*rooms.acquire("project:p1", type_is("b")), first);
  EXPECT_NE(*rooms.acquire("project:p2", type_is("a")), first);
  EXPECT_EQ(rooms.size(), 3U);
  EXPECT_EQ(first.substr(0, first.find(filter_mark)), "project:p1");
}

TEST(filter_rooms, an_event_goes_to_the_rooms_whose_filter_it_passes) {
  filter_rooms rooms(10);
  const auto a = *rooms.acquire("project:p1", type_is("a"));
  (void)*rooms.acquire("project:p1", type_is("b"));
  (void)*rooms.acquire("project:p2", type_is("a"));
  std::vector<std::string> to{"project:p1", "global"};
  rooms.add_matching(to, object{{"type", "a"}});
  EXPECT_THAT(to, ElementsAre("project:p1", "global", a));
}

TEST(filter_rooms, a_filter_of_several_rooms_is_evaluated_once_an_event) {
  filter_rooms rooms(10);
  for (const auto* room : {"project:p1", "project:p2", "global", "user:u1"}) {
    for (int client = 0; client < 5; ++client) (void)*rooms.acquire(room, type_is("a"));
  }
  (void)*rooms.acquire("global", type_is("b"));
  std::vector<std::string> to{"project:p1", "global", "project:p2", "agent:x"};
  EXPECT_EQ(rooms.add_matching(to, object{{"type", "a"}}), 2U);
  const auto internal = [](std::string room) { return room + filter_mark + type_is("a")->hash(); };
  EXPECT_THAT(to, ElementsAre("project:p1", "global", "project:p2", "agent:x", internal("project:p1"),
                              internal("global"), internal("project:p2")));
  to = {"agent:x"};
  EXPECT_EQ(rooms.add_matching(to, object{{"type", "a"}}), 0U) << "no filter of that room";
}

TEST(filter_rooms, the_last_user_takes_the_filter_along) {
  filter_rooms rooms(10);
  const auto room = *rooms.acquire("project:p1", type_is("a"));
  (void)*rooms.acquire("project:p1", type_is("a"));
  rooms.release(room);
  EXPECT_EQ(rooms.size(), 1U);
  rooms.release(room);
  EXPECT_EQ(rooms.size(), 0U);
  rooms.release(room);
  rooms.release("project:p1");
  rooms.release(std::string("project:p9") + filter_mark + "x");
  std::vector<std::string> to{"project:p1"};
  rooms.add_matching(to, object{{"type", "a"}});
  EXPECT_THAT(to, ElementsAre("project:p1"));
}

TEST(filter_rooms, distinct_filters_are_bounded) {
  filter_rooms rooms(2);
  (void)*rooms.acquire("project:p1", type_is("a"));
  (void)*rooms.acquire("project:p1", type_is("b"));
  EXPECT_EQ(rooms.acquire("project:p1", type_is("c")).error().code, errc::over_limit);
  EXPECT_EQ(rooms.acquire("project:p2", type_is("a")).error().code, errc::over_limit);
  EXPECT_TRUE(rooms.acquire("project:p1", type_is("a"))) << "one more user of a filter in use";
}

}  // namespace
}  // namespace fanfare::domain
