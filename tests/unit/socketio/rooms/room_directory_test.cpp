#include "socketio/rooms/room_directory.hpp"

#include <gtest/gtest.h>

namespace fanfare::socketio {
namespace {

TEST(room_directory, knows_which_workers_have_a_room) {
  room_directory rooms;
  rooms.join("a", 2);
  rooms.join("a", 2);
  rooms.join("a", 0);
  rooms.join("b", 1);
  const auto workers = [&rooms](const char* room) {
    std::vector<char> chosen(3, 0);
    rooms.choose(room, chosen);
    return chosen;
  };
  EXPECT_EQ(workers("a"), (std::vector<char>{1, 0, 1}));
  EXPECT_EQ(workers("none"), (std::vector<char>{0, 0, 0}));
  EXPECT_EQ(rooms.size("a"), 3U);
  EXPECT_EQ(rooms.size("none"), 0U);
  rooms.leave("a", 2);
  EXPECT_EQ(workers("a"), (std::vector<char>{1, 0, 1}));
  rooms.leave("a", 2);
  EXPECT_EQ(workers("a"), (std::vector<char>{1, 0, 0}));
  EXPECT_EQ(rooms.list().size(), 2U);
  rooms.leave("a", 1);  // was not there
  rooms.leave("none", 1);
  rooms.leave("a", 0);
  ASSERT_EQ(rooms.list().size(), 1U);
  EXPECT_EQ(rooms.list().front(), (std::pair<std::string, std::size_t>{"b", 1}));
}

TEST(room_directory, tells_when_rooms_begin_and_end) {
  room_directory rooms;
  std::vector<std::string> seen;
  rooms.watch([&](const std::string& room, bool exists) { seen.push_back((exists ? "+" : "-") + room); });
  rooms.join("a", 0);
  rooms.join("a", 1);
  rooms.leave("a", 0);
  rooms.leave("a", 1);
  rooms.join("a", 1);
  EXPECT_EQ(seen, (std::vector<std::string>{"+a", "-a", "+a"}));
}

}  // namespace
}  // namespace fanfare::socketio
