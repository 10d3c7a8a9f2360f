#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/executor.hpp>
#include <fanfare/base/metrics.hpp>
#include <fanfare/base/world.hpp>
#include <fanfare/http/exchange.hpp>

namespace fanfare::net {
class byte_stream;
}

namespace fanfare::http {

/// Cross-origin rules (Fetch standard, CORS protocol). An empty list sends no CORS headers at all.
struct cors_policy {
  std::vector<std::string> origins;  // exact origins ("https://app.example"), or "*" for any
  bool credentials = false;          // with "*", the request's origin is echoed, as the standard demands
  std::vector<std::string> methods = {"GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"};  // what preflights are told
  std::vector<std::string> allowed_headers;  // empty: whatever the preflight asks for
  std::vector<std::string> exposed_headers;  // what scripts may read of an answer
  unsigned max_age_s = 600;                  // how long a preflight counts
  /// Refuses requests to routes that ask for it (route_options::checks_origin) with 403 when they come from another
  /// origin than those listed and the server's own host: browsers hold WebSockets to no CORS rule.
  bool enforce = false;
};

/// Of an HTTP server.
struct server_options {
  /// "HOST:PORT"; port 0 takes a free one; host "localhost" means 127.0.0.1 and ::1; "[::]:8000" is IPv6.
  std::vector<std::string> listen = {"127.0.0.1:8000"};
  unsigned workers = 0;  // 0: one per core
  std::string tls_cert;  // PEM chain; empty: plain
  /// PEM, of the certificate.
  std::string tls_key;
  cors_policy cors;                         // who may read answers
  std::size_t connections_max = 10000;      // TCP connections; past it 503 and close
  std::size_t header_bytes_max = 16384;     // request line and header fields; 431
  std::size_t target_bytes_max = 8192;      // 414
  std::size_t body_bytes_max = 1000000;     // 413; a route may raise it
  std::size_t pipelined_bytes_max = 65536;  // bytes read ahead of the request being answered
  milliseconds header_timeout{10000};       // from the first byte of a request to the end of its headers
  milliseconds body_timeout{30000};         // from there to the end of its body; of a streamed one, to its next bytes
  milliseconds idle_timeout{60000};         // keep-alive, between requests
  milliseconds write_timeout{30000};        // a peer that reads nothing of an answer for this long is closed
  std::size_t compress_threshold = 1024;    // bytes; smaller answers are sent as they are
  metrics::registry* metrics = nullptr;     // nullptr: an own one
  const world* around = &real_world();      // clocks and chance, for this server and those attached to it
};

/// Of one route.
struct route_options {
  std::size_t body_bytes_max = 0;  // 0: the server's
  /// Whether this request's body, however long, is read by exchange::read_body(): its handler then runs as soon as the
  /// headers are there, and request::body stays empty. Thread: the connection's worker. Empty: never.
  std::function<bool(const request& head)> stream_body = {};
  bool checks_origin = false;  // refuses strangers where the policy enforces (cors_policy::enforce)
};

/// An HTTP/1.1 server (RFC 9112) with its workers: what the Socket.IO server, and any route of yours, is attached to.
/// Thread: set up on one thread before start(); the rest from any.
class server {
 public:
  /// Throws std::system_error or std::runtime_error when an address, a certificate or a bound is unusable.
  explicit server(server_options options = {});
  /// On workers of the program's own, which outlive it: what serve() is given is served, nothing is listened to. For
  /// programs with another event loop, and simulations.
  server(server_options options, executor_pool& workers);
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// Requests whose method and path match go to `work`, on the worker that read them. `pattern` is an absolute path;
  /// "{name}" matches one segment, a final "*" any rest. Method "*" matches all. Exact beats named beats rest.
  /// Unmatched paths answer 404, unmatched methods 405 with Allow; OPTIONS preflights are answered by the policy.
  void route(std::string_view method, std::string_view pattern, handler work, route_options options = {});

  /// Binds, listens and starts the workers. Not with workers of the program's own.
  void start();
  /// Serves the connection that `open` makes; answers 503 past connections_max, and asks for none far past it. The
  /// token counts the connection: it has to live as long as that does. Thread: `home`'s, one of the workers.
  using open_stream = std::function<std::unique_ptr<net::byte_stream>(std::shared_ptr<void> token)>;
  /// See open_stream.
  void serve(executor& home, const open_stream& open);
  /// start() unless that is done, then waits for stop() or, on the main thread, SIGINT or SIGTERM (which stop it).
  void run();
  /// Refuses new connections, lets answers under way finish for at most `grace`, then closes all. Idempotent; waits
  /// for the end, except on a worker's thread and in an on_stop hook; with workers of the program's own it closes at
  /// once what they get to, and waits for nothing.
  void stop(milliseconds grace = milliseconds{2000});
  /// Runs before the workers end, in reverse order of registration, on a thread of its own: the floors above close
  /// their connections, by posting to the workers.
  void on_stop(std::function<void()> work);

  /// Takes effect for the answers that follow. Thread: any, once started.
  void set_cors(const cors_policy& policy);
  /// As server_options says; who is connected stays. Thread: any, once started.
  void set_connections_max(std::size_t connections_max);

  /// The addresses bound, "127.0.0.1:41233", once started.
  [[nodiscard]] std::vector<std::string> addresses() const;
  /// The port of the first address.
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] executor_pool& workers() noexcept;               // those it serves on
  [[nodiscard]] metrics::registry& metrics() noexcept;           // where it counts
  [[nodiscard]] const server_options& options() const noexcept;  // as given
  [[nodiscard]] const world& around() const noexcept;            // its clocks and chance
  /// TCP connections open now.
  [[nodiscard]] std::size_t connections() const noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace fanfare::http
