#pragma once

// The way between nodes and Redis: bytes take their time, connections break, nothing comes through for a while, and
// what an address leads to changes. Inbound: node (as net::connector), weather. Outbound: redis_server.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fanfare/net/connector.hpp>

#include "redis_model/redis_server.hpp"
#include "scheduler.hpp"

namespace fanfare::simulation {

/// One node's way to Redis. Must outlive the node's connections. Thread: one.
class way final : public net::connector {
 public:
  explicit way(scheduler& at) : at_(at) {}
  ~way() override { cut(); }
  way(const way&) = delete;
  way& operator=(const way&) = delete;

  [[nodiscard]] std::shared_ptr<void> connect(executor& home, const net::endpoint& peer, milliseconds timeout,
                                              connected done) override;

  /// Where connections lead from now on; null: nowhere, they are refused. Those there are go on.
  void lead_to(std::shared_ptr<redis_server> where) { where_ = std::move(where); }
  [[nodiscard]] const std::shared_ptr<redis_server>& where() const noexcept { return where_; }
  /// Breaks all connections. What is under way to Redis may still arrive, even much later: who has sent it cannot know.
  void cut();
  /// Nothing comes through, and nobody is told; what is sent arrives after thaw().
  void freeze() { frozen_ = true; }
  void thaw();
  milliseconds delay_max{2};  // of bytes, one way

 private:
  class stream;
  struct pipe;
  using pipe_ptr = std::shared_ptr<pipe>;
  struct call {
    executor& home;
    connected done;
  };
  [[nodiscard]] std::chrono::microseconds draw_delay() const;
  void open(const std::weak_ptr<call>& asked);
  void to_server(const pipe_ptr& over, std::string bytes);
  void to_client(const pipe_ptr& over, std::string bytes);
  void arrive(const pipe_ptr& over, bool at_server, std::string bytes);
  void deliver(const pipe_ptr& over, bool at_server, const std::string& bytes);
  static void wake(const pipe_ptr& over);

  scheduler& at_;
  std::shared_ptr<redis_server> where_;
  bool frozen_ = false;
  std::vector<pipe_ptr> pipes_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fanfare::simulation
