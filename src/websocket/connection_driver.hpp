#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/websocket/connection.hpp>

#include <fanfare/net/byte_stream.hpp>
#include "websocket/connection_metrics.hpp"
#include "websocket/deflate.hpp"
#include "websocket/handshake.hpp"
#include "websocket/message_assembler.hpp"
#include "websocket/send_queue.hpp"

// Performs the I/O of one connection: net/byte_stream -> message_assembler -> handlers, and send -> send_queue ->
// net/byte_stream. While idle it holds no read buffer and no queue.

namespace fanfare::websocket {

/// Thread: owning worker. Its worker keeps it alive until the connection has ended.
/// No handler ever runs inside a call of the owner: on_close and on_drain come later, from the worker.
class connection_driver final : public connection {
 public:
  connection_driver(std::unique_ptr<net::byte_stream> stream, executor& worker, http::request request,
                    const options& settings, handshake agreed);

  /// Queues the 101, has `opened` set the handlers, then begins with what was read past the request.
  void start(const std::function<void(connection_ptr)>& opened, std::string leftover);

  void on_message(std::function<void(message)> work) override;
  void on_close(std::function<void(std::uint16_t, std::string_view)> work) override;
  void on_drain(std::function<void()> work) override;
  void send(framed_message_ptr message, bool compress) override;
  void send(const std::vector<framed_message_ptr>& messages, bool compress) override;
  bool write_now() override;
  void ping(std::string_view payload) override;
  void close(std::uint16_t code, std::string_view reason) override;
  void terminate() override;
  [[nodiscard]] std::size_t queued_bytes() const noexcept override { return queue_.bytes(); }
  [[nodiscard]] const http::request& request() const noexcept override { return request_; }
  [[nodiscard]] executor& worker() noexcept override { return worker_; }
  [[nodiscard]] std::string_view protocol() const noexcept override { return protocol_; }

 private:
  enum class state : std::uint8_t {
    open,
    closing,    // our close frame is queued or sent; the peer's is awaited
    lingering,  // the WebSocket has ended; our last bytes leave, what comes is thrown away until the peer's FIN
    closed,
  };
  [[nodiscard]] std::shared_ptr<connection_driver> self();

  void wait_readable();
  void on_readable();
  void handle_input(std::span<char> input);
  void handle(assembled item);
  void handle_peer_close(std::uint16_t code, std::string reason);
  void deliver(assembled item);
  template <class Call>
  void guarded(Call&& call);

  void queue_message(const framed_message_ptr& message, bool compress);
  void queue_control(opcode code, std::string_view payload);
  [[nodiscard]] shared_bytes compressed(const framed_message& message);
  void after_queueing();
  void schedule_flush();
  void on_writable();
  void flush();
  void write_queue();
  void shut_down_when_written();

  void fail(std::uint16_t code, std::string_view reason, close_cause cause);
  void queue_close(std::uint16_t code, std::string_view reason);
  void hold(milliseconds limit);
  void end(std::uint16_t code, std::string_view reason, close_cause cause);
  void drop(std::uint16_t code, std::string_view reason, close_cause cause, bool orderly);

  std::unique_ptr<net::byte_stream> stream_;
  executor& worker_;
  http::request request_;
  std::string protocol_, head_;
  message_assembler assembler_;
  std::unique_ptr<deflater> deflate_;
  std::size_t deflate_threshold_ = 0, send_queue_bytes_max_;
  milliseconds close_timeout_;
  connection_metrics metrics_;

  send_queue queue_;
  std::optional<std::string> pending_pong_;  // for a peer that does not read now: only the latest ping is answered
  timer_id timer_ = 0;
  state state_ = state::open;
  bool flush_scheduled_ = false, waiting_writable_ = false, undrained_ = false, write_ended_ = false;
  bool ended_ = false;  // on_close has been scheduled
  std::uint16_t our_code_ = 0;
  std::string our_reason_;

  // Shared, so that a handler may be replaced while it runs.
  std::shared_ptr<std::function<void(message)>> message_handler_;
  std::shared_ptr<std::function<void(std::uint16_t, std::string_view)>> close_handler_;
  std::shared_ptr<std::function<void()>> drain_handler_;
};

}  // namespace fanfare::websocket
