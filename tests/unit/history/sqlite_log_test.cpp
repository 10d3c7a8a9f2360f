// sqlite_log's own: what outlives a restart, a crash, a torn file, a full disk and a loss of power. What it has in
// common with other logs is in log_test.

#include "history/sqlite_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <future>
#include <sstream>

#include "history/power_cut.hpp"
#include "support/temporary_folder.hpp"

namespace fanfare::history {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
void write_file(const std::string& path, std::string_view bytes) { std::ofstream(path, std::ios::binary) << bytes; }

entry event(const std::string& id, std::size_t size = 100) {
  entry out;
  out.id = id;
  out.type = "t";
  out.rooms = {"a"};
  out.json = shared_bytes(std::string(size, 'x'));
  out.time_ms = 1000;
  return out;
}

struct sqlite_log_test : testing::Test {
  void open(sqlite_sync sync = sqlite_sync::off) {
    tested = std::make_unique<sqlite_log>(
        "epoch" + std::to_string(++opened),
        sqlite_log_options{.path = path,
                           .sync = sync,
                           .bounds = {},
                           .retry = std::chrono::milliseconds(5),
                           .on_trouble = [this](const std::string& reason) { told(reason); }});
    tested->observe([this](const entry&) { ++observed; });
  }
  void told(const std::string& reason) {
    const std::lock_guard lock(mutex);
    troubles.push_back(reason);
    changed.notify_all();
  }
  std::string trouble(std::size_t number) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return troubles.size() > number; });
    return troubles[number];
  }
  result<std::vector<std::uint64_t>> append(std::vector<entry> batch, std::vector<answer> answers = {}) const {
    std::promise<result<placed>> came;
    tested->append(std::move(batch), std::move(answers),
                   [&came](auto outcome) { came.set_value(std::move(outcome)); });
    auto placed = came.get_future().get();
    if (!placed) return placed.error();
    return std::move(placed->positions);
  }
  std::vector<std::string> ids() const {
    std::promise<result<page>> came;
    tested->read({.rooms = {"a"}, .entries_max = 100000, .bytes_max = 1U << 30},
                 [&came](result<page> given) { came.set_value(std::move(given)); });
    const auto read = came.get_future().get();
    std::vector<std::string> out;
    if (!read) return {"unreadable"};
    for (const auto& item : read->entries) out.push_back(item.id);
    return out;
  }
  std::string refusal() {
    try {
      open();
      return "opened";
    } catch (const std::runtime_error& failure) {
      return failure.what();
    }
  }
  fanfare::test::temporary_folder folder;
  std::string path = folder.file("log.db");
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> troubles;
  std::atomic<int> observed{0};
  int opened = 0;
  std::unique_ptr<sqlite_log> tested;
};

TEST_F(sqlite_log_test, outlives_a_restart) {
  open();
  ASSERT_TRUE(append({event("1"), event("2")}, {{"key", "digest", {{"1", 0, 0}, {"2", 0, 1}}, 1000}}));
  tested.reset();
  open();
  EXPECT_EQ(tested->epoch(), "epoch1") << "cursors stay good";
  EXPECT_EQ(tested->head(), 2U);
  EXPECT_EQ(tested->used().entries, 2U);
  const auto answers = tested->remembered();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_THAT(answers[0].events, ElementsAre(answer::event{"1", 1, {}}, answer::event{"2", 2, {}}));
  EXPECT_THAT(*append({event("3")}), ElementsAre(3));
  EXPECT_THAT(ids(), ElementsAre("1", "2", "3"));
}

TEST_F(sqlite_log_test, refuses_what_it_cannot_use_with_the_reason) {
  open();
  const auto first = std::move(tested);
  EXPECT_EQ(refusal(), path + ": is in use by another server");
  path = folder.file("text.db");
  write_file(path, std::string(5000, 'x'));
  EXPECT_EQ(refusal(), path + ": file is not a database");
  path = folder.file("missing/log.db");
  EXPECT_EQ(refusal(), path + ": cannot be opened: No such file or directory");
  path = "/proc/log.db";
  EXPECT_THAT(refusal(), HasSubstr(path + ": cannot be opened: "));
}

// As after kill -9 at that moment: the files as they are, without what a clean end would do.
TEST_F(sqlite_log_test, what_was_acknowledged_is_in_the_files_at_any_moment) {
  open();
  std::vector<std::string> expected;
  for (int n = 1; n <= 30; ++n) {
    ASSERT_TRUE(append({event(std::to_string(n))}));
    expected.push_back(std::to_string(n));
    const auto database = content_of(path), wal = content_of(path + "-wal");
    auto alive = std::exchange(tested, nullptr);
    const auto its_path = std::exchange(path, folder.file("crashed" + std::to_string(n) + ".db"));
    write_file(path, database);
    write_file(path + "-wal", wal);
    open();
    EXPECT_EQ(ids(), expected);
    EXPECT_THAT(*append({event("next")}), ElementsAre(n + 1));
    tested = std::move(alive);
    path = its_path;
  }
}

TEST_F(sqlite_log_test, a_torn_write_ahead_log_loses_its_end_alone) {
  open();
  for (int n = 1; n <= 20; ++n) ASSERT_TRUE(append({event(std::to_string(n))}));
  const auto database = content_of(path), wal = content_of(path + "-wal");
  ASSERT_GT(wal.size(), 20000U);
  tested.reset();
  std::size_t most = 0;
  for (std::size_t cut = 0; cut <= wal.size(); cut += wal.size() / 37) {
    path = folder.file("torn" + std::to_string(cut) + ".db");
    write_file(path, database);
    write_file(path + "-wal", wal.substr(0, cut));
    if (refusal() != "opened") continue;  // cut before the schema was in: nothing had been acknowledged
    const auto left = ids();
    for (std::size_t n = 0; n < left.size(); ++n) ASSERT_EQ(left[n], std::to_string(n + 1)) << cut;
    EXPECT_GE(left.size(), most) << cut;
    most = left.size();
    ASSERT_THAT(*append({event("next")}), ElementsAre(most + 1));
    tested.reset();
  }
  EXPECT_GE(most, 19U);
}

TEST_F(sqlite_log_test, a_damaged_page_is_told_and_nothing_else_breaks) {
  open();
  for (int n = 1; n <= 200; ++n) ASSERT_TRUE(append({event(std::to_string(n), 1000)}));
  tested.reset();
  const auto whole = content_of(path);
  for (std::size_t at = 4096; at + 4096 <= whole.size(); at += 4096 * 7) {
    auto damaged = whole;
    for (std::size_t n = 0; n < 4096; ++n) damaged[at + n] = static_cast<char>(n * 31);
    write_file(path, damaged);
    const auto said = refusal();
    if (said != "opened") {
      EXPECT_THAT(said, HasSubstr("malformed")) << at;
      continue;
    }
    (void)ids();
    (void)append({event("next")});
    tested.reset();
  }
}

// Cut at every sync, before it and after it, and at every moment when something had just been acknowledged.
TEST_F(sqlite_log_test, with_full_a_loss_of_power_takes_nothing_acknowledged) {
  std::map<std::size_t, int> acknowledged;  // moment -> entries
  const auto made = path;
  {
    test::power_cut disk;
    open(sqlite_sync::full);
    acknowledged[disk.now()] = 0;
    for (int n = 1; n <= 60; ++n) {
      // Now and then one that brings the write-ahead log past the thousand pages at which it is moved over.
      ASSERT_TRUE(append({event(std::to_string(n), n % 10 == 0 ? 900000 : 3000)}));
      acknowledged[disk.now()] = n;
    }
    tested.reset();
    auto moments = disk.syncs();
    const auto before = moments;
    for (const auto at : before) moments.push_back(at + 1);
    for (const auto& [at, count] : acknowledged) moments.push_back(at);
    for (const auto moment : moments) {
      if (moment < acknowledged.begin()->first) continue;  // the server had not said that it serves
      const auto least = std::prev(acknowledged.upper_bound(moment))->second;
      path = folder.file("cut" + std::to_string(moment) + ".db");
      for (const auto& [name, content] : disk.left_at(moment)) write_file(path + name.substr(made.size()), content);
      ASSERT_EQ(refusal(), "opened") << moment;
      const auto left = ids();
      ASSERT_GE(left.size(), static_cast<std::size_t>(least)) << moment;
      for (std::size_t n = 0; n < left.size(); ++n) ASSERT_EQ(left[n], std::to_string(n + 1)) << moment;
      tested.reset();
      for (const auto* end : {"", "-wal", "-shm", "-lock"}) std::filesystem::remove(path + end);
    }
    EXPECT_GT(moments.size(), 150U);
  }
}

TEST_F(sqlite_log_test, what_failed_to_sync_is_not_there_afterwards) {
  test::power_cut disk;
  open(sqlite_sync::full);
  ASSERT_TRUE(append({event("1")}, {{"k1", "", {{"1", 0, 0}}, 1000}}));
  disk.fail_syncs(true);
  EXPECT_EQ(append({event("2")}, {{"k2", "", {{"2", 0, 0}}, 1000}}).error().code, errc::unavailable);
  EXPECT_THAT(trouble(0), HasSubstr("I/O error"));
  std::promise<bool> kept;
  tested->keep({"fact", 1, 5000}, [&kept](const auto& outcome) { kept.set_value(outcome.has_value()); });
  EXPECT_FALSE(kept.get_future().get());
  disk.fail_syncs(false);
  EXPECT_EQ(trouble(1), "");
  EXPECT_THAT(ids(), ElementsAre("1")) << "its publisher was told so, and nobody has heard of it";
  EXPECT_EQ(tested->remembered().size(), 1U);
  EXPECT_THAT(*append({event("2 again")}), ElementsAre(2));
  EXPECT_THAT(ids(), ElementsAre("1", "2 again"));
  EXPECT_EQ(observed, 2);
  tested.reset();
}

TEST_F(sqlite_log_test, keeps_facts_until_their_time) {
  open();
  const auto keep = [this](fact item) {
    std::promise<bool> kept;
    tested->keep(std::move(item), [&kept](const auto& outcome) { kept.set_value(outcome.has_value()); });
    return kept.get_future().get();
  };
  ASSERT_TRUE(keep({"a", 1, 5000}));
  ASSERT_TRUE(keep({"b", 2, 9000}));
  ASSERT_TRUE(keep({"a", 3, 6000}));
  tested.reset();
  open();
  EXPECT_THAT(tested->facts(5500), testing::UnorderedElementsAre(fact{"a", 3, 6000}, fact{"b", 2, 9000}));
  EXPECT_THAT(tested->facts(7000), ElementsAre(fact{"b", 2, 9000}));
}

TEST_F(sqlite_log_test, a_disk_that_refuses_is_told_and_comes_back) {
  open();
  ASSERT_TRUE(append({event("1")}));
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit none{1, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
  EXPECT_EQ(append({event("2")}).error().code, errc::unavailable);
  EXPECT_THAT(trouble(0), AnyOf(HasSubstr("full"), HasSubstr("I/O error")));
  EXPECT_FALSE(tested->ready());
  EXPECT_EQ(append({event("3")}).error().code, errc::unavailable);
  auto passing = event("4");
  passing.kept = false;
  EXPECT_THAT(*append({passing}), ElementsAre(1)) << "what is not kept goes on";
  EXPECT_EQ(observed, 2);
  EXPECT_THAT(ids(), ElementsAre("1")) << "and so does reading";
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(trouble(1), "") << "it comes back by itself";
  EXPECT_TRUE(tested->ready());
  EXPECT_THAT(*append({event("5")}), ElementsAre(2));
  EXPECT_THAT(ids(), ElementsAre("1", "5"));
}

}  // namespace
}  // namespace fanfare::history
