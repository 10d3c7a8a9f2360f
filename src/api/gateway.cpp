#include "api/gateway.hpp"

#include <chrono>
#include <utility>

#include "api/gateway_session.hpp"

namespace fanfare::api {

namespace {

array to_array(const std::set<std::string, std::less<>>& ids) { return {ids.begin(), ids.end()}; }

value to_list(const domain::id_list& list) {
  if (list.all) return "*";
  return to_array(list.ids);
}

std::int64_t unix_seconds(domain::system_time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

/// Only these are a client's business; whatever else went wrong is internal to it.
std::string_view connect_code(errc code) {
  switch (code) {
    case errc::token_missing:
    case errc::token_invalid:
    case errc::token_expired:
    case errc::forbidden:
    case errc::over_limit:
    case errc::draining:
      return describe(code).client_code;
    default:
      return describe(errc::internal).client_code;
  }
}

void refuse(context& shared, const socketio::handshake& came, errc code, std::string_view reason,
            const socketio::name_space::next& next) {
  const auto told = connect_code(code);
  shared.metrics()
      .counter("fanfare_connects_refused_total", "CONNECTs refused, by code.", {{"code", std::string(told)}})
      .add();
  shared.log_to(severity::info, "connect refused", {{"code", told}, {"reason", reason}, {"address", came.address}});
  next(socketio::rejection{std::string(describe(code).message), object{{"code", told}}});
}

void admit(context& shared, const socketio::socket_ptr& socket, const socketio::name_space::next& next) {
  const auto& came = socket->handshake();
  const auto limits = shared.current();
  if (shared.draining.load()) return refuse(shared, came, errc::draining, "", next);
  if (shared.connections.size() >= limits->connections_max) return refuse(shared, came, errc::over_limit, "", next);
  // The answer may come from another thread, after a key set has been fetched: the socket is only touched here.
  shared.tokens.authenticate(
      token_of(came, limits->query_token), [&shared, &worker = socket->worker(), socket = socket, next = next,
                                            limits](result<domain::principal> who) mutable {
        // Moved on, so that no other thread ever drops the socket's last reference.
        auto go_on = [&shared, socket = std::move(socket), next = std::move(next), limits, who = std::move(who)] {
          if (!who) return refuse(shared, socket->handshake(), who.error().code, who.error().detail, next);
          if (!domain::is_room_id(who->sub)) {
            return refuse(shared, socket->handshake(), errc::token_invalid, "sub is not fit for a room", next);
          }
          if (shared.connections.of_user(who->sub) >= limits->connections_per_user_max) {
            return refuse(shared, socket->handshake(), errc::over_limit, "per user", next);
          }
          socket->data() = object{{"claims", to_claims(*who)}};
          next(std::nullopt);
        };
        if (worker.here())
          go_on();
        else
          worker.post(std::move(go_on));
      });
}

}  // namespace

void namespace_delivery::deliver(const domain::outgoing& event) {
  for (auto* nsp : namespaces_) {
    nsp->all().to(event.rooms).conflate(event.conflate_key).sequence(event.sequence).emit(event.type, event.envelope);
  }
}

value to_claims(const domain::principal& who) {
  object claims{{"sub", who.sub},
                {"projects", to_list(who.projects)},
                {"agents", to_list(who.agents)},
                {"roles", to_array(who.roles)},
                {"scope", to_array(who.scopes)}};
  if (!who.jti.empty()) claims.set("jti", who.jti);
  if (who.expires_at) claims.set("exp", unix_seconds(*who.expires_at));
  if (who.issued_at) claims.set("iat", unix_seconds(*who.issued_at));
  return claims;
}

std::string token_of(const socketio::handshake& came, bool query_allowed) {
  if (const auto* token = came.auth.find("token"); token != nullptr && !token->as_string().empty()) {
    return std::string(token->as_string());
  }
  if (const auto bearer = bearer_token(came.headers); !bearer.empty()) return std::string(bearer);
  return query_allowed ? std::string(came.query_value("token")) : std::string{};
}

void open_gateway(socketio::name_space& nsp, context& shared) {
  nsp.use([&shared](const socketio::socket_ptr& socket, const socketio::name_space::next& next) {
    admit(shared, socket, next);
  });
  nsp.on_connection([&shared](const socketio::socket_ptr& socket) {
    const auto* claims = socket->data().find("claims");
    auto who = claims ? domain::principal_of(*claims) : result<domain::principal>(errc::internal);
    if (!who) return socket->disconnect(true);
    socket->data() = object{{"user", who->sub}};
    gateway_session::start(shared, socket, std::move(*who));
  });
}

}  // namespace fanfare::api
