#pragma once

// Publishing and feed over a memory log, with a delivery that remembers and a log that answers late.

#include "domain/publishing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include <fanfare/base/json.hpp>

#include "domain/feed.hpp"
#include "domain/replay.hpp"
#include "history/memory_log.hpp"
#include "support/fake_executor.hpp"

namespace fanfare::domain {

using namespace std::chrono_literals;

/// Remembers what it was told to deliver.
class recorder : public delivery {
 public:
  struct item {
    std::string type, id, cursor, json;
    std::vector<std::string> rooms;
    std::uint64_t sequence;
    std::string conflate_key;
  };
  void deliver(const outgoing& event) override {
    items.push_back({event.type, std::string(event.envelope.find("id")->as_string()),
                     std::string(event.envelope.find("cursor")->as_string()), json::write(event.envelope), event.rooms,
                     event.sequence, event.conflate_key});
  }
  std::vector<item> items;
};

/// A log whose answers come when the test lets them, as those of a remote store do.
class slow_log : public history::log {
 public:
  void observe(observer work) override { observer_ = std::move(work); }
  void on_break(std::function<void()> work) override { broken_ = std::move(work); }
  [[nodiscard]] bool shared() const override { return true; }
  void append(std::vector<history::entry> batch, std::vector<history::answer> answers, appended done) override {
    pending.push_back({std::move(batch), std::move(answers), std::move(done)});
  }
  void keep(history::fact, kept done) override { done(errc::unavailable); }
  void read(history::range, page_ready done) const override { done(errc::unavailable); }
  [[nodiscard]] std::uint64_t head() const override { return head_; }
  [[nodiscard]] std::uint64_t oldest() const override { return 1; }
  [[nodiscard]] std::string epoch() const override { return epoch_; }
  [[nodiscard]] usage used() const override { return {}; }
  void trim(std::int64_t) override {}

  /// Settles the oldest append; as another node's entries would come, without the live envelope.
  void settle(bool well = true) {
    auto [batch, answers, done] = std::move(pending.front());
    pending.erase(pending.begin());
    if (!well) return done(errc::unavailable);
    std::vector<std::uint64_t> positions;
    for (auto& item : batch) {
      item.position = ++head_;
      item.envelope = nullptr;
      positions.push_back(item.position);
      observer_(item);
    }
    done(history::placed{positions, {}});
  }
  /// Another node was asked for the oldest append before.
  void settle(history::placed as) {
    const auto done = std::move(pending.front().done);
    pending.erase(pending.begin());
    done(std::move(as));
  }
  void break_off(std::string epoch, std::uint64_t head) {
    epoch_ = std::move(epoch);
    head_ = head;
    if (broken_) broken_();
  }
  struct waiting {
    std::vector<history::entry> batch;
    std::vector<history::answer> answers;
    appended done;
  };
  std::vector<waiting> pending;

 private:
  observer observer_;
  std::function<void()> broken_;
  std::uint64_t head_ = 0;
  std::string epoch_ = "slow";
};

/// Both halves on one log.
struct node {
  node(const catalogue& types, history::log& log, delivery& out, publishing_options options = {},
       std::size_t filters_max = 10000)
      : publisher(types, log, options), events(log, out, {.filters_max = filters_max, .metrics = options.metrics}) {}
  publishing publisher;
  feed events;
};

/// How a subscriber came in, and what it was brought first.
struct arrival {
  std::vector<std::string> joined;
  std::uint64_t head = 0;
  std::string cursor;
  bool recovered = false;
  std::vector<replayed> events;
};

struct wanted {
  std::vector<std::string> rooms;
  std::optional<std::string> since = std::nullopt;
  filter_ptr only = nullptr;
  std::optional<std::size_t> last = std::nullopt;
};

/// As api/subscriptions does it, with a connection that takes all at once. `log` must answer at once.
inline result<arrival> subscribe(feed& events, const wanted& wish, const feed::join_rooms& join,
                                 replay_bounds bounds = {}) {
  auto from = wish.since ? events.start_of(*wish.since) : std::optional<feed::start>();
  if (!from) return from.error();
  std::vector<feed::subscription> all;
  for (const auto& room : wish.rooms) all.push_back({room, wish.only});
  auto entered = events.enter(all, join);
  if (!entered) return entered.error();
  arrival out{entered->joined, entered->head, events.cursor_at(entered->head), false, {}};
  if (!from->has_value() && (!wish.last || wish.since)) return out;
  test::fake_executor worker;
  const auto missed = std::make_shared<replay>(
      events, worker,
      replay::wish{wish.rooms, from->value_or(feed::start{}), wish.last, out.head, feed::matching(wish.only)}, bounds,
      replay::receiver{[&out](replayed event) { out.events.push_back(std::move(event)); },
                       [&worker](std::function<void()> go_on) { worker.post(std::move(go_on)); }},
      [&out](bool all) { out.recovered = all; });
  missed->start();
  worker.run();
  return out;
}
/// What a log that answers at once has of a room.
inline result<history_page> history_of(const feed& events, const std::string& room,
                                       const std::optional<std::string>& since = std::nullopt,
                                       std::size_t limit = 100) {
  result<history_page> out = errc::internal;
  read_history(events, {room}, since, limit, [&out](auto page) { out = std::move(page); });
  return out;
}

/// What is published comes to `out`; `numbers` counts.
struct publishing_test : testing::Test {
  catalogue types;
  history::memory_log log{"e"};
  recorder out;
  metrics::registry numbers;
  node both{types, log, out, {.batch_max = 5, .event_bytes_max = 2000, .metrics = &numbers}};
  publishing& publisher = both.publisher;
  feed& events = both.events;

  static publish_context context(std::string key = {}) {
    publish_context given;
    given.publisher = "ci";
    given.idempotency_key = std::move(key);
    given.now = system_time(1767323045678ms);
    given.steady_now = steady_time(1h);
    return given;
  }
  static draft updated(std::string project, std::string id = {}) {
    draft item;
    item.type = "project.updated";
    item.data = object{{"project_id", std::move(project)}, {"changes", object{}}};
    item.id = std::move(id);
    return item;
  }
  result<publish_answer> publish(std::vector<draft> drafts, publish_context given = context(), bool batch = true) {
    result<publish_answer> answer = errc::internal;
    publisher.publish(
        std::move(drafts), std::move(given), [&answer](auto given) { answer = std::move(given); }, batch);
    return answer;
  }
  static feed::join_rooms joins() {
    return [](const auto&, auto) { return result<void>(); };
  }
  /// Over all labels; -1 when there is no such metric.
  [[nodiscard]] double count(const char* name) {
    double sum = -1;
    for (const auto& sample : numbers.collect()) {
      if (sample.name == name) sum = std::max(sum, 0.0) + sample.amount;
    }
    return sum;
  }
};

}  // namespace fanfare::domain
