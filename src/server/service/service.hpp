#pragma once

// Floor 8. The whole event server: makes the parts, wires them, and takes them down in the right order.
// Inbound: serve. Outbound: every floor below.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <fanfare/http/server.hpp>

#include "domain/catalogue/catalogue.hpp"
#include "server/configuration/configuration.hpp"
#include "server/log.hpp"

namespace fanfare::server {

inline constexpr std::string_view version = "0.1.0";

/// Thread: one; the parts have their own.
class service {
 public:
  /// Makes everything, listens to nothing yet. Throws config_error, std::runtime_error.
  service(const configuration& settings, log& lines);
  ~service();  // stop()

  /// Throws std::system_error when an address cannot be had.
  void start();
  /// Takes the reloadable keys of `settings`. Throws config_error, and then changes nothing.
  void reload(const configuration& settings);
  /// From now on /readyz is false, CONNECTs and publishing are refused as draining.
  void drain();
  /// Disconnects every client, lets answers under way finish, ends the workers. Idempotent.
  void stop();

  /// What the dashboard signs in with by itself (api::dashboard::dev), and whether under any host name. Before start().
  void give_away(value dev, bool to_any_host);
  [[nodiscard]] http::server& web() noexcept;
  /// "http://127.0.0.1:8000", of the first address.
  [[nodiscard]] std::string url() const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace fanfare::server
