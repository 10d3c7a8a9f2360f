#include "api/gateway/gateway_session.hpp"

#include <algorithm>
#include <utility>

#include <fanfare/base/edit_distance.hpp>
#include <fanfare/base/rfc3339.hpp>

#include "api/gateway/gateway.hpp"
#include "domain/catalogue/client_commands.hpp"
#include "domain/envelope.hpp"

namespace fanfare::api {

namespace {

/// What to say of a command that there is none of; nothing for those there are.
std::optional<error> unknown_command(std::string_view name) {
  const auto& known = domain::client_commands;
  if (std::ranges::find(known, name, &domain::client_command::name) != known.end()) return std::nullopt;
  constexpr std::size_t compared_bytes_max = 32;
  const auto given = name.substr(0, compared_bytes_max);
  const auto nearest =
      std::ranges::min_element(known, {}, [given](const auto& command) { return edit_distance(given, command.name); });
  return error{errc::bad_request, "there is no such command; did you mean \"" + std::string(nearest->name) + "\"?", {}};
}

}  // namespace

void gateway_session::start(gateway& at, const socketio::socket_ptr& socket, domain::principal who, std::string pid,
                            std::uint64_t seen) {
  const auto session = std::make_shared<gateway_session>(at, socket, std::move(who), std::move(pid));
  session->open(seen);
}

gateway_session::gateway_session(gateway& at, const socketio::socket_ptr& socket, domain::principal who,
                                 std::string pid)
    : at_(at), socket_(socket), who_(std::make_shared<const domain::principal>(std::move(who))), pid_(std::move(pid)) {
  const auto limits = at.live.current();
  rate_ = token_bucket(limits->commands_per_second, limits->commands_burst, socket->worker().now());
}

gateway_session::~gateway_session() = default;

void gateway_session::open(std::uint64_t seen) {
  const auto socket = socket_.lock();
  const auto limits = at_.live.current();
  recovery::session before;
  if (!pid_.empty()) {
    auto begun = at_.recovery->begin(pid_, socket);
    if (!begun) return socket->close_transport();
    before = std::move(*begun);
  }
  const auto row = at_.connections.add({.id = socket->id(),
                                        .user = who_->sub,
                                        .who = who_,
                                        .nsp = socket->nsp().name(),
                                        .address = socket->handshake().address,
                                        .connected_ms = at_.says.around.unix_ms()},
                                       socket, limits->connections);
  if (!row) {
    // Others came between the CONNECT's check and now.
    if (!pid_.empty()) at_.recovery->drop(pid_);
    send("connection.error",
         {{"code", describe(errc::over_limit).client_code}, {"message", describe(errc::over_limit).message}});
    return socket->disconnect(true);
  }
  row_ = *row;
  open_ = true;
  socket->on_disconnect([self = shared_from_this()](std::string_view reason) { self->close(reason); });
  rooms_ = std::make_shared<subscriptions>(at_, socket, row_, who_, pid_);
  if (!enter_rooms(before, seen)) return;
  listen(socket);
  at_.says.log_to(severity::debug, "connected",
                  {{"connection", socket->id()}, {"user", who_->sub}, {"namespace", socket->nsp().name()}});
  arm_expiry();
}

/// Those that every session is in or, of one that comes back, its own; greets the client.
bool gateway_session::enter_rooms(const recovery::session& before, std::uint64_t seen) {
  const auto socket = socket_.lock();
  if (!socket->recovered()) {
    const std::vector<std::string> own{"user:" + who_->sub, "global"};
    std::string cursor;
    rooms_->subscribe({.rooms = own, .own = true}, [&cursor](const auto& in) {
      if (in) cursor = in->cursor;
    });
    if (cursor.empty()) {
      if (!pid_.empty()) at_.recovery->drop(pid_);
      socket->disconnect(true);
      return false;
    }
    greet(own, pid_.empty() ? "" : cursor);
    rooms_->remember([] {});
    return true;
  }
  // The client has been told that it is back. When that turns out wrong, the connection ends without its session, and
  // the client comes again as a new one.
  const auto fail = [weak = socket_, self = shared_from_this()] {
    self->at_.recovery->drop(self->pid_);
    if (const auto ended = weak.lock()) ended->close_transport();
  };
  std::vector<std::string> names;
  for (const auto& room : before.rooms) names.push_back(room.name);
  greet(names, "");
  const auto entered = rooms_->restore(before.rooms, seen, [fail](bool recovered) {
    if (!recovered) fail();
  });
  if (!entered || before.sid.empty()) {
    fail();
    return false;
  }
  rooms_->remember([] {});
  return true;
}

void gateway_session::greet(const std::vector<std::string>& rooms, std::string offset) {
  const auto socket = socket_.lock();
  object data{{"connection_id", socket->id()},
              {"user_id", who_->sub},
              {"rooms", array(rooms.begin(), rooms.end())},
              {"server_time", format_rfc3339(at_.says.around.now())}};
  if (who_->expires_at) data.set("expires_at", format_rfc3339(*who_->expires_at));
  data.set("heartbeat_interval_ms", at_.heartbeat.count());
  data.set("server_version", at_.version);
  send("connection.established", std::move(data), std::move(offset));
}

void gateway_session::close(std::string_view reason) {
  if (!open_) return;
  open_ = false;
  if (const auto socket = socket_.lock()) socket->worker().cancel(expiry_timer_);
  if (rooms_) rooms_->close();
  at_.connections.remove(row_);
  // As in Node: who left the namespace, or was put out of it, does not come back to it.
  const bool comes_back = reason != "client namespace disconnect" && reason != "server namespace disconnect";
  if (!pid_.empty()) at_.recovery->end(pid_, comes_back, at_.says.around.unix_ms());
  at_.says.log_to(severity::debug, "disconnected", {{"user", who_->sub}});
}

void gateway_session::listen(const socketio::socket_ptr& socket) {
  // The rate counts every event a client sends, known or not.
  socket->use([self = shared_from_this()](socketio::event& event, const socketio::socket::next& next) {
    const auto socket = self->socket_.lock();
    const auto now = socket ? socket->worker().now() : steady_time{};
    auto wait = socket ? self->rate_.take(now) : std::optional<milliseconds>{0};
    if (!wait) {
      const auto of_user = self->at_.user_command_rate.take(self->who_->sub, now);
      if (of_user.allowed) {
        const auto unknown = unknown_command(event.name);
        if (!unknown) return next(std::nullopt);
        self->fail({event.name, "", {}, event.ack}, *unknown);
        return next(socketio::rejection{std::string(describe(unknown->code).message), {}});
      }
      wait = of_user.retry_after;
    }
    self->fail({event.name, "", {}, event.ack}, {errc::rate_limited, {}, {}}, wait->count());
    next(socketio::rejection{std::string(describe(errc::rate_limited).message), {}});
  });
  handle("subscribe", "subscribed", &gateway_session::subscribe);
  handle("unsubscribe", "unsubscribed", &gateway_session::unsubscribe);
  handle("ping", "pong", &gateway_session::ping);
  handle("auth.refresh", "auth.refreshed", &gateway_session::refresh);
  handle("presence", "presence", &gateway_session::presence);
  handle("publish", "published", &gateway_session::publish);
}

void gateway_session::handle(std::string_view name, std::string_view reply,
                             void (gateway_session::*work)(const command_ptr&)) {
  const auto socket = socket_.lock();
  socket->on(std::string(name), [self = shared_from_this(), reply, work](socketio::event event) {
    auto asked = event.args.empty() ? value(object{}) : std::move(event.args.front());
    const auto given = std::make_shared<const command>(
        command{std::move(event.name), std::string(reply), std::move(asked), std::move(event.ack)});
    if (!self->open_) return;
    if (given->asked.if_object() == nullptr && given->name != "ping") {
      return self->fail(*given, {errc::bad_request, "the argument must be an object", {}});
    }
    ((*self).*work)(given);
  });
}

void gateway_session::answer(const command& given, object fields) {
  if (given.ack) return given.ack({value(std::move(fields))});
  send(given.reply, std::move(fields));
}

void gateway_session::fail(const command& given, const error& why, std::int64_t retry_after_ms) {
  const auto& row = describe(why.code);
  at_.says.metrics
      .counter("fanfare_commands_refused_total", "Client commands refused, by cause.",
               {{"cause", std::string(row.metric_label)}})
      .add();
  object details{{"code", row.client_code},
                 {"message", why.detail.empty() ? row.message : std::string_view(why.detail)}};
  if (!why.pointer.empty()) details.set("pointer", why.pointer);
  if (retry_after_ms != 0) details.set("retry_after_ms", retry_after_ms);
  if (given.ack) return given.ack({value(object{{"ok", false}, {"error", std::move(details)}})});
  details.set("command", given.name);
  send("connection.error", std::move(details));
}

void gateway_session::send(std::string_view type, object data, std::string offset) {
  const auto socket = socket_.lock();
  if (!socket) return;
  const auto now_ms = at_.says.around.unix_ms();
  auto envelope = domain::build_envelope(
      std::string(type), std::move(data), domain::make_event_id(now_ms, at_.says.around), std::string(own_source),
      "user:" + who_->sub, now_ms, offset.empty() ? at_.events.head_cursor() : offset);
  if (offset.empty()) return socket->emit(type, std::move(envelope));
  socket->emit(type, std::move(envelope), std::move(offset));
}

void gateway_session::arm_expiry() {
  const auto socket = socket_.lock();
  if (!socket || !open_) return;
  auto& worker = socket->worker();
  worker.cancel(std::exchange(expiry_timer_, 0));
  if (!who_->expires_at) return;
  const auto limits = at_.live.current();
  const auto now = at_.says.around.now();
  const auto last = *who_->expires_at + limits->refresh_grace;
  if (now >= last) {
    send("connection.error",
         {{"code", describe(errc::token_expired).client_code}, {"message", describe(errc::token_expired).message}});
    at_.says.metrics.counter("fanfare_connections_expired_total", "Connections closed because their token expired.")
        .add();
    // As a broken network would, once that has left: after this the official clients come back by themselves and ask
    // their `auth` function for another token; after a disconnect by the server they never do.
    worker.after(milliseconds{0}, [weak = socket_] {
      if (const auto ended = weak.lock()) ended->close_transport();
    });
    return;
  }
  const auto warn_at = *who_->expires_at - limits->expiry_warning;
  if (now >= warn_at && !warned_) {
    warned_ = true;
    send("connection.error", {{"code", "token_expiring"},
                              {"message", "The token is about to expire."},
                              {"expires_at", format_rfc3339(*who_->expires_at)}});
  }
  // At most an hour at once: what a token says of its end may lie past what a timer can count, and the system's clock
  // may be set meanwhile.
  const auto left = std::chrono::ceil<milliseconds>((warned_ ? last : warn_at) - now);
  expiry_timer_ = worker.after(std::min<milliseconds>(left, std::chrono::hours{1}), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->arm_expiry();
  });
}

}  // namespace fanfare::api
