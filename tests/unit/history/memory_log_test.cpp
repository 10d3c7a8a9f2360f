#include "history/memory_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <stdexcept>
#include <thread>

#include "history/entries.hpp"

namespace fanfare::history {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using test::event;
using test::positions;

std::vector<std::uint64_t> append(log& into, std::vector<entry> batch) {
  std::vector<std::uint64_t> out;
  into.append(std::move(batch), {}, [&out](result<placed> came) { out = came->positions; });
  return out;
}

result<page> page_of(const log& from, range wanted) {
  result<page> out = errc::internal;
  from.read(std::move(wanted), [&out](result<page> came) { out = std::move(came); });
  return out;
}

constexpr std::uint64_t everything = ~std::uint64_t{0};

TEST(memory_log, numbers_entries_from_one) {
  memory_log log("e");
  EXPECT_EQ(log.head(), 0U);
  EXPECT_EQ(log.oldest(), 0U);
  EXPECT_THAT(append(log, {event({"a"}), event({"b"})}), ElementsAre(1, 2));
  EXPECT_THAT(append(log, {event({"a"})}), ElementsAre(3));
  EXPECT_EQ(log.head(), 3U);
  EXPECT_EQ(log.oldest(), 1U);
  EXPECT_EQ(log.epoch(), "e");
}

TEST(memory_log, refuses_an_epoch_that_no_cursor_can_carry) {
  EXPECT_THROW(memory_log("a-b"), std::invalid_argument);
  EXPECT_THROW(memory_log(""), std::invalid_argument);
  EXPECT_THROW(memory_log(std::string(33, 'a')), std::invalid_argument);
}

TEST(memory_log, reads_one_room_in_order) {
  memory_log log("e");
  append(log, {event({"a"}), event({"b"}), event({"a", "b"}), event({"a"})});
  EXPECT_THAT(positions(*page_of(log, {{"a"}, 0, everything, 0, false, 10})), ElementsAre(1, 3, 4));
  EXPECT_THAT(positions(*page_of(log, {{"a"}, 1, everything, 0, false, 10})), ElementsAre(3, 4));
  EXPECT_THAT(positions(*page_of(log, {{"a"}, 0, 3, 0, false, 10})), ElementsAre(1, 3));
  EXPECT_THAT(positions(*page_of(log, {{"none"}, 0, everything, 0, false, 10})), IsEmpty());
}

TEST(memory_log, merges_rooms_without_repeats) {
  memory_log log("e");
  append(log, {event({"a"}), event({"b"}), event({"a", "b"}), event({"c"})});
  EXPECT_THAT(positions(*page_of(log, {{"a", "b"}, 0, everything, 0, false, 10})), ElementsAre(1, 2, 3));
  const auto page = *page_of(log, {{"a", "b"}, 0, everything, 0, false, 2});
  EXPECT_THAT(positions(page), ElementsAre(1, 2));
  EXPECT_TRUE(page.more);
  EXPECT_FALSE(page_of(log, {{"a", "b"}, 0, everything, 0, false, 3})->more);
}

TEST(memory_log, a_room_named_twice_holds_an_entry_once) {
  memory_log log("e");
  append(log, {event({"a", "a"})});
  EXPECT_THAT(positions(*page_of(log, {{"a", "a"}, 0, everything, 0, false, 10})), ElementsAre(1));
}

TEST(memory_log, does_not_keep_what_is_only_for_the_observer) {
  memory_log log("e");
  append(log, {event({"a"})});
  const auto read = page_of(log, {{"a"}, 0, everything, 0, false, 1})->entries.at(0);
  EXPECT_EQ(read.envelope, nullptr);
  EXPECT_EQ(read.json.size(), 10U);
}

TEST(memory_log, shows_each_entry_to_the_observer_before_it_answers) {
  memory_log log("e");
  std::vector<std::string> seen;
  log.observe([&](const entry& item) {
    seen.push_back(std::to_string(item.position) + item.conflate_key + std::string(item.envelope->as_string()));
    EXPECT_TRUE(page_of(log, {{"a"}, 0, everything, 0, false, 10})) << "the observer may read";
  });
  log.append({event({"a"}), event({"a"})}, {}, [&](const auto& answer) {
    EXPECT_TRUE(answer);
    seen.emplace_back("done");
  });
  EXPECT_THAT(seen, ElementsAre("1clive", "2clive", "done"));
}

TEST(memory_log, passes_what_is_not_kept_with_the_head) {
  memory_log log("e");
  std::vector<std::uint64_t> seen;
  log.observe([&](const entry& item) { seen.push_back(item.position); });
  auto passing = event({"a"});
  passing.kept = false;
  EXPECT_THAT(append(log, {passing, event({"a"}), passing}), ElementsAre(0, 1, 1));
  EXPECT_THAT(seen, ElementsAre(0, 1, 1));
  EXPECT_THAT(positions(*page_of(log, {{"a"}, 0, everything, 0, false, 10})), ElementsAre(1));
}

TEST(memory_log, may_be_appended_to_from_an_answer) {
  memory_log log("e");
  std::vector<std::uint64_t> again;
  log.append({event({"a"})}, {}, [&](const auto&) { again = append(log, {event({"a"})}); });
  EXPECT_THAT(again, ElementsAre(2));
}

TEST(memory_log, drops_the_oldest_past_its_entries) {
  memory_log log("e", {.entries_max = 3});
  for (int i = 0; i < 5; ++i) append(log, {event({"a"})});
  EXPECT_EQ(log.oldest(), 3U);
  EXPECT_EQ(log.head(), 5U);
  EXPECT_EQ(log.used().entries, 3U);
  EXPECT_EQ(log.used().trimmed, 2U);
  EXPECT_FALSE(page_of(log, {{"a"}, 1, everything, 0, false, 10})->complete);
  EXPECT_TRUE(page_of(log, {{"a"}, 2, everything, 0, false, 10})->complete);
}

TEST(memory_log, drops_the_oldest_past_its_bytes_and_frees_them) {
  memory_log log("e", {.bytes_max = 10000});
  for (int i = 0; i < 100; ++i) append(log, {event({"room" + std::to_string(i)}, 0, 1000)});
  EXPECT_LE(log.used().bytes, 10000U);
  EXPECT_GE(log.used().entries, 5U);
  EXPECT_EQ(log.used().rooms, log.used().entries) << "emptied rooms are forgotten";
}

TEST(memory_log, drops_what_is_too_old) {
  memory_log log("e", {.age_max = std::chrono::milliseconds(100)});
  append(log, {event({"a"}, 1000)});
  append(log, {event({"a"}, 1100)});
  EXPECT_EQ(log.oldest(), 1U);
  append(log, {event({"a"}, 1101)});
  EXPECT_EQ(log.oldest(), 2U);
  log.trim(5000);
  EXPECT_EQ(log.used().entries, 0U);
  EXPECT_EQ(log.used().bytes, 0U);
  EXPECT_EQ(log.oldest(), 0U);
  EXPECT_EQ(log.head(), 3U) << "positions go on";
  EXPECT_THAT(append(log, {event({"a"}, 6000)}), ElementsAre(4));
  EXPECT_FALSE(page_of(log, {{"a"}, 2, everything, 0, false, 10})->complete);
  EXPECT_TRUE(page_of(log, {{"a"}, 3, everything, 0, false, 10})->complete);
}

TEST(memory_log, a_loud_room_drops_its_own) {
  memory_log log("e", {.room_entries_max = 2});
  append(log, {event({"quiet"}), event({"loud", "quiet"})});
  for (int i = 0; i < 4; ++i) append(log, {event({"loud"})});
  EXPECT_THAT(positions(*page_of(log, {{"loud"}, 0, everything, 0, false, 10})), ElementsAre(5, 6));
  EXPECT_FALSE(page_of(log, {{"loud"}, 3, everything, 0, false, 10})->complete);
  EXPECT_TRUE(page_of(log, {{"loud"}, 4, everything, 0, false, 10})->complete);
  const auto quiet = *page_of(log, {{"quiet"}, 0, everything, 0, false, 10});
  EXPECT_THAT(positions(quiet), ElementsAre(1, 2));
  EXPECT_TRUE(quiet.complete);
  EXPECT_EQ(log.used().entries, 4U);
  EXPECT_EQ(log.used().trimmed, 2U);
}

TEST(memory_log, hollow_places_leave_once_they_are_the_oldest) {
  memory_log log("e", {.entries_max = 10, .room_entries_max = 1});
  append(log, {event({"loud"}), event({"loud"}), event({"quiet"}), event({"loud"})});
  EXPECT_EQ(log.used().entries, 2U);
  EXPECT_EQ(log.oldest(), 3U);
  EXPECT_THAT(positions(*page_of(log, {{"quiet", "loud"}, 0, everything, 0, false, 10})), ElementsAre(3, 4));
}

TEST(memory_log, refuses_a_batch_larger_than_itself) {
  memory_log log("e", {.bytes_max = 2000, .entries_max = 3});
  const auto code_of = [&log](std::vector<entry> batch) {
    auto code = errc::internal;
    log.append(std::move(batch), {}, [&code](const auto& answer) {
      ASSERT_FALSE(answer);
      code = answer.error().code;
    });
    return code;
  };
  EXPECT_EQ(code_of({event({"a"}), event({"a"}), event({"a"}), event({"a"})}), errc::over_limit);
  EXPECT_EQ(code_of({event({"a"}, 0, 2000)}), errc::over_limit);
  EXPECT_EQ(log.head(), 0U);
}

TEST(memory_log, agrees_with_a_plain_list_whatever_the_bounds) {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    memory_log log("e", {.bytes_max = 20000,
                         .entries_max = 20 + seed,
                         .room_entries_max = 3 + seed % 7,
                         .age_max = std::chrono::milliseconds(seed % 3 == 0 ? 50 : 0)});
    std::map<std::uint64_t, std::vector<std::string>> all;
    for (std::int64_t now = 0; now < 300; ++now) {
      std::vector<std::string> rooms{std::string(1, static_cast<char>('a' + random() % 5))};
      if (random() % 3 == 0) rooms.emplace_back(1, static_cast<char>('a' + random() % 5));
      for (const auto position : append(log, {event(rooms, now, random() % 900)})) all[position] = rooms;
      const std::string room(1, static_cast<char>('a' + random() % 6));
      const auto after = random() % (log.head() + 1);
      const auto read = *page_of(log, {{room}, after, everything, 0, false, 1000});
      std::vector<std::uint64_t> expected;
      for (const auto& [position, of] : all) {
        if (position > after && std::find(of.begin(), of.end(), room) != of.end()) expected.push_back(position);
      }
      const auto got = positions(read);
      if (read.complete) {
        ASSERT_EQ(got, expected);
      }
      // Incomplete or not, what is there is the newest part of the truth.
      ASSERT_LE(got.size(), expected.size());
      ASSERT_TRUE(std::equal(got.rbegin(), got.rend(), expected.rbegin()));
      ASSERT_LE(log.used().bytes, 20000U);
    }
  }
}

TEST(memory_log, keeps_one_order_for_many_threads) {
  memory_log log("e");
  std::vector<std::uint64_t> seen;
  log.observe([&seen](const entry& item) { seen.push_back(item.position); });
  std::vector<std::thread> writers;
  for (int n = 0; n < 4; ++n) {
    writers.emplace_back([&log] {
      for (int i = 0; i < 200; ++i) {
        append(log, {event({"a"}), event({"b"})});
        (void)page_of(log, {{"a"}, 0, everything, 0, false, 5});
      }
    });
  }
  for (auto& each : writers) each.join();
  ASSERT_EQ(seen.size(), 1600U);
  for (std::size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], i + 1);
}

TEST(memory_log, pages_are_bounded_in_bytes) {
  memory_log log("e");
  append(log, {event({"a"}, 0, 100), event({"a"}, 0, 100), event({"a"}, 0, 100)});
  auto page = *page_of(log, {.rooms = {"a"}, .bytes_max = 250});
  EXPECT_THAT(positions(page), ElementsAre(1, 2));
  EXPECT_TRUE(page.more);
  page = *page_of(log, {.rooms = {"a"}, .after = 2, .bytes_max = 1});
  EXPECT_THAT(positions(page), ElementsAre(3)) << "one at least";
  EXPECT_FALSE(page.more);
}

TEST(memory_log, reads_the_newest_of_rooms_together) {
  memory_log log("e");
  append(log, {event({"a"}), event({"b"}), event({"a", "b"}), event({"c"}), event({"b"})});
  const auto last = [&log](std::vector<std::string> rooms, std::uint64_t up_to, std::size_t limit) {
    return *page_of(log, {rooms, 0, up_to, 0, true, limit});
  };
  EXPECT_THAT(positions(last({"a", "b"}, everything, 2)), ElementsAre(5, 3));
  EXPECT_TRUE(last({"a", "b"}, everything, 2).more);
  EXPECT_THAT(positions(last({"a", "b"}, everything, 9)), ElementsAre(5, 3, 2, 1)) << "each once";
  EXPECT_FALSE(last({"a", "b"}, everything, 4).more);
  EXPECT_THAT(positions(last({"b"}, 4, 1)), ElementsAre(3));
  EXPECT_THAT(positions(last({"nobody"}, everything, 1)), IsEmpty());
}

}  // namespace
}  // namespace fanfare::history
