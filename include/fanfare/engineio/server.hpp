#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/engineio/packet.hpp>
#include <fanfare/http/server.hpp>

namespace fanfare::engineio {

/// Why a session ended, in Node's words (engine.io Socket "close").
enum class close_reason : std::uint8_t {
  transport_error,  // "transport error"
  transport_close,  // "transport close"
  ping_timeout,     // "ping timeout"
  parse_error,      // "parse error"
  forced_close,     // "forced close": this side closed
  server_shutdown,  // "forced server close"
  overload,         // "send queue overflow": the byte bound of the send queue was reached
};
[[nodiscard]] std::string_view to_string(close_reason reason) noexcept;

/// What allow_request may decide: the HTTP status, and {"code", "message"} of the body (the bare message to an
/// upgrade request).
struct refusal {
  unsigned status = 403;              // of HTTP
  unsigned code = 4;                  // Engine.IO error code, Node's numbers
  std::string message = "Forbidden";  // for people
};

/// Of an Engine.IO server.
struct server_options {
  std::vector<std::string> paths;           // empty: "/engine.io/"
  milliseconds ping_interval{25000};        // between two pings
  milliseconds ping_timeout{20000};         // for the pong, before the session ends
  milliseconds upgrade_timeout{10000};      // for the probe of an upgrade
  std::size_t max_payload_bytes = 1000000;  // of one POST body (413, the session lives), and of one WebSocket message
  bool polling = true;                      // whether long-polling is offered
  bool websocket = true;                    // whether WebSocket is offered
  bool allow_upgrades = true;               // from polling to WebSocket
  bool http_compression = true;             // of polling answers past http::server_options::compress_threshold
  std::optional<websocket::deflate_options> deflate;  // permessage-deflate; empty: not offered
  std::size_t packets_per_poll_max = 10000;           // packets in one POST
  std::size_t sessions_max = 10000;                   // past it: 503, Node's code 3 body
  /// Per session: what the kernel, or the next poll, has not taken yet. A session past it is closed (overload) when it
  /// takes nothing for send_timeout, and at once by what would pass it by more than max_payload_bytes: so one large
  /// message, or a turn's burst, reaches a client that reads.
  std::size_t send_queue_bytes_max = 4194304;
  milliseconds send_timeout{10000};  // see above
  std::string cookie;                // name of a cookie holding the session id; "" sends none

  /// Asked for every handshake, before a session exists; call `done` once, from any thread, with nothing to allow.
  std::function<void(const http::request&, std::function<void(std::optional<refusal>)> done)> allow_request;
  /// Of several nodes behind a balancer that knows of no sessions: this one's number, which the ids that it gives then
  /// name, and who is asked for requests that name another node, or a session of this number that is not here. It
  /// answers the exchange from there, or runs `unknown`, once, on any thread. `admits` refuses with 403 what only
  /// pretends to come from a node. Thread: a worker's.
  struct fleet_terms {
    std::uint16_t node = 0;  // this one's
    /// Asked for requests of other nodes' sessions.
    std::function<void(std::uint16_t node, const http::exchange_ptr&, std::function<void()> unknown)> hand_over;
    std::function<bool(const http::request&)> admits;  // whether a node sent it
  };
  std::optional<fleet_terms> fleet;  // empty: one node
  /// Adds headers: to the handshake's answer only, and to every answer.
  std::function<void(http::fields&, const http::request&)> initial_headers;
  std::function<void(http::fields&, const http::request&)> headers;  // to every answer
};

/// One Engine.IO session (v4), whatever transport carries it now. Thread: owning worker, but for id() and worker().
class socket : public std::enable_shared_from_this<socket> {
 public:
  /// What a client sent.
  struct message {
    bool binary;        // or text
    std::string bytes;  // its content
  };

  virtual ~socket() = default;
  [[nodiscard]] virtual const std::string& id() const noexcept = 0;  // 20 characters of base64url
  [[nodiscard]] virtual executor& worker() noexcept = 0;             // the one that owns the session
  /// The request that opened the session; the carrying POST or upgrade request is carrier().
  [[nodiscard]] virtual const http::request& request() const noexcept = 0;
  /// The request that carried the message being handled.
  [[nodiscard]] virtual const http::request& carrier() const noexcept = 0;
  [[nodiscard]] virtual std::string_view transport() const noexcept = 0;  // "polling" or "websocket"

  /// Runs for each message.
  virtual void on_message(std::function<void(message)> work) = 0;
  /// Runs once, when the session has ended.
  virtual void on_close(std::function<void(close_reason)> work) = 0;
  /// The session moved from polling to WebSocket.
  virtual void on_upgrade(std::function<void()> work) = 0;

  /// Queues one packet; what one turn of the loop queues leaves in one write or poll.
  virtual void send(outbound packet, const send_options& options = {}) = 0;
  /// Queues a packet and its attachments, all or nothing.
  virtual void send(const std::vector<outbound>& packets, const send_options& options = {}) = 0;
  /// Ends the session after what is queued: by polling with an Engine.IO close packet, which the next poll fetches
  /// within 30 s; by WebSocket with an empty close frame, as Node does. `discard` drops the queue and waits for
  /// nothing.
  virtual void close(bool discard = false) = 0;
  /// Ends the transport alone, as a broken network would: a WebSocket close frame, or a poll answered with NOOP, after
  /// which the session id is unknown. The session ends with transport_close.
  virtual void close_transport() = 0;

  [[nodiscard]] virtual std::size_t queued_bytes() const noexcept = 0;  // of what has not been sent yet
  /// Runs `work` once, when all that is queued has been handed to the kernel or a poll; never inline, and not at all if
  /// the session ends first. A second call takes the place of the first.
  virtual void when_drained(std::function<void()> work) = 0;
  /// Whether a packet sent now would leave at once.
  [[nodiscard]] virtual bool writable() const noexcept = 0;
};
using socket_ptr = std::shared_ptr<socket>;

/// An Engine.IO v4 server attached to an HTTP server's routes. Thread: set up before http::server::start().
class server {
 public:
  explicit server(http::server& web, server_options options = {});
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// Runs on the session's worker when the handshake has been accepted, before its OPEN packet leaves. What it sends
  /// follows OPEN: in frames of their own, or in the answer to the first poll after the handshake's.
  void on_connection(std::function<void(socket_ptr)> work);
  /// Sessions open now. Thread: any.
  [[nodiscard]] std::size_t sessions() const noexcept;
  /// Sessions by transport, for statistics. Thread: any.
  [[nodiscard]] std::size_t sessions(std::string_view transport) const noexcept;
  /// Ends every session (server_shutdown), after what can leave at once. http::server::stop does it too. Thread: any.
  void close_all();
  /// Runs `work` for every session, each on its own worker. Thread: any.
  void for_each(std::function<void(const socket_ptr&)> work);

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace fanfare::engineio
