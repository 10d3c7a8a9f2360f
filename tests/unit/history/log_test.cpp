#include "history/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <future>
#include <random>
#include <thread>

#include "history/entries.hpp"
#include "history/memory_log.hpp"
#include "history/redis/redis_rig.hpp"
#include "history/sqlite_log.hpp"
#include "support/temporary_folder.hpp"

// What every backend of the log keeps to, whether it answers at once, later, on other threads or out of order.

namespace fanfare::history {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using test::event;
using test::expiring;
using test::latest;
using test::positions;

struct in_memory {
  std::unique_ptr<log> make(memory_log_options bounds) { return std::make_unique<memory_log>("e", bounds); }
};

/// A memory log as a remote one would be: appends are answered by one thread, in their order, pages by two more, in
/// any.
class late_log : public log {
 public:
  explicit late_log(memory_log_options bounds) : inner_("e", bounds) {
    for (int n = 0; n < 3; ++n) threads_.emplace_back([this, n] { run(queues_[n == 0 ? 0 : 1]); });
  }
  ~late_log() override { close(); }
  void close() override {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    wake_.notify_all();
    for (auto& each : threads_) {
      if (each.joinable()) each.join();
    }
  }
  void observe(observer work) override { inner_.observe(std::move(work)); }
  void append(std::vector<entry> batch, std::vector<answer> answers, appended done) override {
    post(queues_[0], [this, batch = std::move(batch), answers = std::move(answers), done = std::move(done)] {
      inner_.append(batch, answers, done);
    });
  }
  void keep(fact item, kept done) override {
    post(queues_[0], [this, item = std::move(item), done = std::move(done)] { inner_.keep(item, done); });
  }
  void read(range wanted, page_ready done) const override {
    post(queues_[1], [this, wanted = std::move(wanted), done = std::move(done)] { inner_.read(wanted, done); });
  }
  [[nodiscard]] std::uint64_t head() const override { return inner_.head(); }
  [[nodiscard]] std::uint64_t oldest() const override { return inner_.oldest(); }
  [[nodiscard]] std::string epoch() const override { return inner_.epoch(); }
  [[nodiscard]] usage used() const override { return inner_.used(); }
  void trim(std::int64_t now_ms) override { inner_.trim(now_ms); }

 private:
  using queue = std::deque<std::function<void()>>;
  void post(queue& to, std::function<void()> work) const {
    {
      const std::lock_guard lock(mutex_);
      to.push_back(std::move(work));
    }
    wake_.notify_all();
  }
  void run(queue& from) {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return closed_ || !from.empty(); });
      if (from.empty()) return;
      const auto work = std::move(from.front());
      from.pop_front();
      lock.unlock();
      work();
      lock.lock();
    }
  }
  memory_log inner_;
  mutable std::mutex mutex_;
  mutable std::condition_variable wake_;
  mutable queue queues_[2];
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

struct late {
  std::unique_ptr<log> make(memory_log_options bounds) { return std::make_unique<late_log>(bounds); }
};

struct in_sqlite {
  std::unique_ptr<log> make(memory_log_options bounds) {
    return std::make_unique<sqlite_log>(
        "e", sqlite_log_options{
                 .path = folder.file("log.db"), .sync = sqlite_sync::off, .bounds = bounds, .on_trouble = {}});
  }
  fanfare::test::temporary_folder folder;
};

/// As a node of a fleet, which holds what it has read, or asks Redis for nearly every page.
template <bool WindowAll>
struct in_redis {
  std::unique_ptr<log> make(memory_log_options bounds) {
    node = rig.make("n", bounds, [](redis_log_options& options) {
      if (!WindowAll) options.window.entries_max = 1;
    });
    return std::move(node.log);
  }
  test::redis_rig rig;
  test::redis_rig::node node;
};

entry passing(std::vector<std::string> rooms) {
  auto out = event(std::move(rooms));
  out.kept = false;
  out.json = {};
  return out;
}

template <class Backend>
struct log_test : testing::Test {
  void open(memory_log_options bounds = {}) {
    tested = backend.make(bounds);
    tested->observe([this](const entry& item) {
      const std::lock_guard lock(mutex);
      seen.push_back(item.position);
    });
  }
  result<std::vector<std::uint64_t>> append(std::vector<entry> batch) {
    std::promise<result<placed>> came;
    tested->append(std::move(batch), {}, [&came](auto outcome) { came.set_value(std::move(outcome)); });
    auto placed = came.get_future().get();
    if (!placed) return placed.error();
    return std::move(placed->positions);
  }
  result<page> read(range wanted) {
    std::promise<result<page>> came;
    tested->read(std::move(wanted), [&came](result<page> given) { came.set_value(std::move(given)); });
    return came.get_future().get();
  }
  std::mutex mutex;
  std::vector<std::uint64_t> seen;
  Backend backend;
  std::unique_ptr<log> tested;
};
using backends = testing::Types<in_memory, late, in_sqlite, in_redis<true>, in_redis<false>>;
TYPED_TEST_SUITE(log_test, backends);

TYPED_TEST(log_test, numbers_entries_and_observes_them_before_it_answers) {
  this->open();
  EXPECT_EQ(this->tested->head(), 0U);
  EXPECT_EQ(this->tested->oldest(), 0U);
  EXPECT_THAT(*this->append({event({"a"}), event({"b"})}), ElementsAre(1, 2));
  EXPECT_THAT(this->seen, ElementsAre(1, 2));
  EXPECT_THAT(*this->append({event({"a"})}), ElementsAre(3));
  EXPECT_EQ(this->tested->head(), 3U);
  EXPECT_EQ(this->tested->oldest(), 1U);
  EXPECT_EQ(this->tested->epoch(), "e");
  const auto used = this->tested->used();
  EXPECT_EQ(used.entries, 3U);
  EXPECT_EQ(used.rooms, 2U);
  EXPECT_GT(used.bytes, 30U);
}

TYPED_TEST(log_test, gives_back_what_it_was_given) {
  this->open();
  auto given = event({"a",
                      "b\x1f"
                      "c",
                      "\xC3\xA9"},
                     1234, 5);
  given.id = "it's \"it\"";
  ASSERT_TRUE(this->append({given}));
  const auto read = this->read({.rooms = {"b\x1f"
                                          "c"}})
                        ->entries.at(0);
  EXPECT_EQ(read.id, given.id);
  EXPECT_EQ(read.type, "t");
  EXPECT_EQ(read.rooms, given.rooms);
  EXPECT_EQ(read.json.view(), "xxxxx");
  EXPECT_EQ(read.time_ms, 1234);
  EXPECT_TRUE(read.kept);
}

TYPED_TEST(log_test, pages_go_either_way_and_over_rooms) {
  this->open();
  ASSERT_TRUE(
      this->append({event({"a"}), event({"b"}), event({"a", "b"}), event({"c"}), event({"b"}), event({"a", "a"})}));
  EXPECT_THAT(positions(*this->read({.rooms = {"a", "b"}})), ElementsAre(1, 2, 3, 5, 6));
  EXPECT_THAT(positions(*this->read({.rooms = {"a", "b"}, .after = 1, .up_to = 5})), ElementsAre(2, 3, 5));
  EXPECT_THAT(positions(*this->read({.rooms = {"nobody"}})), IsEmpty());
  auto page = *this->read({.rooms = {"a", "b"}, .entries_max = 3});
  EXPECT_THAT(positions(page), ElementsAre(1, 2, 3));
  EXPECT_TRUE(page.more);
  EXPECT_TRUE(page.complete);
  page = *this->read({.rooms = {"a", "b"}, .after = 3, .entries_max = 2});
  EXPECT_THAT(positions(page), ElementsAre(5, 6));
  EXPECT_FALSE(page.more);
  page = *this->read({.rooms = {"b"}, .up_to = 4, .newest_first = true, .entries_max = 1});
  EXPECT_THAT(positions(page), ElementsAre(3));
  EXPECT_TRUE(page.more);
}

TYPED_TEST(log_test, pages_are_bounded_in_bytes) {
  this->open();
  ASSERT_TRUE(this->append({event({"a"}, 1, 100), event({"a"}, 1, 100), event({"a"}, 1, 100)}));
  auto page = *this->read({.rooms = {"a"}, .bytes_max = 250});
  EXPECT_THAT(positions(page), ElementsAre(1, 2));
  EXPECT_TRUE(page.more);
  page = *this->read({.rooms = {"a"}, .after = 2, .bytes_max = 1});
  EXPECT_THAT(positions(page), ElementsAre(3)) << "one at least";
  EXPECT_FALSE(page.more);
}

TYPED_TEST(log_test, what_is_not_kept_passes_in_its_place) {
  this->open();
  EXPECT_THAT(*this->append({passing({"a"})}), ElementsAre(0));
  EXPECT_THAT(*this->append({event({"a"}), passing({"a"}), event({"a"})}), ElementsAre(1, 1, 2));
  EXPECT_THAT(*this->append({passing({"a"})}), ElementsAre(2));
  EXPECT_THAT(this->seen, ElementsAre(0, 1, 1, 2, 2));
  EXPECT_THAT(positions(*this->read({.rooms = {"a"}})), ElementsAre(1, 2));
}

TYPED_TEST(log_test, tells_of_gaps) {
  this->open({.entries_max = 4, .room_entries_max = 2});
  ASSERT_TRUE(this->append({event({"loud"}), event({"quiet"}), event({"loud"}), event({"loud"})}));
  EXPECT_FALSE(this->read({.rooms = {"loud"}})->complete) << "the room's own bound dropped 1";
  EXPECT_TRUE(this->read({.rooms = {"loud"}, .after = 1})->complete);
  EXPECT_TRUE(this->read({.rooms = {"quiet"}})->complete);
  EXPECT_THAT(positions(*this->read({.rooms = {"loud"}})), ElementsAre(3, 4));
  ASSERT_TRUE(this->append({event({"quiet"}), event({"other"})}));
  EXPECT_FALSE(this->read({.rooms = {"quiet"}})->complete) << "the log's bound dropped 2";
  EXPECT_TRUE(this->read({.rooms = {"quiet"}, .after = 2})->complete);
  EXPECT_FALSE(this->read({.rooms = {"nobody"}, .after = 1})->complete) << "nobody knows what was in it";
  EXPECT_GE(this->tested->used().trimmed, 2U);
}

TYPED_TEST(log_test, begins_at_a_time) {
  this->open({.entries_max = 5});
  for (int n = 1; n <= 5; ++n) ASSERT_TRUE(this->append({event({n % 2 ? "odd" : "even"}, n * 1000)}));
  auto page = *this->read({.rooms = {"odd", "even"}, .since_ms = 2500});
  EXPECT_THAT(positions(page), ElementsAre(3, 4, 5));
  EXPECT_TRUE(page.complete);
  EXPECT_THAT(positions(*this->read({.rooms = {"odd"}, .since_ms = 3000})), ElementsAre(3, 5));
  EXPECT_THAT(positions(*this->read({.rooms = {"odd"}, .since_ms = 5001})), IsEmpty());
  EXPECT_THAT(positions(*this->read({.rooms = {"odd"}, .after = 4, .since_ms = 1})), ElementsAre(5));
  EXPECT_TRUE(this->read({.rooms = {"odd"}, .since_ms = 1})->complete) << "nothing has gone yet";
  ASSERT_TRUE(this->append({event({"odd"}, 6000)}));
  page = *this->read({.rooms = {"even", "odd"}, .since_ms = 1500});
  EXPECT_FALSE(page.complete) << "what came between 1500 and the oldest left may be gone";
  EXPECT_THAT(positions(page), ElementsAre(2, 3, 4, 5, 6));
  EXPECT_TRUE(this->read({.rooms = {"even"}, .since_ms = 2001})->complete);
}

TYPED_TEST(log_test, drops_by_bytes_and_age) {
  this->open({.bytes_max = 3000, .age_max = std::chrono::milliseconds(1000)});
  for (int n = 0; n < 10; ++n) ASSERT_TRUE(this->append({event({"a"}, 1000, 500)}));
  EXPECT_LE(this->tested->used().bytes, 3000U);
  EXPECT_EQ(this->read({.rooms = {"a"}})->entries.back().position, 10U);
  ASSERT_TRUE(this->append({event({"a"}, 2001, 10)}));
  EXPECT_THAT(positions(*this->read({.rooms = {"a"}})), ElementsAre(11));
  EXPECT_EQ(this->append({event({"a"}, 2001, 4000)}).error().code, errc::over_limit) << "larger than the whole log";
  EXPECT_THAT(*this->append({event({"a"}, 2001, 10)}), ElementsAre(12)) << "and nothing of it remains";
}

TYPED_TEST(log_test, keeps_the_newest_of_a_key_in_each_room) {
  this->open();
  ASSERT_TRUE(this->append({latest({"a", "p"}, "x"), latest({"a"}, "y"), event({"a"}), latest({"a"}, "x")}));
  EXPECT_THAT(positions(*this->read({.rooms = {"a"}})), ElementsAre(2, 3, 4));
  EXPECT_THAT(positions(*this->read({.rooms = {"p"}})), ElementsAre(1)) << "the newest of x that p has had";
  ASSERT_TRUE(this->append({latest({"a", "p"}, "x")}));
  EXPECT_THAT(positions(*this->read({.rooms = {"a", "p"}})), ElementsAre(2, 3, 5));
  EXPECT_TRUE(this->read({.rooms = {"a", "p"}})->complete) << "who has the newest misses nothing";
  EXPECT_EQ(this->tested->used().entries, 3U);
  EXPECT_EQ(this->tested->used().trimmed, 0U);
}

TYPED_TEST(log_test, entries_expire_at_times_of_their_own) {
  this->open({.age_max = std::chrono::milliseconds(1000)});
  ASSERT_TRUE(this->append({expiring({"a"}, 1000, 1500), event({"a"}, 1000), expiring({"a"}, 1000, 9000),
                            expiring({"a"}, 1000, never), event({"b"}, 1400)}));
  this->tested->trim(1500);
  ASSERT_TRUE(this->append({event({"b"}, 1500)}));
  EXPECT_THAT(positions(*this->read({.rooms = {"a"}})), ElementsAre(2, 3, 4));
  EXPECT_FALSE(this->read({.rooms = {"a"}})->complete);
  EXPECT_TRUE(this->read({.rooms = {"a"}, .after = 1})->complete);
  ASSERT_TRUE(this->append({event({"b"}, 2300)}));
  EXPECT_THAT(positions(*this->read({.rooms = {"a"}})), ElementsAre(3, 4)) << "the log's own age took 2";
  ASSERT_TRUE(this->append({event({"b"}, 9001)}));
  EXPECT_THAT(positions(*this->read({.rooms = {"a"}})), ElementsAre(4));
  EXPECT_FALSE(this->read({.rooms = {"a"}, .after = 2})->complete);
  EXPECT_TRUE(this->read({.rooms = {"a"}, .after = 3})->complete);
  EXPECT_FALSE(this->read({.rooms = {"nobody"}, .after = 2})->complete)
      << "the newest that is gone counts, not the last";
  EXPECT_EQ(this->tested->oldest(), 4U);
}

TYPED_TEST(log_test, bounds_on_size_spare_what_never_expires) {
  this->open({.entries_max = 6, .room_entries_max = 2});
  ASSERT_TRUE(this->append({expiring({"a"}, 1, never), event({"a"}, 1), event({"a"}, 1), event({"a"}, 1)}));
  EXPECT_THAT(positions(*this->read({.rooms = {"a"}})), ElementsAre(1, 3, 4)) << "the room's bound";
  for (int n = 5; n <= 12; ++n) ASSERT_TRUE(this->append({event({"r" + std::to_string(n)}, 1)}));
  EXPECT_THAT(positions(*this->read({.rooms = {"a"}})), ElementsAre(1)) << "the log's bound";
  for (int n = 13; n <= 20; ++n) ASSERT_TRUE(this->append({expiring({"k"}, 1, never)}));
  EXPECT_THAT(positions(*this->read({.rooms = {"k"}})), ElementsAre(18, 19, 20)) << "half of it at most";
  EXPECT_THAT(positions(*this->read({.rooms = {"r10", "r11", "r12"}})), ElementsAre(10, 11, 12));
  EXPECT_EQ(this->tested->used().entries, 6U);
}

TYPED_TEST(log_test, any_mixture_keeps_to_its_bounds) {
  this->open({.entries_max = 40, .room_entries_max = 10, .age_max = std::chrono::milliseconds(300)});
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto upto = [&random](unsigned n) { return std::uniform_int_distribution<unsigned>(0, n)(random); };
  std::vector<std::uint64_t> firm;
  for (std::int64_t now = 1; now < 1500; now += 3) {
    std::vector<std::string> rooms{"r" + std::to_string(upto(5))};
    if (upto(2) == 0) rooms.push_back("r" + std::to_string(upto(5)));
    auto item = upto(2) == 0 ? latest(rooms, std::to_string(upto(3)), now) : event(rooms, now);
    if (upto(3) == 0) item.expires_ms = now + upto(400) + 1;
    if (upto(9) == 0) item.expires_ms = never;
    const auto at = this->append({item});
    ASSERT_TRUE(at);
    if (item.expires_ms == never) firm.push_back(at->front());
    ASSERT_LE(this->tested->used().entries, 40U);
  }
  const auto all = this->read({.rooms = {"r0", "r1", "r2", "r3", "r4", "r5"}});
  EXPECT_EQ(all->entries.size(), this->tested->used().entries) << "all that is counted is listed";
  EXPECT_EQ(all->entries.front().position, this->tested->oldest());
  ASSERT_TRUE(this->append({event({"last"}, 100000)}));
  for (const auto left : positions(*this->read({.rooms = {"r0", "r1", "r2", "r3", "r4", "r5"}}))) {
    EXPECT_THAT(firm, testing::Contains(left)) << "only what never expires is left";
  }
}

TYPED_TEST(log_test, keeps_facts) {
  this->open();
  std::promise<bool> kept;
  this->tested->keep({"name", 7, 5000}, [&kept](const auto& outcome) { kept.set_value(outcome.has_value()); });
  EXPECT_TRUE(kept.get_future().get());
}

TYPED_TEST(log_test, many_threads_append_and_one_order_comes_out) {
  this->open();
  std::vector<std::thread> writers;
  std::atomic<int> answered{0};
  std::promise<void> all;
  for (int n = 0; n < 4; ++n) {
    writers.emplace_back([&, n] {
      for (int i = 0; i < 100; ++i) {
        this->tested->append({event({"r" + std::to_string(n)}), passing({"all"})}, {}, [&](const auto& positions) {
          EXPECT_TRUE(positions);
          if (++answered == 400) all.set_value();
        });
      }
    });
  }
  for (auto& each : writers) each.join();
  all.get_future().wait();
  ASSERT_EQ(this->seen.size(), 800U);
  for (std::size_t i = 0; i < 800; ++i) ASSERT_EQ(this->seen[i], i / 2 + 1);
}

TYPED_TEST(log_test, closing_answers_what_was_given) {
  this->open();
  std::atomic<int> answered{0};
  for (int n = 0; n < 50; ++n) this->tested->append({event({"a"})}, {}, [&](const auto&) { ++answered; });
  this->tested->close();
  EXPECT_EQ(answered, 50);
}

}  // namespace
}  // namespace fanfare::history
