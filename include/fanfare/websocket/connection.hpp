#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/bytes.hpp>
#include <fanfare/base/executor.hpp>
#include <fanfare/base/metrics.hpp>
#include <fanfare/http/exchange.hpp>

namespace fanfare::websocket {

/// permessage-deflate (RFC 7692 §7.1): what this server offers to agree to.
struct deflate_options {
  bool server_no_context_takeover = false;  // each message of ours begins without what was before
  bool client_no_context_takeover = false;  // each message of the peer's does
  unsigned server_max_window_bits = 15;     // 9 to 15
  unsigned client_max_window_bits = 15;     // 2 to the power of it is the peer's window, in bytes
  std::size_t threshold = 1024;             // bytes; shorter messages are sent plain
  int level = 6;                            // zlib 0 to 9
};

/// Of a WebSocket endpoint.
struct options {
  std::size_t message_bytes_max = 1000000;      // after inflating; past it close 1009
  std::size_t fragments_max = 65536;            // frames of one message; past it close 1009
  std::size_t send_queue_bytes_max = 16777216;  // past it the connection is closed (overload)
  milliseconds close_timeout{5000};             // from our close frame to the end of TCP
  std::optional<deflate_options> deflate;       // off by default, as in Socket.IO
  std::vector<std::string> protocols;           // subprotocols, by preference
  http::fields response_headers;                // added to the 101
  metrics::registry* metrics = nullptr;         // nullptr: counts nowhere
};

/// A server-to-client message already framed (RFC 6455 §5.2: FIN, unmasked), so that the same bytes go to thousands
/// of sockets. Immutable.
class framed_message {
 public:
  /// `prefix` + `payload` become one message; prefix and payload stay readable without the frame header.
  framed_message(bool binary, std::string_view prefix, std::string_view payload);
  [[nodiscard]] bool binary() const noexcept { return binary_; }               // or text
  [[nodiscard]] const shared_bytes& frame() const noexcept { return frame_; }  // header and message, as they travel
  /// The message without its frame header.
  [[nodiscard]] std::string_view message() const noexcept { return frame_.view().substr(header_size_); }

 private:
  shared_bytes frame_;
  std::uint8_t header_size_ = 0;
  bool binary_ = false;
};
using framed_message_ptr = std::shared_ptr<const framed_message>;

/// One WebSocket connection of the server's side (RFC 6455). Thread: owning worker.
class connection : public std::enable_shared_from_this<connection> {
 public:
  /// What the peer sent.
  struct message {
    bool binary;        // or text
    std::string bytes;  // its content
  };

  virtual ~connection() = default;

  /// Called once per whole message, text already proven UTF-8. Handlers may be set again at any time.
  virtual void on_message(std::function<void(message)> work) = 0;
  /// Called once, when the connection has ended: the peer's close code (1005 when its frame had none), 1006 when it
  /// left without a close frame or we terminated; ours when we closed. Never runs inside a call of this class, and
  /// all handlers are dropped after it, so that they may hold the connection.
  virtual void on_close(std::function<void(std::uint16_t code, std::string_view reason)> work) = 0;
  /// Called when everything queued has been handed to the kernel.
  virtual void on_drain(std::function<void()> work) = 0;

  /// Queues one message; what one turn of the worker queues leaves in one write. Ignored once closing.
  /// `compress` matters only where permessage-deflate was agreed.
  virtual void send(framed_message_ptr message, bool compress = true) = 0;
  /// Queues many, which leave in as few writes as the kernel takes.
  virtual void send(const std::vector<framed_message_ptr>& messages, bool compress = true) = 0;
  /// See send().
  void send_text(std::string_view text) { send(std::make_shared<framed_message>(false, "", text)); }
  /// See send().
  void send_binary(std::string_view bytes) { send(std::make_shared<framed_message>(true, "", bytes)); }
  /// Offers the kernel what is queued at once instead of at the turn's end; whether all of it has left.
  virtual bool write_now() = 0;
  /// Up to 125 bytes.
  virtual void ping(std::string_view payload = {}) = 0;

  /// Sends a close frame after what is queued and waits for the peer's; messages that come before it are still
  /// delivered. 0 sends an empty frame (§5.5.1), a code that may not travel becomes 1011, a long reason is cut.
  virtual void close(std::uint16_t code = 1000, std::string_view reason = {}) = 0;
  /// Drops the connection at once.
  virtual void terminate() = 0;

  [[nodiscard]] virtual std::size_t queued_bytes() const noexcept = 0;      // of what has not been sent yet
  [[nodiscard]] virtual const http::request& request() const noexcept = 0;  // the one that was upgraded
  [[nodiscard]] virtual executor& worker() noexcept = 0;                    // the one that owns it
  [[nodiscard]] virtual std::string_view protocol() const noexcept = 0;     // the one agreed on; "" without
};
using connection_ptr = std::shared_ptr<connection>;

/// Whether the request asks for a WebSocket (§4.2.1): GET, Upgrade and Connection tokens.
[[nodiscard]] bool is_upgrade(const http::request& request) noexcept;

/// Answers the opening handshake on `target`'s worker and hands the connection over there; a bad handshake is
/// answered 400 (or 426 with Sec-WebSocket-Version) and `opened` is not called.
/// `opened` must set the handlers before it returns.
void accept(const http::exchange_ptr& exchange, executor& target, const options& options,
            std::function<void(connection_ptr)> opened);

}  // namespace fanfare::websocket
