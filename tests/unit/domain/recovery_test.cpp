#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <thread>

#include "domain/publishing_rig.hpp"

// Publishing, feed and memory_log together: subscribers who leave and come back with their cursors see each event of a
// room exactly once and in order, or are told that they have not been recovered.

namespace fanfare::domain {
namespace {

using namespace std::chrono_literals;

/// A socket as socketio::socket::join(room, after) describes it: deliveries up to `after` are skipped for that room.
struct subscriber {
  std::map<std::string, std::uint64_t> after;              // joined rooms
  std::map<std::string, std::string> joined;               // public room -> joined one
  std::map<std::string, std::vector<std::uint64_t>> seen;  // public room -> positions, replayed or live
  std::map<std::string, std::uint64_t> from;               // public room -> what was published before it counted
  std::map<std::string, filter_ptr> filters;
  std::string cursor;
  bool online = false;

  void note(const std::vector<std::string>& rooms, const value& envelope, std::uint64_t position) {
    for (const auto& room : rooms) seen[room].push_back(position);
    cursor = envelope.find("cursor")->as_string();
  }
};

std::uint64_t position_of(const value& envelope) {
  const auto cursor = envelope.find("cursor")->as_string();
  return std::stoull(std::string(cursor.substr(cursor.find('-') + 1)));
}

class socket_table : public delivery {
 public:
  void deliver(const outgoing& event) override {
    for (auto& each : all) {
      if (!each.online) continue;
      std::vector<std::string> wanted;
      for (const auto& room : event.rooms) {
        const auto place = each.after.find(room);
        if (place == each.after.end() || event.sequence <= place->second) continue;
        wanted.emplace_back(public_room(room));
      }
      if (!wanted.empty()) each.note(wanted, event.envelope, event.sequence);
    }
  }
  std::vector<subscriber> all;
};

struct world {
  explicit world(unsigned seed) : random(seed) {
    sockets.all.resize(6);
    for (const auto* project : {"p0", "p1", "p2"}) rooms.push_back(std::string("project:") + project);
    rooms.emplace_back("global");
  }

  void publish() {
    draft item;
    item.type = "project.updated";
    item.data = object{{"project_id", "p" + std::to_string(random() % 3)},
                       {"changes", object{}},
                       {"n", static_cast<int>(random() % 4)}};
    if (random() % 4 == 0) item.rooms = {"global", "project:p1"};
    publish_context context;
    context.publisher = "p";
    context.now = system_time(std::chrono::seconds(1000));
    context.steady_now = steady_time(1h);
    const auto data = item.data;
    auto to = item.rooms.empty()
                  ? std::vector<std::string>{"project:" + std::string(data.find("project_id")->as_string())}
                  : item.rooms;
    both.publisher.publish({std::move(item)}, context, [&](const auto& answer) {
      ASSERT_TRUE(answer);
      const auto dash = answer->events[0].cursor.find('-');
      const auto position = std::stoull(answer->events[0].cursor.substr(dash + 1));
      for (const auto& room : to) truth[room].emplace_back(position, *data.find("n")->if_integer());
    });
  }

  void leave(subscriber& one) {
    for (const auto& [room, joined] : one.joined) events.release(joined);
    one.after.clear();
    one.joined.clear();
    one.online = false;
  }

  void come_back(subscriber& one) {
    one.online = true;
    const bool fresh = one.from.empty();
    const auto since = one.cursor;
    for (const auto& room : rooms) {
      if (fresh && random() % 3 == 0) continue;
      if (!fresh && !one.from.contains(room)) continue;
      if (fresh && random() % 2 == 0) {
        one.filters[room] = *filter::parse(object{{"lt", object{{"/data/n", 2}}}});
      }
      const auto entered = subscribe(events, {{room}, fresh ? std::nullopt : std::optional(since), one.filters[room]},
                                     [&one, &room](const auto& joined, auto after) {
                                       one.after[joined[0]] = after;
                                       one.joined[room] = joined[0];
                                       return result<void>();
                                     });
      ASSERT_TRUE(entered);
      if (!entered->recovered) {  // starts anew, knowing that it missed something
        if (!fresh) ++lost;
        one.seen[room].clear();
        one.from[room] = entered->head;
      }
      for (const auto& missed : entered->events) one.seen[room].push_back(position_of(missed.envelope));
      last_head = entered->cursor;
    }
    one.cursor = last_head;
  }

  void check(const subscriber& one) {
    for (const auto& [room, from] : one.from) {
      std::vector<std::uint64_t> expected;
      const auto filtered = one.filters.at(room) != nullptr;
      for (const auto& [position, n] : truth[room]) {
        if (position > from && (!filtered || n < 2)) expected.push_back(position);
      }
      const auto place = one.seen.find(room);
      const auto got = place == one.seen.end() ? std::vector<std::uint64_t>{} : place->second;
      ASSERT_EQ(got, expected) << room;
    }
  }

  std::mt19937 random;
  std::vector<std::string> rooms;
  std::map<std::string, std::vector<std::pair<std::uint64_t, std::int64_t>>> truth;
  catalogue types;
  history::memory_log log{"e", {.entries_max = 60}};
  socket_table sockets;
  node both{types, log, sockets};
  feed& events = both.events;
  std::string last_head = "e-0";
  int lost = 0;
};

TEST(recovery, each_event_once_and_in_order_or_told_otherwise) {
  int lost = 0;
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    world here(seed);
    for (int step = 0; step < 250; ++step) {
      auto& one = here.sockets.all[here.random() % here.sockets.all.size()];
      const auto choice = here.random() % 12;
      if (choice > 1)
        here.publish();
      else if (one.online)
        here.leave(one);
      else
        here.come_back(one);
      if (testing::Test::HasFatalFailure()) return;
    }
    for (auto& one : here.sockets.all) {
      if (!one.online) here.come_back(one);
      here.check(one);
      here.leave(one);
    }
    ASSERT_EQ(here.events.active_filters(), 0U);
    if (testing::Test::HasFatalFailure()) return;
    lost += here.lost;
  }
  EXPECT_GT(lost, 0) << "the log's bounds were reached";
}

/// One room, many threads. What a subscriber has seen live is guarded by the feed alone: deliver() and the
/// join callback never run at once.
class live_lists : public delivery {
 public:
  void deliver(const outgoing& event) override {
    for (auto& [name, list] : joined) {
      if (event.sequence > list.first) list.second.push_back(event.sequence);
    }
  }
  std::map<int, std::pair<std::uint64_t, std::vector<std::uint64_t>>> joined;
};

TEST(recovery, threads_that_come_and_go_miss_nothing) {
  const catalogue types;
  history::memory_log log("e");
  live_lists out;
  node both(types, log, out);
  feed& events = both.events;
  constexpr int publishers = 2, readers = 3, rounds = 150;
  std::vector<std::thread> threads;
  for (int n = 0; n < publishers; ++n) {
    threads.emplace_back([&both] {
      for (int i = 0; i < rounds; ++i) {
        draft item;
        item.type = "project.deleted";
        item.data = object{{"project_id", "p1"}};
        publish_context context;
        context.now = system_time(1000s);
        both.publisher.publish({std::move(item)}, context, [](const auto& answer) { ASSERT_TRUE(answer); });
      }
    });
  }
  std::vector<std::vector<std::uint64_t>> seen(readers);
  for (int n = 0; n < readers; ++n) {
    threads.emplace_back([&, n] {
      std::string cursor = "e-0";
      for (int round = 0; round < 30; ++round) {
        const bool leaves = round != 29;
        // Leaving is a join that lasts no longer than its callback; the last round stays.
        const auto entered = subscribe(events, {{"project:p1"}, cursor, nullptr}, [&](const auto&, auto after) {
          if (!leaves) out.joined[n].first = after;
          return result<void>();
        });
        ASSERT_TRUE(entered);
        ASSERT_TRUE(entered->recovered);
        for (const auto& missed : entered->events)
          seen[static_cast<std::size_t>(n)].push_back(position_of(missed.envelope));
        cursor = entered->cursor;
      }
    });
  }
  for (auto& each : threads) each.join();
  for (int n = 0; n < readers; ++n) {
    auto all = seen[static_cast<std::size_t>(n)];
    all.insert(all.end(), out.joined[n].second.begin(), out.joined[n].second.end());
    ASSERT_EQ(all.size(), static_cast<std::size_t>(publishers * rounds));
    for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], i + 1);
  }
}

}  // namespace
}  // namespace fanfare::domain
