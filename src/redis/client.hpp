#pragma once

// What the rest of the server asks Redis through: one interface, whatever redis.url says. Inbound: floors above.
// Outbound: link (standalone, Sentinel), cluster_client.

#include <functional>
#include <memory>
#include <string>

#include <fanfare/base/error.hpp>
#include <fanfare/base/executor.hpp>
#include <fanfare/net/connector.hpp>

#include "redis/link.hpp"
#include "redis/request.hpp"
#include "redis/url.hpp"

namespace fanfare::redis {

struct client_options {
  link_options connection;  // its terms' user, password, database and check_master come from the URL
  intake::bounds bounds;
  milliseconds request_timeout{5000};
  unsigned redirections_max = 5;  // of one request, by MOVED and ASK, without a pause
};

/// How one request differs from client_options.
struct request_options {
  milliseconds timeout{0};  // 0: client_options::request_timeout
  bool repeatable = false;  // see request::repeatable
};

/// Pipelines all requests over one connection a server; replies come in the order of the requests to the same server.
/// What Redis refused without running it (LOADING, READONLY after a failover, MOVED, ASK, TRYAGAIN, CLUSTERDOWN) is
/// sent again, to the right place, until its deadline. Thread: the executor's.
class client {
 public:
  virtual ~client() = default;

  /// `done` runs once, on the executor. It runs inline only with what is known at once: overload (the bounds), closed.
  /// Fails: timeout (the server was too slow; the commands may run yet), unavailable (no connection until the deadline;
  /// or one was lost after sending and nobody knows whether the commands ran), overload, closed.
  virtual void submit(batch commands, answered done, request_options how = {}) = 0;
  /// A connection that subscribe commands of `slot`, if any, may use.
  [[nodiscard]] virtual std::shared_ptr<locator> locate_subscriptions(std::optional<std::uint16_t> slot) = 0;
  /// Whether requests would be sent at once.
  [[nodiscard]] virtual bool ready() const = 0;
  /// Ends everything; requests under way are told closed. Idempotent, the destructor does it too.
  virtual void close() = 0;

  /// Called with the reason when a connection ends or an attempt fails, with "" when one is ready. It must not destroy
  /// the client.
  std::function<void(const std::string& reason)> on_state;
};

/// The client that the URL asks for. `home` and `connector` must outlive it; the connector's TLS must be as
/// `where.secure` says. Thread: `home`'s.
[[nodiscard]] std::unique_ptr<client> make_client(executor& home, net::connector& connector, const url& where,
                                                  client_options options);

/// Terms of a connection to the servers of `where` (not to its sentinels).
[[nodiscard]] connection_terms terms_of(const url& where, connection_terms base);

}  // namespace fanfare::redis
