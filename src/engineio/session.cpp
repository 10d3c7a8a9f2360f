#include "engineio/session.hpp"

#include <utility>

#include "engineio/payload_codec.hpp"

namespace fanfare::engineio {

namespace {

session_fsm::terms terms_of(const server_options& options) {
  return {options.ping_interval, options.ping_timeout, options.upgrade_timeout,
          options.allow_upgrades && options.websocket};
}

bool names_close(std::string_view payload) {
  const char close[] = {payload_separator, '1', '\0'};
  return payload.starts_with('1') || payload.find(close) != std::string_view::npos;
}

/// Close codes with which the WebSocket floor itself ends a connection for what the peer sent (RFC 6455 §7.4.1).
bool is_error(std::uint16_t code) noexcept { return code == 1002 || code == 1003 || (code >= 1007 && code <= 1010); }

}  // namespace

session::session(std::shared_ptr<session_table> table, std::string id, http::request handshake,
                 std::shared_ptr<reservation> place)
    : table_(std::move(table)),
      id_(std::move(id)),
      request_(std::move(handshake)),
      place_(std::move(place)),
      terms_(terms_of(table_->options())),
      fsm_(*this, terms_),
      polling_(table_->options(), id_) {}

void session::start(session_fsm::carrier how) {
  const auto& options = table_->options();
  const bool by_polling = how == session_fsm::carrier::polling;
  queue_.push(encode_open({id_, by_polling && terms_.allow_upgrades, options.ping_interval, options.ping_timeout,
                           options.max_payload_bytes}),
              true, {}, /*pause_after=*/true);
  fsm_.open(how);
  auto& count = table_->count();
  count.opened.add();
  (by_polling ? count.polling : count.websocket).fetch_add(1, std::memory_order_relaxed);
  (by_polling ? count.polling_gauge : count.websocket_gauge).add();
  mark_dirty();
}

void session::open_polling(http::exchange_ptr handshake) {
  const auto number = polling_.park(handshake);
  start(session_fsm::carrier::polling);
  handshake->on_abort([weak = std::weak_ptr(self()), number] {
    if (const auto one = weak.lock(); one && one->polling_.is_parked(number)) {
      one->polling_.forget();
      one->fsm_.on_poll_aborted();
    }
  });
}

void session::open_websocket(const websocket::connection_ptr& connection) {
  websocket_ = websocket_transport(connection);
  listen(connection);
  start(session_fsm::carrier::websocket);
}

void session::on_get(const http::exchange_ptr& poll) {
  if (polling_.parked() || ended()) {
    (void)fsm_.on_poll();
    table_->count().failed(cause::overlap);
    return polling_.refuse(poll, 400);
  }
  const auto number = polling_.park(poll);
  (void)fsm_.on_poll();
  if (!polling_.is_parked(number)) return;
  // The report comes on the worker that owns the connection, which may be another.
  poll->on_abort([weak = std::weak_ptr(self()), number] {
    const auto one = weak.lock();
    if (one == nullptr) return;
    auto report = [one, number] {
      if (!one->polling_.is_parked(number)) return;
      one->polling_.forget();
      one->fsm_.on_poll_aborted();
    };
    one->worker().dispatch(std::move(report));
  });
}

void session::on_post(const http::exchange_ptr& post) {
  const auto& request = post->request();
  const auto& options = table_->options();
  if (request.body.size() > options.max_payload_bytes) {
    table_->count().failed(cause::payload_too_large);
    polling_.refuse(post, 413);
    const auto poll = polling_.forget();
    if (poll) fsm_.on_poll_answered();
    table_->mark_refused(id_);
    fsm_.on_fault(close_reason::transport_error);
    if (!poll) return;
    worker().after(session_table::refusal_head_start, [one = self(), poll] {
      one->polling_.park(poll);
      one->polling_.answer("1");
    });
    return;
  }
  if (request.headers.get("Content-Type") == "application/octet-stream") {  // binary bodies ended with v3
    table_->count().failed(cause::parse_error);
    fsm_.on_fault(close_reason::transport_error);
    return polling_.refuse(post, 400);
  }
  if (polling_.parked() || !names_close(request.body)) return take_payload(post);
  worker().after(close_patience, [one = self(), post] { one->take_payload(post); });
}

void session::take_payload(const http::exchange_ptr& post) {
  auto payload = decode_payload(post->request().body, table_->options().packets_per_poll_max);
  carrier_ = &post->request();
  for (auto& packet : payload.packets) {
    table_->count().packets_in.add();
    fsm_.on_packet(std::move(packet));
  }
  carrier_ = nullptr;
  if (payload.fault) {
    table_->count().failed(payload.fault->code == errc::over_limit ? cause::over_limit : cause::parse_error);
    if (!ended()) fsm_.on_fault(close_reason::parse_error);
  }
  polling_.confirm(post);
}

void session::on_probe(const websocket::connection_ptr& connection) {
  if (!fsm_.on_probe_open()) {
    table_->count().failed(cause::upgrade_refused);
    // Handlers must be set, and this one needs none.
    connection->on_message([](auto) {});
    return connection->close(0);
  }
  probe_ = connection;
  listen(connection);
}

bool session::is_carrier(const websocket::connection& connection) const noexcept {
  return websocket_.connection().get() == &connection;
}

void session::listen(const websocket::connection_ptr& connection) {
  // The session holds the connection and the connection its handlers: they name the session weakly.
  auto* const raw = connection.get();
  connection->on_message([weak = std::weak_ptr(self()), raw](websocket::connection::message in) {
    if (const auto one = weak.lock()) one->on_websocket_message(*raw, std::move(in));
  });
  connection->on_close([weak = std::weak_ptr(self()), raw](std::uint16_t code, std::string_view) {
    if (const auto one = weak.lock()) one->on_websocket_closed(*raw, code);
  });
  connection->on_drain([weak = std::weak_ptr(self())] {
    const auto one = weak.lock();
    if (one == nullptr) return;
    one->websocket_.drained();
    one->flush_now();
  });
}

void session::on_websocket_message(websocket::connection& connection, websocket::connection::message in) {
  auto decoded = decode_packet(std::move(in.bytes), in.binary);
  if (!decoded)
    table_->count().failed(cause::parse_error);
  else
    table_->count().packets_in.add();
  if (probe_.get() == &connection) {
    static const packet unreadable;
    return fsm_.on_probe_packet(decoded ? *decoded : unreadable, decoded.has_value());
  }
  if (!is_carrier(connection)) return;
  resume_writes();
  if (!decoded) return ended() ? void() : fsm_.on_fault(close_reason::parse_error);
  const auto keep = websocket_.connection();
  carrier_ = &keep->request();
  fsm_.on_packet(std::move(*decoded));
  carrier_ = nullptr;
}

void session::on_websocket_closed(websocket::connection& connection, std::uint16_t code) {
  if (probe_.get() == &connection) {
    probe_ = nullptr;
    return fsm_.on_probe_closed();
  }
  if (!is_carrier(connection)) return;
  websocket_ = {};
  fsm_.on_websocket_closed(is_error(code));
}

void session::shut_down() {
  flush_now();
  fsm_.close(true, close_reason::server_shutdown);
}

std::string_view session::transport() const noexcept {
  return fsm_.by() == session_fsm::carrier::polling ? "polling" : "websocket";
}

bool session::writable() const noexcept {
  if (fsm_.now() != session_fsm::state::open) return false;
  if (fsm_.by() == session_fsm::carrier::websocket) return websocket_.idle();
  return polling_.parked() && !polling_.opening();
}

std::size_t session::queued_bytes() const noexcept { return queue_.bytes() + websocket_.queued_bytes(); }

void session::when_drained(std::function<void()> work) {
  if (ended()) return;
  drained_work_ = std::move(work);
  mark_dirty();
}

bool session::admit(std::size_t bytes, std::size_t packets, const send_options& options) {
  if (fsm_.now() != session_fsm::state::open) return false;
  if (options.is_volatile && !writable()) {
    table_->count().volatile_dropped.add(static_cast<double>(packets));
    return false;
  }
  const auto& bounds = table_->options();
  if (!queue_.would_pass(bounds.send_queue_bytes_max, bytes, packets)) return true;
  // What can leave at once does not count as queued.
  const auto keep = self();
  offer();
  if (ended() || !queue_.would_pass(bounds.send_queue_bytes_max, bytes, packets)) return !ended();
  // Nor does one turn's burst condemn a peer that has not had the time to read: what counts then is whether it does.
  if (queue_.would_pass(bounds.send_queue_bytes_max + bounds.max_payload_bytes, bytes, packets)) {
    fsm_.on_overload();
    return false;
  }
  watch_progress();
  return true;
}

void session::send(outbound packet, const send_options& options) {
  if (!admit(packet->message().size(), 1, options)) return;
  queued(queue_.push(std::move(packet), options.compress, options.conflate_key, options.pause_after));
}

void session::send(const std::vector<outbound>& packets, const send_options& options) {
  std::size_t bytes = 0;
  for (const auto& packet : packets) bytes += packet->message().size();
  if (packets.empty() || !admit(bytes, packets.size(), options)) return;
  queued(queue_.push(packets, options.compress, options.conflate_key));
}

void session::queued(std::size_t conflated) {
  if (conflated != 0) table_->count().conflated.add(static_cast<double>(conflated));
  mark_dirty();
}

void session::mark_dirty() {
  if (dirty_) return;
  dirty_ = true;
  table_->flush_later(self());
}

void session::close(bool discard) {
  const auto keep = self();
  fsm_.close(discard);
}

void session::close_transport() {
  const auto keep = self();
  fsm_.drop_carrier();
}

}  // namespace fanfare::engineio
