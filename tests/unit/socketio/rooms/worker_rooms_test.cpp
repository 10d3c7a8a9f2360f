#include "socketio/rooms/worker_rooms.hpp"

#include <gtest/gtest.h>

#include "socketio/rig.hpp"

namespace fanfare::socketio {
namespace {

/// Five sockets of a server, seated here a second time.
struct rooms_test : testing::Test {
  void SetUp() override {
    io.watch();
    for (int i = 0; i < 5; ++i) io.join();
    for (const auto& socket : io.joined) members.push_back(&rooms.add(std::static_pointer_cast<socket_impl>(socket)));
  }
  /// Indexes of the sockets chosen.
  std::vector<int> chosen(const broadcast_options& options) {
    std::vector<int> found;
    rooms.visit(options, [&](const socket_impl& socket) {
      for (int i = 0; i < 5; ++i) {
        if (io.joined[static_cast<std::size_t>(i)].get() == &socket) found.push_back(i);
      }
    });
    return found;
  }
  using list = std::vector<int>;

  test::rig io;
  room_directory directory;
  worker_rooms rooms{directory, 0};
  std::vector<worker_rooms::member*> members;
};

TEST_F(rooms_test, chooses_by_rooms) {
  for (const int i : {0, 2, 4}) rooms.join(*members[static_cast<std::size_t>(i)], "even", 0);
  for (const int i : {3, 4}) rooms.join(*members[static_cast<std::size_t>(i)], "high", 0);
  EXPECT_EQ(chosen({}), (list{0, 1, 2, 3, 4}));
  EXPECT_EQ(chosen({.rooms = {"even"}}), (list{0, 2, 4}));
  EXPECT_EQ(chosen({.rooms = {"even", "high", "none", "even"}}), (list{0, 2, 4, 3}));
  EXPECT_EQ(chosen({.rooms = {"even"}, .except = {"high", "none"}}), (list{0, 2}));
  EXPECT_EQ(chosen({.except = {"even"}}), (list{1, 3}));
}

TEST_F(rooms_test, seats_move_up_when_one_leaves) {
  for (auto* member : members) rooms.join(*member, "a", 0);
  for (auto* member : members) rooms.join(*member, "b", 0);
  rooms.leave(*members[0], "a");
  EXPECT_EQ(chosen({.rooms = {"a"}}), (list{4, 1, 2, 3}));
  rooms.leave(*members[4], "a");
  EXPECT_EQ(chosen({.rooms = {"a"}}), (list{3, 1, 2}));
  rooms.remove(*members[1]);
  EXPECT_EQ(rooms.size(), 4U);
  EXPECT_EQ(chosen({.rooms = {"a"}}), (list{3, 2}));
  EXPECT_EQ(chosen({.rooms = {"b"}}).size(), 4U);
  rooms.leave(*members[2], "never");
  rooms.leave(*members[2], "a");
  rooms.leave(*members[3], "a");
  EXPECT_TRUE(chosen({.rooms = {"a"}}).empty());
  EXPECT_EQ(directory.size("a"), 0U);
  EXPECT_EQ(directory.size("b"), 4U);
}

TEST_F(rooms_test, a_later_join_only_raises_what_was_replayed) {
  rooms.join(*members[0], "a", 5);
  EXPECT_EQ(chosen({.rooms = {"a"}, .sequence = 5}), list{});
  EXPECT_EQ(chosen({.rooms = {"a"}, .sequence = 6}), list{0});
  rooms.join(*members[0], "a", 9);
  rooms.join(*members[0], "a", 0);
  EXPECT_EQ(chosen({.rooms = {"a"}, .sequence = 9}), list{});
  EXPECT_EQ(directory.size("a"), 1U);
}

TEST_F(rooms_test, who_goes_during_a_visit_is_not_visited) {
  int visited = 0;
  const auto reached = rooms.visit({}, [&](const socket_impl&) {
    ++visited;
    if (visited != 1) return;
    rooms.remove(*members[1]);
    rooms.visit({}, [](const socket_impl&) {});  // one inside the other
    rooms.remove(*members[0]);
    rooms.join(*members[2], "late", 0);
  });
  EXPECT_EQ(visited, 4);
  EXPECT_EQ(reached, 4U);
  EXPECT_EQ(rooms.size(), 3U);
  rooms.clear();
  EXPECT_EQ(rooms.size(), 0U);
  EXPECT_TRUE(directory.list().empty());
}

}  // namespace
}  // namespace fanfare::socketio
