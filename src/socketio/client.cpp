#include "socketio/client.hpp"

#include <utility>

#include "socketio/server_core.hpp"
#include "socketio/socket_impl.hpp"

namespace fanfare::socketio {

client::client(std::shared_ptr<server_core> core, engineio::socket_ptr engine)
    : core_(std::move(core)),
      shared_(core_->shared()),
      engine_(std::move(engine)),
      parser_(shared_->parsers->make(shared_->options.packets)) {}

void client::start() {
  // server_core owns the client; the engine's handlers must not, or both would hold each other.
  engine_->on_message([weak = weak_from_this()](engineio::socket::message in) {
    if (const auto self = weak.lock()) self->on_message(std::move(in));
  });
  engine_->on_close([weak = weak_from_this()](engineio::close_reason why) {
    if (const auto self = weak.lock()) self->on_close(engineio::to_string(why));
  });
  connect_timer_ = worker().after(shared_->options.connect_timeout, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->connect_timer_ = 0;
    if (!self->sockets_.empty()) return;
    self->shared_->count.refused("connect_timeout");
    self->close();
  });
}

void client::on_message(engineio::socket::message in) {
  if (!open_) return;
  auto decoded = parser_->decode(std::move(in.bytes), in.binary);
  if (decoded) {
    if (*decoded) on_packet(std::move(**decoded));
    return;
  }
  shared_->count.refused(describe(decoded.error().code).metric_label);
  for (const auto& socket : sockets()) socket->report({decoded.error().detail, {}});
  // Node closes the Engine.IO socket, whose own reason the sockets then see.
  const auto keep = shared_from_this();
  engine_->close();
  on_close(engineio::to_string(engineio::close_reason::forced_close));
}

void client::on_packet(packet in) {
  shared_->count.received(in.type);
  if (in.nsp.empty()) in.nsp = "/";
  const auto found = sockets_.find(in.nsp);
  if (found == sockets_.end() && in.type == packet_type::connect && !pending_.contains(in.nsp)) {
    return connect(in.nsp, std::move(in.data));
  }
  if (found != sockets_.end() && in.type != packet_type::connect && in.type != packet_type::connect_error) {
    const auto socket = found->second;
    return socket->on_packet(std::move(in));
  }
  // Node: "invalid state", for packets to a namespace that was not joined and for a second CONNECT.
  shared_->count.refused("invalid_state");
  close();
}

void client::connect(const std::string& name, value auth) {
  if (sockets_.size() + pending_.size() >= shared_->options.namespaces_per_connection_max) {
    shared_->count.refused("namespaces");
    return refuse(name, "too_many_namespaces", {{"message", "Too many namespaces"}});
  }
  if (auth.is_null()) auth = object{};
  pending_.insert(name);
  core_->find(name, auth, worker(),
              [self = shared_from_this(), name, auth](const std::shared_ptr<name_space_impl>& nsp) {
                if (!nsp) {
                  self->settle(name);
                  return self->refuse(name, "invalid_namespace", {{"message", "Invalid namespace"}});
                }
                if (!self->open_) return self->core_->release(nsp);
                nsp->connect(self, auth, [self, nsp](bool joined) {
                  self->settle(nsp->name());
                  if (!joined) self->core_->release(nsp);
                });
              });
}

void client::attach(std::shared_ptr<socket_impl> joined) {
  worker().cancel(std::exchange(connect_timer_, 0));
  const auto& name = joined->name_of_nsp();
  settle(name);
  sockets_.insert_or_assign(name, std::move(joined));
}

void client::detach(const std::string& nsp) {
  const auto found = sockets_.find(nsp);
  if (found == sockets_.end()) return;
  const auto left = static_cast<name_space_impl&>(found->second->nsp()).shared_from_this();
  sockets_.erase(found);
  core_->release(left);
}

std::vector<std::shared_ptr<socket_impl>> client::sockets() const {
  std::vector<std::shared_ptr<socket_impl>> all;
  all.reserve(sockets_.size());
  for (const auto& [name, socket] : sockets_) all.push_back(socket);
  return all;
}

void client::disconnect() {
  const auto keep = shared_from_this();
  for (const auto& socket : sockets()) socket->disconnect(false);
  close();
}

void client::close() {
  if (!open_) return;
  const auto keep = shared_from_this();
  open_ = false;  // so that the engine's own reason comes too late
  engine_->close();
  open_ = true;
  on_close("forced server close");
}

void client::on_close(std::string_view reason) {
  if (!open_) return;
  const auto keep = shared_from_this();
  open_ = false;
  worker().cancel(std::exchange(connect_timer_, 0));
  for (const auto& socket : sockets()) socket->on_close(reason);
  core_->forget(keep);
}

void client::drop() {
  open_ = false;
  std::exchange(sockets_, {}).clear();
}

void client::send(const packet& out, const engineio::send_options& how) {
  if (!open_) return;
  shared_->count.sent(out.type);
  // What the connection handler emits comes a moment after the reply to a CONNECT: see engineio::send_options.
  const bool reply = out.type == packet_type::connect || out.type == packet_type::connect_error;
  if (!reply) return write(shared_->encoder->encode(out), how);
  auto apart = how;
  apart.pause_after = true;
  write(shared_->encoder->encode(out), apart);
}

void client::write(const std::vector<engineio::outbound>& frames, const engineio::send_options& how) {
  if (!open_) return;
  if (frames.size() == 1) return engine_->send(frames.front(), how);
  engine_->send(frames, how);
}

void client::refuse(const std::string& nsp, std::string_view cause, object why) {
  shared_->count.connect_error(cause);
  send({packet_type::connect_error, nsp, std::nullopt, std::move(why)});
}

handshake client::shake_hands(value auth) const {
  const auto& request = engine_->request();
  handshake said;
  said.headers = request.headers;
  said.query = http::parse_query(request.query);
  said.auth = std::move(auth);
  said.address = request.remote_address;
  said.url = request.target;
  said.secure = request.secure;
  said.issued_ms = shared_->around.unix_ms();
  return said;
}

}  // namespace fanfare::socketio
