#include "websocket/connection_driver.hpp"

#include <array>
#include <utility>

#include "websocket/close_payload.hpp"

namespace fanfare::websocket {
namespace {

// One buffer a thread serves all its connections: a message cut by its end is kept by the assembler. It is also the
// turn of one connection: after so many bytes the others are asked first.
constexpr std::size_t read_bytes = 65536;
std::span<char> scratch() {
  static thread_local const auto buffer = std::make_unique<std::array<char, read_bytes>>();
  return *buffer;
}

// Past this much a burst is written at once rather than at the end of the turn, for the kernel to take in meanwhile.
constexpr std::size_t burst_bytes_max = 65536;

constexpr auto never = std::chrono::hours(24 * 365 * 10);

std::unique_ptr<inflater> make_inflater(const handshake& agreed) {
  if (!agreed.deflate) return nullptr;
  return std::make_unique<inflater>(agreed.deflate->client_max_window_bits, agreed.deflate->client_no_context_takeover);
}

}  // namespace

connection_driver::connection_driver(std::unique_ptr<net::byte_stream> stream, executor& worker, http::request request,
                                     const options& settings, handshake agreed)
    : stream_(std::move(stream)),
      worker_(worker),
      request_(std::move(request)),
      protocol_(std::move(agreed.protocol)),
      head_(std::move(agreed.head)),
      assembler_({settings.message_bytes_max, settings.fragments_max}, make_inflater(agreed)),
      send_queue_bytes_max_(settings.send_queue_bytes_max),
      close_timeout_(settings.close_timeout),
      metrics_(settings.metrics) {
  if (!agreed.deflate || !settings.deflate) return;
  deflate_ = std::make_unique<deflater>(settings.deflate->level, agreed.deflate->server_max_window_bits,
                                        agreed.deflate->server_no_context_takeover);
  deflate_threshold_ = settings.deflate->threshold;
}

std::shared_ptr<connection_driver> connection_driver::self() {
  return std::static_pointer_cast<connection_driver>(shared_from_this());
}

void connection_driver::start(const std::function<void(connection_ptr)>& opened, std::string leftover) {
  const auto alive = self();
  hold(never);
  queue_.push(shared_bytes(std::move(head_)));
  schedule_flush();
  guarded([&] { opened(alive); });
  handle_input({leftover.data(), leftover.size()});
  if (state_ != state::closed) wait_readable();
}

void connection_driver::on_message(std::function<void(message)> work) {
  message_handler_ = std::make_shared<std::function<void(message)>>(std::move(work));
}

void connection_driver::on_close(std::function<void(std::uint16_t, std::string_view)> work) {
  close_handler_ = std::make_shared<std::function<void(std::uint16_t, std::string_view)>>(std::move(work));
}

void connection_driver::on_drain(std::function<void()> work) {
  drain_handler_ = std::make_shared<std::function<void()>>(std::move(work));
}

// Whatever a handler throws is its own failure: the connection ends with 1011, the worker goes on.
template <class Call>
void connection_driver::guarded(Call&& call) {
  try {
    call();
  } catch (...) {
    fail(close_code::internal_error, "", close_cause::handler_error);
  }
}

void connection_driver::wait_readable() {
  stream_->wait_readable([weak = weak_from_this()] {
    if (const auto alive = weak.lock()) static_cast<connection_driver&>(*alive).on_readable();
  });
}

void connection_driver::on_readable() {
  const auto alive = self();
  const auto buffer = scratch();
  const auto got = stream_->read_some(buffer);
  switch (got.status) {
    case net::io_status::ok:
      handle_input(buffer.first(got.bytes));
      break;
    case net::io_status::would_block:
      break;
    // After our shutdown the peer's end is what was awaited; before, it left without a word.
    case net::io_status::end:
      return drop(close_code::abnormal, "", close_cause::lost, true);
    case net::io_status::failed:
      return drop(close_code::abnormal, "", close_cause::lost, false);
  }
  if (state_ != state::closed) wait_readable();
}

void connection_driver::handle_input(std::span<char> input) {
  while (!input.empty() && state_ != state::lingering && state_ != state::closed) {
    auto item = assembler_.next(input);
    if (item.type != assembled::kind::none) handle(std::move(item));
  }
}

void connection_driver::handle(assembled item) {
  switch (item.type) {
    case assembled::kind::text:
    case assembled::kind::binary:
      return deliver(std::move(item));
    case assembled::kind::ping:
      if (state_ != state::open) return;  // §5.5.1: nothing after our close frame
      // In its place among what is sent; but to a peer that sends pings and does not read, only the last (§5.5.3).
      if (waiting_writable_ || queue_.bytes() >= burst_bytes_max)
        pending_pong_ = std::move(item.bytes);
      else
        queue_control(opcode::pong, item.bytes);
      return schedule_flush();
    case assembled::kind::close:
      return handle_peer_close(item.code, std::move(item.bytes));
    case assembled::kind::failure:
      return fail(item.code, item.bytes,
                  item.code == close_code::message_too_big   ? close_cause::too_big
                  : item.code == close_code::invalid_payload ? close_cause::invalid_payload
                                                             : close_cause::protocol_error);
    case assembled::kind::pong:
    case assembled::kind::none:
      return;
  }
}

void connection_driver::deliver(assembled item) {
  metrics_.received(item.bytes.size());
  const auto work = message_handler_;
  if (!work || !*work) return;
  guarded([&] { (*work)({item.type == assembled::kind::binary, std::move(item.bytes)}); });
}

void connection_driver::handle_peer_close(std::uint16_t code, std::string reason) {
  if (state_ == state::open) {
    queue_close(code == close_code::no_status ? 0 : code, "");
    end(code, reason, close_cause::peer);
  } else {
    end(our_code_, our_reason_, close_cause::local);
  }
  state_ = state::lingering;
  shut_down_when_written();
}

void connection_driver::send(framed_message_ptr message, bool compress) {
  if (state_ != state::open) return;
  queue_message(message, compress);
  after_queueing();
}

void connection_driver::send(const std::vector<framed_message_ptr>& messages, bool compress) {
  if (state_ != state::open) return;
  for (const auto& message : messages) queue_message(message, compress);
  after_queueing();
}

void connection_driver::queue_message(const framed_message_ptr& message, bool compress) {
  metrics_.sent(message->message().size());
  shared_bytes frame;
  if (compress && deflate_ && message->message().size() >= deflate_threshold_) frame = compressed(*message);
  queue_.push(frame.empty() ? message->frame() : std::move(frame));
}

// Empty when there is no memory for it: the message then leaves uncompressed (RFC 7692 §6 leaves the choice to us).
shared_bytes connection_driver::compressed(const framed_message& message) {
  std::string bytes(server_header_bytes_max, '\0');  // the header's size is known when the payload's is
  if (!deflate_->message(message.message(), bytes)) return {};
  frame_header header;
  header.rsv1 = true;
  header.code = message.binary() ? opcode::binary : opcode::text;
  header.length = bytes.size() - server_header_bytes_max;
  char encoded[header_bytes_max];
  const std::size_t size = encode_header(header, encoded);
  bytes.replace(server_header_bytes_max - size, size, encoded, size);
  return shared_bytes(std::move(bytes)).slice(server_header_bytes_max - size);
}

void connection_driver::queue_control(opcode code, std::string_view payload) {
  frame_header header;
  header.code = code;
  header.length = payload.size();
  char encoded[header_bytes_max];
  std::string frame(encoded, encode_header(header, encoded));
  queue_.push(shared_bytes(frame.append(payload)));
}

bool connection_driver::write_now() {
  const auto alive = self();
  if (state_ == state::open && !waiting_writable_) write_queue();
  return state_ == state::open && queue_.empty();
}

void connection_driver::ping(std::string_view payload) {
  if (state_ != state::open) return;
  queue_control(opcode::ping, payload.substr(0, control_payload_bytes_max));
  after_queueing();
}

void connection_driver::after_queueing() {
  undrained_ = true;
  if (queue_.bytes() >= burst_bytes_max && !waiting_writable_) write_queue();
  if (state_ != state::open) return;  // the stream failed just now
  // Bytes, not messages: one 8 MB attachment holds as much memory as 8,000 chat lines.
  if (queue_.bytes() > send_queue_bytes_max_) {
    return drop(close_code::abnormal, "send queue overflow", close_cause::overload, false);
  }
  schedule_flush();
}

// At the end of the turn, so that what a burst queues leaves in one write.
void connection_driver::schedule_flush() {
  if (flush_scheduled_ || waiting_writable_ || state_ == state::closed) return;
  flush_scheduled_ = true;
  worker_.defer([alive = self()] {
    alive->flush_scheduled_ = false;
    alive->flush();
  });
}

void connection_driver::on_writable() {
  waiting_writable_ = false;
  flush();
}

void connection_driver::flush() {
  if (state_ == state::closed || waiting_writable_) return;
  if (pending_pong_ && state_ == state::open) {
    queue_control(opcode::pong, *pending_pong_);
    pending_pong_.reset();
  }
  write_queue();
  if (state_ == state::closed || !queue_.empty()) return;
  shut_down_when_written();
  if (!std::exchange(undrained_, false)) return;
  const auto work = drain_handler_;
  if (work && *work && !ended_) guarded([&] { (*work)(); });
}

void connection_driver::write_queue() {
  send_queue::gathered buffers;
  while (!queue_.empty()) {
    const auto count = queue_.gather(buffers);
    const auto wrote = stream_->write_some(std::span(buffers).first(count));
    if (wrote.status == net::io_status::would_block) {
      waiting_writable_ = true;
      return stream_->wait_writable([weak = weak_from_this()] {
        if (const auto alive = weak.lock()) static_cast<connection_driver&>(*alive).on_writable();
      });
    }
    if (wrote.status != net::io_status::ok) return drop(close_code::abnormal, "", close_cause::lost, false);
    queue_.consume(wrote.bytes);
  }
}

void connection_driver::close(std::uint16_t code, std::string_view reason) {
  if (state_ != state::open) return;
  queue_close(code, reason);
  our_code_ = code == 0 ? close_code::no_status : may_travel(code) ? code : close_code::internal_error;
  our_reason_ = reason;
  state_ = state::closing;
}

void connection_driver::terminate() { drop(close_code::abnormal, "", close_cause::terminated, false); }

void connection_driver::queue_close(std::uint16_t code, std::string_view reason) {
  queue_control(opcode::close, encode_close(code, reason));
  pending_pong_.reset();
  schedule_flush();
  // A peer that neither answers nor reads must not keep the connection (§7.1.1).
  hold(close_timeout_);
}

// The timer owns the connection, so that it goes with the worker if not before. Were it owned by what waits on its
// stream, which it owns, a worker that stops would leave both behind.
void connection_driver::hold(milliseconds limit) {
  const auto before = timer_;
  timer_ = worker_.after(limit, [alive = self()] {
    alive->timer_ = 0;
    alive->drop(alive->our_code_, alive->our_reason_, close_cause::timeout, false);
  });
  worker_.cancel(before);
}

// §7.1.7. Nothing more is heard from the peer.
void connection_driver::fail(std::uint16_t code, std::string_view reason, close_cause cause) {
  if (state_ == state::lingering || state_ == state::closed) return;
  // The peer gets the code alone, as from Node's ws; the reason is for this side's on_close.
  if (state_ == state::open) queue_close(code, "");
  end(code, reason, cause);
  state_ = state::lingering;
  shut_down_when_written();
}

// The server ends TCP first (§7.1.1), but with a FIN and ears open: a close while bytes are unread would become a
// reset, which can overtake our close frame.
void connection_driver::shut_down_when_written() {
  if (state_ != state::lingering || !queue_.empty() || write_ended_) return;
  write_ended_ = true;
  stream_->shutdown_write();
}

void connection_driver::end(std::uint16_t code, std::string_view reason, close_cause cause) {
  if (std::exchange(ended_, true)) return;
  metrics_.closed(cause);
  worker_.post([alive = self(), code, text = std::string(reason)] {
    // What handlers have captured may be the connection itself.
    const auto work = std::exchange(alive->close_handler_, nullptr);
    alive->message_handler_ = nullptr;
    alive->drain_handler_ = nullptr;
    if (work && *work) alive->guarded([&] { (*work)(code, text); });
  });
}

void connection_driver::drop(std::uint16_t code, std::string_view reason, close_cause cause, bool orderly) {
  if (state_ == state::closed) return;
  const auto alive = self();  // the timer may be the last to hold us
  if (state_ == state::closing) {
    end(our_code_, our_reason_, cause);
  } else {
    end(code, reason, cause);
  }
  state_ = state::closed;
  worker_.cancel(std::exchange(timer_, 0));
  queue_.clear();
  pending_pong_.reset();
  if (orderly) {
    stream_->close();
  } else {
    stream_->reset();
  }
}

}  // namespace fanfare::websocket
