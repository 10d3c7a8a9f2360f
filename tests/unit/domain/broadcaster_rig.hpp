#pragma once

// A broadcaster over a memory log, with a delivery that remembers and a log that answers late.

#include "domain/broadcaster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include <fanfare/base/json.hpp>

#include "history/memory_log.hpp"

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
  void append(std::vector<history::entry> batch, appended done) override {
    pending.push_back({std::move(batch), std::move(done)});
  }
  [[nodiscard]] result<history::page> read(const std::vector<std::string>&, std::uint64_t, std::uint64_t,
                                           std::size_t) const override {
    return errc::unavailable;
  }
  [[nodiscard]] result<history::page> read_last(const std::vector<std::string>&, std::uint64_t,
                                                std::size_t) const override {
    return errc::unavailable;
  }
  [[nodiscard]] std::uint64_t head() const override { return head_; }
  [[nodiscard]] std::uint64_t oldest() const override { return 1; }
  [[nodiscard]] const std::string& epoch() const noexcept override { return epoch_; }
  [[nodiscard]] usage used() const override { return {}; }

  /// Settles the oldest append; as another node's entries would come, without the live envelope.
  void settle(bool well = true) {
    auto [batch, done] = std::move(pending.front());
    pending.erase(pending.begin());
    if (!well) return done(errc::unavailable);
    std::vector<std::uint64_t> positions;
    for (auto& item : batch) {
      item.position = ++head_;
      item.envelope = nullptr;
      positions.push_back(item.position);
      observer_(item);
    }
    done(positions);
  }
  struct waiting {
    std::vector<history::entry> batch;
    appended done;
  };
  std::vector<waiting> pending;

 private:
  observer observer_;
  std::uint64_t head_ = 0;
  std::string epoch_ = "slow";
};

/// What is published comes to `out`; `numbers` counts.
struct broadcaster_test : testing::Test {
  catalogue types;
  history::memory_log log{"e"};
  recorder out;
  metrics::registry numbers;
  broadcaster events{types, log, out, {.batch_max = 5, .event_bytes_max = 2000, .replay_max = 5, .metrics = &numbers}};

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
    events.publish(
        std::move(drafts), std::move(given), [&answer](auto given) { answer = std::move(given); }, batch);
    return answer;
  }
  static broadcaster::join_rooms joins() {
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
