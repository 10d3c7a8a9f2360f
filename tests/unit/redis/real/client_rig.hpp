#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <fanfare/net/connector.hpp>

#include "net/socket_pair.hpp"
#include "redis/client.hpp"
#include "redis/real/redis_process.hpp"
#include "redis/rig.hpp"
#include "redis/subscriber.hpp"

namespace fanfare::redis::test {

/// A client on a real worker, asked from the test's thread.
class live_client {
 public:
  explicit live_client(const std::string& text, const std::optional<net::tls_client_options>& tls = {},
                       const client_options& options = quick())
      : connector_(net::make_connector(tls)) {
    pool_.start();
    const auto where = parse_url(text);
    if (!where) throw std::runtime_error(where.error().detail);
    fanfare::test::on(home(), [&] {
      client_ = make_client(home(), *connector_, *where, options);
      client_->on_state = [this](const std::string& reason) { note(reason.empty() ? "ready" : reason); };
    });
  }
  ~live_client() {
    fanfare::test::on(home(), [&] {
      for (auto& each : subscribers_) each->close();
      client_.reset();
    });
    pool_.stop();
  }
  live_client(const live_client&) = delete;
  live_client& operator=(const live_client&) = delete;

  /// Pauses and probes short enough for a test, deadlines long enough for a busy machine.
  static client_options quick() {
    client_options out;
    out.connection.pause = {milliseconds{5}, milliseconds{50}};
    out.connection.terms.ping_interval = milliseconds{200};
    out.connection.terms.ping_timeout = milliseconds{500};
    out.request_timeout = milliseconds{30000};
    return out;
  }

  std::string ask(batch commands, request_options how = {}) {
    std::promise<std::string> got;
    home().post([&, commands = std::move(commands)]() mutable {
      client_->submit(
          std::move(commands),
          [&](const auto& outcome) {
            detail_ = outcome ? "" : outcome.error().detail;
            got.set_value(shown(outcome));
          },
          how);
    });
    return got.get_future().get();
  }
  /// Asks without waiting; `done` runs on the worker.
  void post(batch commands, answered done, request_options how = {}) {
    home().post([this, commands = std::move(commands), done = std::move(done), how]() mutable {
      client_->submit(std::move(commands), std::move(done), how);
    });
  }
  /// What was posted before has left for the kernel.
  void settle() {
    std::promise<void> done;
    home().post([&] { home().defer([&] { home().post([&] { done.set_value(); }); }); });
    done.get_future().wait();
  }
  std::shared_ptr<subscriber> subscribe_to(std::optional<std::uint16_t> slot = {}) {
    std::shared_ptr<subscriber> made;
    fanfare::test::on(home(), [&] {
      subscriber_options options;
      options.connection = quick().connection;
      options.connection.terms = terms_;
      options.connection.terms.ping_interval = milliseconds{200};
      options.connection.terms.ping_timeout = milliseconds{500};
      made = subscriber::make(
          home(), *connector_, client_->locate_subscriptions(slot), options,
          {[this](const published& message) {
             note((message.pattern.empty() ? "" : message.pattern + ">") + message.channel + "=" + message.payload);
           },
           [this] { note("resumed"); }, [this](const error&) { note("lost"); },
           [this](subscription, const std::string& name, const error&) { note("refused " + name); }});
      subscribers_.push_back(made);
    });
    return made;
  }
  std::string subscribe(const std::shared_ptr<subscriber>& way, subscription kind, const std::string& name) {
    std::promise<std::string> got;
    home().post([&] {
      way->subscribe(kind, name, [&](const result<void>& outcome) {
        got.set_value(outcome ? "ok" : std::string(describe(outcome.error().code).metric_label));
      });
    });
    return got.get_future().get();
  }
  /// Waits until that was noted, and forgets everything up to it.
  void wait_for(const std::string& what) {
    std::unique_lock lock(mutex_);
    const auto found = [&] { return std::find(notes_.begin(), notes_.end(), what); };
    noted_.wait(lock, [&] { return found() != notes_.end(); });
    notes_.erase(notes_.begin(), found() + 1);
  }
  void note(const std::string& what) {
    const std::lock_guard lock(mutex_);
    notes_.push_back(what);
    noted_.notify_all();
  }
  /// The terms of subscribers made from now on.
  void subscribe_as(const std::string& text) { terms_ = terms_of(*parse_url(text), {}); }
  [[nodiscard]] const std::string& detail() const { return detail_; }
  net::worker& home() { return pool_.at(0); }

 private:
  metrics::registry numbers_;
  net::worker_pool pool_{1, numbers_};
  std::unique_ptr<net::connector> connector_;
  std::unique_ptr<client> client_;
  std::vector<std::shared_ptr<subscriber>> subscribers_;
  connection_terms terms_;
  std::string detail_;
  std::mutex mutex_;
  std::condition_variable noted_;
  std::vector<std::string> notes_;
};

}  // namespace fanfare::redis::test
