#include "api/gateway/subscriptions.hpp"

#include <algorithm>
#include <utility>

#include "api/gateway/gateway.hpp"

namespace fanfare::api {

namespace {

constexpr std::size_t waiting_max = 100;  // commands, while a replay is under way

}  // namespace

subscriptions::subscriptions(gateway& at, const socketio::socket_ptr& socket, connection_table::key row,
                             std::shared_ptr<const domain::principal> who, std::string pid)
    : at_(at), socket_(socket), row_(row), who_(std::move(who)), pid_(std::move(pid)) {}

void subscriptions::subscribe(wish asked, std::function<void(result<answer>)> done) {
  in_order([self = shared_from_this(), asked = std::move(asked), done] { self->catch_up(asked, done); },
           [done](const result<void>& refused) { done(refused.error()); });
}

void subscriptions::unsubscribe(std::vector<std::string> rooms, std::function<void(result<void>)> done) {
  stop_replay_of([&rooms](const std::string& room) { return std::ranges::find(rooms, room) != rooms.end(); });
  in_order(
      [self = shared_from_this(), rooms = std::move(rooms), done] {
        for (const auto& room : rooms) self->drop(room);
        self->remember([done] { done({}); });
      },
      done);
}

void subscriptions::in_order(std::function<void()> work, const std::function<void(result<void>)>& refused) {
  if (!busy_ && waiting_.empty()) return work();
  if (waiting_.size() >= waiting_max)
    return refused(error{errc::over_limit, "too many commands wait for a replay", {}});
  waiting_.push_back(std::move(work));
}

void subscriptions::go_on() {
  while (open_ && !busy_ && !waiting_.empty()) {
    const auto work = std::move(waiting_.front());
    waiting_.pop_front();
    work();
  }
}

void subscriptions::catch_up(const wish& asked, const std::function<void(result<answer>)>& done) {
  const auto socket = socket_.lock();
  if (!asked.since || !socket) return let_in(asked, done);
  busy_ = true;
  at_.events.catch_up(*asked.since, socket->worker(), [self = shared_from_this(), asked, done] {
    self->busy_ = false;
    self->let_in(asked, done);
    self->go_on();
  });
}

void subscriptions::let_in(const wish& asked, const std::function<void(result<answer>)>& done) {
  if (!open_) return;
  if (asked.rooms.empty()) return done(error{errc::bad_request, "is missing", "/room"});
  // Who had to wait may have come by another token meanwhile.
  for (const auto& room : asked.rooms) {
    if (asked.own) break;
    const auto decision = at_.may.policy.decide(*who_, domain::room_action::join, room);
    if (decision == domain::access::ask_hook) continue;
    if (auto allowed = domain::to_result(decision); !allowed) return done(allowed.error().code);
  }
  auto from = asked.since ? at_.events.start_of(*asked.since) : std::optional<domain::feed::start>();
  if (!from) return done(from.error());
  std::vector<domain::feed::subscription> wanted;
  for (const auto& room : asked.rooms) wanted.push_back({room, asked.only});
  const auto entered = enter(wanted);
  if (!entered) return done(entered.error());
  const auto cursor = at_.events.cursor_at(entered->head);
  busy_ = true;
  const bool wants_past = from->has_value() || (asked.last && !asked.since);
  if (!wants_past) {
    if (!pid_.empty()) hold();
    return finish(asked, {cursor, false}, done);
  }
  hold();
  bring(
      {asked.rooms, from->value_or(domain::feed::start{}), asked.since ? std::nullopt : asked.last, entered->head,
       domain::feed::matching(asked.only)},
      [](socketio::socket& to, domain::replayed event) { to.emit(event.type, std::move(event.envelope)); },
      [self = shared_from_this(), asked, cursor, done](bool all) {
        self->finish(asked, {cursor, all}, done);
      });
}

/// A session that comes back has the room only if its client has been told so, and what the room's replay brought.
void subscriptions::finish(const wish& asked, answer with, const std::function<void(result<answer>)>& done) {
  auto tell = [self = shared_from_this(), with = std::move(with), done] {
    if (!self->open_) return;
    done(with);
    self->settle();
  };
  if (asked.own) return tell();
  remember(std::move(tell));
}

/// What waited comes behind the answer.
void subscriptions::settle() {
  replay_ = nullptr;
  busy_ = false;
  if (const auto socket = socket_.lock()) socket->release();
  go_on();
}

void subscriptions::hold() {
  const auto socket = socket_.lock();
  if (!socket) return;
  socket->hold(at_.held_bytes_max, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (const auto under_way = self ? self->replay_ : nullptr) under_way->stop();
    if (const auto held = self ? self->socket_.lock() : nullptr) held->release();
  });
}

void subscriptions::bring(domain::replay::wish what, sender send, std::function<void(bool recovered)> done) {
  const auto socket = socket_.lock();
  if (!socket) return;
  domain::replay::receiver to;
  to.send = [weak = socket_, send = std::move(send)](domain::replayed event) {
    if (const auto to = weak.lock()) send(*to, std::move(event));
  };
  to.when_drained = [weak = socket_](std::function<void()> go_on) {
    if (const auto to = weak.lock()) to->when_drained(std::move(go_on));
  };
  replay_ = std::make_shared<domain::replay>(at_.events, socket->worker(), std::move(what), at_.replays, std::move(to),
                                             std::move(done));
  replay_->start();
}

result<void> subscriptions::restore(const std::vector<recovery::room>& rooms, std::uint64_t after,
                                    std::function<void(bool recovered)> done) {
  std::vector<domain::feed::subscription> wanted;
  std::vector<std::string> names;
  for (const auto& room : rooms) {
    wanted.push_back({room.name, room.only});
    names.push_back(room.name);
  }
  const auto entered = enter(wanted);
  if (!entered) return entered.error();
  for (const auto& room : rooms) rooms_.at(room.name).after = room.after;
  busy_ = true;
  hold();
  // What one of its rooms has had since it joined there, if the room's filter lets it through.
  auto only = [rooms](const history::entry& item, const value& envelope) {
    return std::ranges::any_of(rooms, [&](const recovery::room& room) {
      return item.position > room.after && std::ranges::find(item.rooms, room.name) != item.rooms.end() &&
             (!room.only || room.only->matches(envelope));
    });
  };
  bring(
      {names, {.after = after}, std::nullopt, entered->head, std::move(only)},
      [](socketio::socket& to, domain::replayed event) {
        auto offset = *event.envelope.find("cursor");
        to.emit(event.type, std::move(event.envelope), std::move(offset));
      },
      [self = shared_from_this(), done = std::move(done)](bool all) {
        done(all);
        if (all) self->settle();
      });
  return {};
}

void subscriptions::remember(std::function<void()> then) {
  const auto socket = socket_.lock();
  if (pid_.empty() || !socket || !open_) return then();
  recovery::session now{socket->id(), who_->sub, socket->nsp().name(), {}};
  for (const auto& [room, place] : rooms_) now.rooms.push_back({room, place.only, place.after});
  at_.recovery->keep(
      pid_, now, at_.says.around.unix_ms(),
      [&worker = socket->worker(), then = std::move(then)]() mutable { worker.dispatch(std::move(then)); });
}

result<domain::feed::entered> subscriptions::enter(const std::vector<domain::feed::subscription>& wanted) {
  const auto socket = socket_.lock();
  if (!socket) return errc::closed;
  std::vector<std::string> entered_now;  // to take back when not all of them can be joined
  const auto give_back = [&](error why) -> result<domain::feed::entered> {
    for (const auto& room : entered_now) at_.connections.leave(row_, room);
    return why;
  };
  const auto limits = at_.live.current();
  for (const auto& [room, only] : wanted) {
    if (rooms_.contains(room)) continue;
    const bool full = !is_own(room) && rooms_.size() + entered_now.size() >= limits->rooms_per_connection_max;
    if (full || !at_.connections.enter(row_, room, is_own(room) ? 0 : limits->members_per_room_max)) {
      return give_back({errc::over_limit, full ? "too many rooms" : "the room is full", "/room"});
    }
    entered_now.push_back(room);
  }
  std::vector<std::string> newly;
  const auto before = socket->rooms();
  auto entered = at_.events.enter(wanted, [&](const auto& joining, auto after) {
    for (const auto& room : joining) {
      if (auto joined = socket->join(room, after); !joined) {
        for (const auto& undo : newly) socket->leave(undo);
        return joined;
      }
      if (std::ranges::find(before, room) == before.end()) newly.push_back(room);
    }
    return result<void>();
  });
  if (!entered) return give_back(entered.error());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto& room = wanted[i].room;
    auto& place = rooms_[room];
    place.only = wanted[i].only;
    const auto previous = std::exchange(place.joined, entered->joined[i]);
    if (previous != place.joined) place.after = entered->head;
    if (!previous.empty() && previous != place.joined) socket->leave(previous);
    // Each subscription holds its filter once: the one before gives its hold back, also when it was the same.
    if (!previous.empty() && previous != room) at_.events.release(previous);
    follow_presence(room);
  }
  return entered;
}

void subscriptions::take_token(std::shared_ptr<const domain::principal> who) {
  who_ = std::move(who);
  stop_replay_of([this](const std::string& room) { return !may_stay(room); });
  std::vector<std::string> lost;
  for (const auto& [room, place] : rooms_) {
    if (!may_stay(room)) lost.push_back(room);
  }
  for (const auto& room : lost) drop(room);
  for (const auto& [room, place] : rooms_) follow_presence(room);
  remember([] {});
}

// What only the back-end allowed stays until it says otherwise: it is asked when the room is joined.
bool subscriptions::may_stay(const std::string& room) const {
  const auto decision = at_.may.policy.decide(*who_, domain::room_action::join, room);
  return decision == domain::access::allow || (decision == domain::access::ask_hook && at_.may.hook);
}

void subscriptions::stop_replay_of(const std::function<bool(const std::string& room)>& which) {
  const auto under_way = replay_;
  if (under_way && std::ranges::any_of(under_way->what().rooms, which)) under_way->stop();
}

void subscriptions::drop(const std::string& room) {
  const auto found = rooms_.find(room);
  if (found == rooms_.end()) return;
  if (const auto socket = socket_.lock()) {
    socket->leave(found->second.joined);
    if (at_.presence_window) socket->leave(presence_room(room));
  }
  if (found->second.joined != room) at_.events.release(found->second.joined);
  at_.connections.leave(row_, room);
  rooms_.erase(found);
}

void subscriptions::follow_presence(const std::string& room) {
  const auto socket = socket_.lock();
  if (!socket || !at_.presence_window || room == "global" || room.starts_with("user:")) return;
  // The back-end is not asked for this: who may only read the presence by its leave asks with the command.
  if (at_.may.policy.decide(*who_, domain::room_action::presence, room) == domain::access::allow)
    static_cast<void>(socket->join(presence_room(room)));
  else
    socket->leave(presence_room(room));
}

void subscriptions::close() {
  open_ = false;
  replay_ = nullptr;
  waiting_.clear();
  for (const auto& [room, place] : rooms_) {
    if (place.joined != room) at_.events.release(place.joined);
  }
  rooms_.clear();
}

array subscriptions::rooms() const {
  array names;
  for (const auto& [room, place] : rooms_) names.emplace_back(room);
  return names;
}

}  // namespace fanfare::api
