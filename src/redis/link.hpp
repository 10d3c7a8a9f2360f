#pragma once

// A connection that comes back: finds its server, connects, waits longer after each failure, and keeps requests until
// then. Inbound: client, cluster_client, subscriber. Outbound: connection.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <fanfare/base/executor.hpp>
#include <fanfare/net/connector.hpp>

#include "redis/connection.hpp"
#include "redis/request.hpp"

namespace fanfare::redis {

/// Says where to connect, each time anew. Thread: the executor's on which it was made.
class locator {
 public:
  virtual ~locator() = default;
  using located = std::function<void(result<net::endpoint>)>;
  /// `done` runs once, perhaps inline, unless the locator goes first. Fails: unavailable, saying why.
  virtual void locate(located done) = 0;
};

/// The hosts of a list, in turn.
class fixed_locator final : public locator {
 public:
  explicit fixed_locator(std::vector<net::endpoint> hosts) : hosts_(std::move(hosts)) {}
  void locate(located done) override { done(hosts_[next_++ % hosts_.size()]); }

 private:
  std::vector<net::endpoint> hosts_;
  std::size_t next_ = 0;
};

struct link_options {
  connection_terms terms;
  milliseconds connect_timeout{5000};
  backoff pause;
  std::function<double()> draw;  // in [0, 1); what spreads the pauses
};

/// Thread: the executor's. Its owner bounds what it holds (intake).
class link final : public std::enable_shared_from_this<link> {
 public:
  struct events {
    std::function<void()> ready;  // before what waited is sent
    std::function<void(reply message)> push;
    std::function<void(const error& why)> lost;  // after each connection and each failed attempt
  };

  /// All references must outlive it; close() it before it goes. Connects at once.
  [[nodiscard]] static std::shared_ptr<link> make(executor& home, net::connector& connector,
                                                  std::shared_ptr<locator> where, link_options options,
                                                  events told = {});

  /// Sends it, or keeps it until there is a connection. `done` is told unavailable at its deadline when there was none,
  /// or when the connection was lost after it was sent and it is not repeatable; timeout when the server is too slow;
  /// closed. It may run inline once closed.
  void submit(request wanted);
  /// Past the queue, on the connection there is now; false when there is none.
  [[nodiscard]] bool submit_now(exchange&& work) { return current_ && current_->submit(std::move(work)); }
  /// Finds the server anew: this one turned out to be the wrong one. What is under way on it is still answered.
  void relocate(const std::string& why);
  /// Gives back what waits for a connection, for another link.
  [[nodiscard]] std::vector<request> withdraw();
  void close();

  [[nodiscard]] bool ready() const noexcept { return current_ && current_->ready_now(); }
  [[nodiscard]] bool idle() const noexcept { return waiting_.empty() && (!current_ || current_->in_flight() == 0); }
  [[nodiscard]] net::endpoint peer() const { return current_ ? current_->peer() : net::endpoint{}; }
  [[nodiscard]] bool resp3() const noexcept { return current_ && current_->resp3(); }

 private:
  link(executor& home, net::connector& connector, std::shared_ptr<locator> where, link_options options, events told);
  void seek();
  void connect(const net::endpoint& to);
  void on_ready();
  void on_lost(const error& why);
  void send(request wanted);
  void keep(request wanted, bool in_front);
  void watch_deadlines();
  void sweep();

  executor& home_;
  net::connector& connector_;
  std::shared_ptr<locator> where_;
  link_options options_;
  std::shared_ptr<const events> told_;  // shared: it may be dropped while one of them runs
  std::shared_ptr<connection> current_, leaving_;
  std::deque<request> waiting_;
  std::size_t returned_ = 0;  // how many at the front of waiting_ came back from the connection just lost, in order
  std::string trouble_;       // why there is no connection
  unsigned failures_ = 0;     // in a row
  std::uint64_t round_ = 0;   // answers of earlier searches are too late
  timer_id retry_ = 0, sweep_ = 0;
  steady_time sweep_at_;
  bool closed_ = false;
};

}  // namespace fanfare::redis
