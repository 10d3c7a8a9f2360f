#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <fanfare/net/connector.hpp>
#include <fanfare/net/workers.hpp>

#include "history/entries.hpp"
#include "history/redis/redis_log.hpp"
#include "redis/real/redis_process.hpp"
#include "support/temporary_folder.hpp"

namespace fanfare::history::test {

/// Nodes, on a thread of their own each, that share the log in a Redis.
class node_rig {
 public:
  explicit node_rig(std::string url) : url_(std::move(url)) {}

  milliseconds request_timeout{5000};  // of nodes made from now on
  std::size_t reply_bytes_max = 67108864;
  struct node {
    std::unique_ptr<net::running_workers> workers;
    std::unique_ptr<redis_log> log;
  };
  /// Named so; `change` may alter what it is made with.
  node make(const std::string& name, memory_log_options bounds = {},
            const std::function<void(redis_log_options&)>& change = {}) {
    node out{net::start_workers(1, numbers_), nullptr};
    auto& home = out.workers->pool().at(0);
    redis_log_options options;
    options.appender.node = name;
    options.appender.bounds = bounds;
    options.window = bounds;
    options.make_client = [this, &home, timeout = request_timeout, reply = reply_bytes_max] {
      redis::client_options how;
      how.connection.pause = {milliseconds{5}, milliseconds{50}};
      how.connection.draw = [] { return 0.5; };
      how.request_timeout = timeout;
      how.connection.terms.limits.bytes_max = reply;
      return redis::make_client(home, *connector_, *redis::parse_url(url_), how);
    };
    options.draw_epoch = [this] { return "e" + (drawn_++ == 0 ? std::string() : std::to_string(drawn_)); };
    options.metrics = &numbers_;
    if (change) change(options);
    out.log = std::make_unique<redis_log>(home, std::move(options));
    return out;
  }
  [[nodiscard]] const std::string& url() const { return url_; }
  /// What the counters of that name add up to, of all nodes.
  [[nodiscard]] double count(const std::string& name) const {
    double sum = 0;
    for (const auto& each : numbers_.collect()) {
      if (each.name == name) sum += each.amount;
    }
    return sum;
  }

 private:
  const std::string url_;
  metrics::registry numbers_;
  std::unique_ptr<net::connector> connector_ = net::make_connector();
  std::atomic<int> drawn_{0};
};

/// The same with a Redis of their own.
class redis_rig : public node_rig {
 public:
  explicit redis_rig(const std::string& more = {}) : redis_rig(redis::test::free_ports(1).at(0), more) {}
  [[nodiscard]] redis::test::redis_process& server() { return server_; }

 private:
  redis_rig(std::uint16_t port, const std::string& more)
      : node_rig("redis://127.0.0.1:" + std::to_string(port)), server_(redis::test::server(folder_, port, more)) {}
  fanfare::test::temporary_folder folder_;
  redis::test::redis_process server_;
};

inline entry named(const std::string& id, std::vector<std::string> rooms = {"a"}) {
  auto out = event(std::move(rooms), 1);
  out.id = id;
  return out;
}

inline entry passing(const std::string& id) {
  auto out = named(id);
  out.kept = false;
  out.json = {};
  return out;
}

inline std::vector<answer> remembering(const std::string& key, const std::string& digest, const std::string& id) {
  return {{key, digest, {{id, 0, 0}}, 1}};
}

/// A node, and all that it is told.
struct listening_node {
  listening_node(node_rig& rig, const std::string& name, const memory_log_options& bounds = {},
                 const std::function<void(redis_log_options&)>& change = {})
      : made(rig.make(name, bounds, [&](redis_log_options& options) {
          options.on_trouble = [this](const std::string& reason) { note(reason.empty() ? "well" : "trouble"); };
          if (change) change(options);
        })) {
    log().on_break([this] { note("break " + log().epoch()); });
    log().watch_facts({[this](const fact& item) { note("fact " + item.name + "=" + std::to_string(item.number)); },
                       [this](const std::vector<fact>& all) {
                         const std::lock_guard lock(mutex);
                         facts = all;
                         changed.notify_all();
                       }});
    log().observe([this](const entry& item) {
      const std::lock_guard lock(mutex);
      seen.push_back(item.id + "@" + std::to_string(item.position));
      changed.notify_all();
    });
  }
  redis_log& log() { return *made.log; }
  void note(const std::string& what) {
    const std::lock_guard lock(mutex);
    notes.push_back(what);
    changed.notify_all();
  }
  result<placed> append(std::vector<entry> batch, std::vector<answer> answers = {}) {
    return begin(std::move(batch), std::move(answers)).get();
  }
  std::future<result<placed>> begin(std::vector<entry> batch, std::vector<answer> answers = {}) {
    auto came = std::make_shared<std::promise<result<placed>>>();
    log().append(std::move(batch), std::move(answers), [came](auto outcome) { came->set_value(std::move(outcome)); });
    return came->get_future();
  }
  bool keep(fact item) {
    std::promise<bool> came;
    log().keep(std::move(item), [&came](const auto& outcome) { came.set_value(outcome.has_value()); });
    return came.get_future().get();
  }
  page read(range wanted) {
    std::promise<page> came;
    log().read(std::move(wanted), [&came](auto given) { came.set_value(given ? *given : page{}); });
    return came.get_future().get();
  }
  void wait_for(const std::string& what) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] {
      return std::ranges::find(notes, what) != notes.end() || std::ranges::find(seen, what) != seen.end();
    });
  }
  void wait_for_fact(const std::string& name) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return std::ranges::any_of(facts, [&](auto& each) { return each.name == name; }); });
  }
  void wait_for_break() {
    std::unique_lock lock(mutex);
    changed.wait(lock,
                 [&] { return std::ranges::any_of(notes, [](auto& each) { return each.starts_with("break"); }); });
  }
  /// Its thread does nothing until what is returned is set.
  std::shared_ptr<std::promise<void>> hold() {
    auto go_on = std::make_shared<std::promise<void>>();
    std::promise<void> held;
    made.workers->pool().at(0).post([&held, go_on] {
      held.set_value();
      go_on->get_future().wait();
    });
    held.get_future().wait();
    return go_on;
  }
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> seen, notes;
  std::vector<fact> facts;  // all, as they were told last
  node_rig::node made;
};
}  // namespace fanfare::history::test
