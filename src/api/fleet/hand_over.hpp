#pragma once

// Floor 7. Requests of Engine.IO sessions that another node holds are handed to it, so that a balancer need not know
// which: a poll or a POST is asked there and its answer passed on; an upgrade's bytes are carried both ways.
// Inbound: engineio::server_options::hand_over. Outbound: peers, net::splice.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include <fanfare/base/executor.hpp>
#include <fanfare/base/metrics.hpp>
#include <fanfare/http/exchange.hpp>
#include <fanfare/net/splice.hpp>

#include "api/fleet/peers.hpp"

namespace fanfare::api {

/// Nothing is asked twice: a POST whose answer is lost may have been heard. What another node has handed over is never
/// handed on. Thread: made and stopped by one; the rest from any.
class hand_over {
 public:
  struct options {
    milliseconds answer_timeout{90000};  // of a poll, which may wait for a heartbeat
  };
  /// All must outlive it, and it the workers' work.
  hand_over(executor_pool& workers, peers& others, metrics::registry& metrics, options how);

  /// Answers the exchange from the node of that tag, or runs `unknown`, on any thread: there is no such node, it cannot
  /// be reached, or the request came from a node already.
  void take(std::uint16_t node_tag, const http::exchange_ptr& exchange, std::function<void()> unknown);
  /// False for what only pretends to come from a node of the fleet.
  [[nodiscard]] bool admits(const http::request& request);
  /// Ends what is carried. Once nothing is taken any more; each on its own worker.
  void stop();

 private:
  struct part {  // of one worker, touched by it alone
    std::uint64_t last = 0;
    std::map<std::uint64_t, std::shared_ptr<void>> asked;  // questions, connects
    std::map<std::uint64_t, std::shared_ptr<net::splice>> carried;
  };
  void ask(part& at, const domain::node_info& node, const http::exchange_ptr& exchange, std::function<void()> unknown);
  void carry(part& at, const domain::node_info& node, const http::exchange_ptr& exchange,
             std::function<void()> unknown);
  void keep(part& at, std::uint64_t id, std::shared_ptr<void> handle);
  void count(std::string_view kind, std::string_view outcome);

  executor_pool& workers_;
  peers& others_;
  metrics::registry& metrics_;
  const options how_;
  std::vector<std::unique_ptr<part>> parts_;
};

}  // namespace fanfare::api
