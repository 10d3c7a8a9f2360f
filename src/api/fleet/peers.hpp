#pragma once

// Floor 7. Asking the other nodes of the fleet, each question with a ticket under the fleet's secret.
// Inbound: hand_over, administration. Outbound: http::client, a net::connector of floor 8.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <fanfare/base/world.hpp>
#include <fanfare/http/client.hpp>
#include <fanfare/http/message.hpp>
#include <fanfare/net/connector.hpp>

#include "domain/fleet/fleet_members.hpp"
#include "domain/fleet/ticket.hpp"

namespace fanfare::api {

class peers {
 public:
  struct options {
    std::string node;    // this one's name
    std::string secret;  // of the fleet
    http::client_options http;
  };
  /// All must outlive it. `connector` speaks TLS if the nodes do.
  peers(executor_pool& workers, net::connector& connector, const domain::fleet_members& fleet, const world& around,
        options how);

  /// `done` runs once, on `home`, one of the workers, whose thread this is. `client_address`: on whose behalf, or "".
  /// Dropping what is returned ends the question. Fails: as http::client::ask; unavailable, for an address that is
  /// none.
  [[nodiscard]] std::shared_ptr<void> ask(executor& home, const domain::node_info& node, http::request what,
                                          const std::string& client_address, milliseconds timeout,
                                          http::client::answered done);
  /// A connection of the caller's own, and what `what` is on it, the ticket with it. Dropping cancels.
  using connected = std::function<void(result<std::unique_ptr<net::byte_stream>>, std::string text)>;
  [[nodiscard]] std::shared_ptr<void> connect(executor& home, const domain::node_info& node, http::request what,
                                              const std::string& client_address, connected done);

  /// The ticket of a request from another node, nothing of one from anybody else. Fails: forbidden. Thread: any.
  [[nodiscard]] result<std::optional<domain::ticket>> check(const http::request& what) const;
  /// The other nodes that live, also those that do not say where. Thread: any.
  [[nodiscard]] std::vector<domain::node_info> others() const;

 private:
  void sign(http::request& what, const std::string& client_address) const;

  net::connector& connector_;
  const domain::fleet_members& fleet_;
  const world& around_;
  const options how_;
  std::vector<std::unique_ptr<http::client>> clients_;  // by worker
};

}  // namespace fanfare::api
