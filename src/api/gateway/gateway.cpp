#include "api/gateway/gateway.hpp"

#include <chrono>
#include <utility>

#include "api/gateway/gateway_session.hpp"
#include "domain/envelope.hpp"
#include "domain/filter_rooms.hpp"

namespace fanfare::api {

namespace {

template <class Names>
array to_array(const Names& names) {
  return {names.begin(), names.end()};
}

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

void refuse(gateway& at, const socketio::handshake& came, errc code, std::string_view reason,
            const socketio::name_space::next& next, milliseconds retry_after = milliseconds{1000}) {
  const auto told = connect_code(code);
  at.says.metrics.counter("fanfare_connects_refused_total", "CONNECTs refused, by code.", {{"code", std::string(told)}})
      .add();
  at.says.log_to(severity::info, "connect refused", {{"code", told}, {"reason", reason}, {"address", came.address}});
  object data{{"code", told}};
  if (code == errc::over_limit) data.set("retry_after_ms", retry_after.count());
  next(socketio::rejection{std::string(describe(code).message), std::move(data)});
}

/// The session that a client asks for by its private id and the offset it has seen, as far as it may have it: the same
/// user, rooms that its token allows still, and a log that has all since. Else it gets a new one.
class comeback : public std::enable_shared_from_this<comeback> {
 public:
  comeback(gateway& at, socketio::socket_ptr socket, std::shared_ptr<const domain::principal> who,
           socketio::name_space::next next)
      : at_(at), socket_(std::move(socket)), who_(std::move(who)), next_(std::move(next)) {}

  void start() {
    const auto& said = socket_->handshake().auth;
    const auto* pid = said.find("pid");
    const auto* offset = said.find("offset");
    if (pid == nullptr || pid->if_string() == nullptr) return begin_anew("");
    pid_ = *pid->if_string();
    std::string since(offset == nullptr ? std::string_view() : offset->as_string());
    at_.events.catch_up(since, socket_->worker(), [self = shared_from_this(), since] { self->find_session(since); });
  }

 private:
  void find_session(const std::string& since) {
    const auto from = at_.events.start_of(since);
    if (!from || !from->has_value() || (*from)->since_ms != 0) return begin_anew("offset");
    seen_ = (*from)->after;
    at_.recovery->find(pid_, who_->sub, socket_->nsp().name(), at_.says.around.unix_ms(), socket_->worker(),
                       [self = shared_from_this()](auto found) { self->check_rooms(std::move(found)); });
  }

  void check_rooms(std::optional<recovery::session> found) {
    if (!found) return begin_anew("session");
    sid_ = std::move(found->sid);
    std::vector<std::string> asked;
    for (const auto& room : found->rooms) {
      rooms_.push_back(room.name);
      if (room.name != "global" && room.name != "user:" + who_->sub) asked.push_back(room.name);
    }
    at_.may.ask(who_, std::move(asked), domain::room_action::join, socket_->worker(),
                [self = shared_from_this()](const result<void>& allowed) {
                  if (!allowed) return self->begin_anew("rooms");
                  self->check_log();
                });
  }

  void check_log() {
    history::range first{.rooms = rooms_, .after = seen_, .entries_max = 1, .bytes_max = 1};
    at_.events.read(std::move(first), nullptr,
                    [self = shared_from_this()](const result<domain::feed::page>& page) mutable {
                      const bool whole = page && page->complete;
                      auto& worker = self->socket_->worker();
                      worker.dispatch([self = std::move(self), whole] {
                        if (!whole) return self->begin_anew("log");
                        self->settle("recovered", self->pid_, self->sid_);
                      });
                    });
  }

  /// `missing`: what is no longer there, or may not be had; "": nothing was asked for.
  void begin_anew(std::string_view missing) {
    seen_ = 0;
    settle(missing.empty() ? "new" : missing, at_.says.around.random_id(24), "");
  }

  void settle(std::string_view outcome, const std::string& pid, const std::string& sid) {
    at_.says.metrics
        .counter("fanfare_recoveries_total",
                 "CONNECTs with connection state recovery: new, recovered, or what was missing.",
                 {{"outcome", std::string(outcome)}})
        .add();
    socket_->identify(pid, sid);
    auto* data = socket_->data().if_object();
    data->set("pid", pid);
    data->set("seen", static_cast<std::int64_t>(seen_));
    next_(std::nullopt);
  }

  gateway& at_;
  const socketio::socket_ptr socket_;
  const std::shared_ptr<const domain::principal> who_;
  const socketio::name_space::next next_;
  std::string pid_, sid_;
  std::vector<std::string> rooms_;
  std::uint64_t seen_ = 0;
};

void admit(gateway& at, const socketio::socket_ptr& socket, const socketio::name_space::next& next) {
  const auto& came = socket->handshake();
  const auto limits = at.live.current();
  if (at.live.draining.load()) return refuse(at, came, errc::draining, "", next);
  const auto rate = at.connect_rate.take(came.address, socket->worker().now());
  if (!rate.allowed) {
    return refuse(at, came, errc::over_limit, "too many connects from the address", next, rate.retry_after);
  }
  const auto& most = limits->connections;
  if (most.total != 0 && at.connections.size() >= most.total) {
    return refuse(at, came, errc::over_limit, "", next);
  }
  if (most.per_address != 0 && at.connections.of_address(came.address) >= most.per_address) {
    return refuse(at, came, errc::over_limit, "per address", next);
  }
  // The answer may come from another thread, after a key set has been fetched: the socket is only touched here.
  at.tokens.authenticate(token_of(came, limits->query_token), [&at, &worker = socket->worker(), socket = socket,
                                                               next = next,
                                                               limits](result<domain::principal> who) mutable {
    // Moved on, so that no other thread ever drops the socket's last reference.
    auto go_on = [&at, socket = std::move(socket), next = std::move(next), limits, who = std::move(who)] {
      if (!who) return refuse(at, socket->handshake(), who.error().code, who.error().detail, next);
      if (!domain::is_room_id(who->sub)) {
        return refuse(at, socket->handshake(), errc::token_invalid, "sub is not fit for a room", next);
      }
      const auto per_user = limits->connections.per_user;
      if (per_user != 0 && at.connections.of_user(who->sub) >= per_user) {
        return refuse(at, socket->handshake(), errc::over_limit, "per user", next);
      }
      socket->data() = object{{"claims", to_claims(*who)}};
      if (!at.recovery) return next(std::nullopt);
      std::make_shared<comeback>(at, socket, std::make_shared<const domain::principal>(std::move(*who)), next)->start();
    };
    worker.dispatch(std::move(go_on));
  });
}

}  // namespace

void namespace_delivery::deliver(const domain::outgoing& event) {
  const auto begun = web_ == nullptr ? steady_time{} : web_->around().steady_now();
  for (auto* nsp : namespaces_) {
    const auto to = nsp->all().to(event.rooms).conflate(event.conflate_key).sequence(event.sequence).ordered();
    if (offsets_)
      to.emit(event.type, event.envelope, *event.envelope.find("cursor"));
    else
      to.emit(event.type, event.envelope);
  }
  if (latency_ == nullptr) return;
  count(event.type);
  time(begun);
}

void namespace_delivery::measure(delivery_latency& latency, http::server& web) {
  latency_ = &latency;
  web_ = &web;
}

void namespace_delivery::count(const std::string& type) {
  // Those of the catalogue are few; another node of a fleet may have others.
  constexpr std::size_t types_max = 1000;
  auto found = counted_.find(type);
  if (found == counted_.end()) {
    const auto label = counted_.size() < types_max ? type : "other";
    auto& cell = web_->metrics().counter("fanfare_events_delivered_total", "Events handed to the workers, by type.",
                                         {{"type", label}});
    if (label != type) return cell.add();
    found = counted_.emplace(type, &cell).first;
  }
  found->second->add();
}

/// What the workers have been posted comes before this; what they then put off, the writing, before what this puts off.
void namespace_delivery::time(steady_time begun) {
  if (!latency_->due(begun)) return;
  for (unsigned i = 0; i < web_->workers().size(); ++i) {
    auto& worker = web_->workers().at(i);
    worker.post([latency = latency_, web = web_, &worker, begun] {
      worker.defer([latency, web, begun] { latency->record(begun, web->around().steady_now()); });
    });
  }
}

void namespace_delivery::interrupted() {
  if (connections_ != nullptr) connections_->end_transports();
}

std::string presence_room(const std::string& room) { return room + domain::filter_mark + "presence"; }

void announce_presence(gateway& at) {
  if (!at.presence_window) return;
  const auto tell = [&at](const std::string& room) {
    const auto change = at.presence.take(room);
    if (!change) return;
    const auto now_ms = at.says.around.unix_ms();
    object data{{"room", room}, {"joined", to_array(change->joined)}, {"left", to_array(change->left)}};
    if (change->truncated) data.set("truncated", true);
    const auto envelope =
        domain::build_envelope("presence.changed", std::move(data), domain::make_event_id(now_ms, at.says.around),
                               std::string(own_source), room, now_ms, at.events.head_cursor());
    for (const auto* nsp : {"/", "/ws"}) at.io.of(nsp).all().to(presence_room(room)).emit("presence.changed", envelope);
  };
  at.connections.watch_presence([&at, tell](const std::string& room, const std::string& user, bool joined) {
    if (room == "global" || room.starts_with("user:") || !at.presence.note(room, user, joined)) return;
    auto& worker = at.io.web().workers().at(0);
    worker.post(
        [&worker, room, tell, window = *at.presence_window] { worker.after(window, [room, tell] { tell(room); }); });
  });
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
    return std::string(without_scheme(token->as_string()));
  }
  if (const auto bearer = bearer_token(came.headers); !bearer.empty()) return std::string(bearer);
  return query_allowed ? std::string(came.query_value("token")) : std::string{};
}

void open_gateway(socketio::name_space& nsp, gateway& at) {
  nsp.use(
      [&at](const socketio::socket_ptr& socket, const socketio::name_space::next& next) { admit(at, socket, next); });
  nsp.on_connection([&at](const socketio::socket_ptr& socket) {
    const auto* claims = socket->data().find("claims");
    auto who = claims ? domain::principal_of(*claims) : result<domain::principal>(errc::internal);
    if (!who) return socket->disconnect(true);
    const auto* pid = socket->data().find("pid");
    const auto* seen = socket->data().find("seen");
    std::string private_id(pid == nullptr ? std::string_view() : pid->as_string());
    const auto position = seen == nullptr ? 0 : static_cast<std::uint64_t>(*seen->if_integer());
    socket->data() = object{{"user", who->sub}};
    gateway_session::start(at, socket, std::move(*who), std::move(private_id), position);
  });
}

}  // namespace fanfare::api
