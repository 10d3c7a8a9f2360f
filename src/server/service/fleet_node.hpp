#pragma once

// Floor 8. What makes a server a node of a fleet: who is where on the others, and, under a secret, asking them and
// handing them what is theirs. Inbound: service. Outbound: domain/fleet, api/fleet.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <fanfare/http/server.hpp>
#include <fanfare/net/connector.hpp>

#include "api/fleet/hand_over.hpp"
#include "api/fleet/peers.hpp"
#include "api/floor.hpp"
#include "domain/fleet/fleet_members.hpp"
#include "domain/fleet/fleet_rates.hpp"
#include "history/log.hpp"
#include "server/configuration/configuration.hpp"

namespace fanfare::server {

/// Thread: that which wires the service, but for take() and admits().
class fleet_node {
 public:
  /// Throws config_error. All must outlive it, and the workers must have ended when it goes.
  fleet_node(const configuration& settings, history::log& log, http::server& web, api::floor& shared,
             std::uint16_t tag);

  /// Takes part from now on. Before anybody connects.
  void join();
  /// Tells the others where this node is, and that it lives. Once the server listens.
  void start();
  void drain() { members_.set_draining(); }
  void leave() { members_.leave(); }

  /// See engineio::server_options::fleet_terms. Thread: a worker's.
  void hand_over(std::uint16_t tag, const http::exchange_ptr& exchange, std::function<void()> unknown);
  [[nodiscard]] bool admits(const http::request& request);

 private:
  void hear(const history::fact& item);
  void live();

  history::log& log_;
  http::server& web_;
  api::floor& shared_;
  const milliseconds timeout_;
  const std::string advertise_;
  domain::fleet_members members_;
  domain::fleet_rates rates_;
  std::unique_ptr<net::connector> connector_;  // null, as the two below, without a secret
  std::unique_ptr<api::peers> others_;
  std::unique_ptr<api::hand_over> handing_;
};

}  // namespace fanfare::server
