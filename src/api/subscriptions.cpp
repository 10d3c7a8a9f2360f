#include "api/subscriptions.hpp"

#include <algorithm>
#include <utility>

#include "api/gateway.hpp"

namespace fanfare::api {

namespace {

constexpr std::size_t waiting_max = 100;  // commands, while a replay is under way

}  // namespace

subscriptions::subscriptions(context& shared, const socketio::socket_ptr& socket, connection_table::key row,
                             std::shared_ptr<const domain::principal> who)
    : shared_(shared), socket_(socket), row_(row), who_(std::move(who)) {}

void subscriptions::subscribe(wish asked, std::function<void(result<answer>)> done) {
  in_order([self = shared_from_this(), asked = std::move(asked), done] { self->let_in(asked, done); },
           [done](const result<void>& refused) { done(refused.error()); });
}

void subscriptions::unsubscribe(std::vector<std::string> rooms, std::function<void(result<void>)> done) {
  stop_replay_of([&rooms](const std::string& room) { return std::ranges::find(rooms, room) != rooms.end(); });
  in_order(
      [self = shared_from_this(), rooms = std::move(rooms), done] {
        for (const auto& room : rooms) self->drop(room);
        done({});
      },
      done);
}

void subscriptions::in_order(std::function<void()> work, const std::function<void(result<void>)>& refused) {
  if (!replay_ && waiting_.empty()) return work();
  if (waiting_.size() >= waiting_max)
    return refused(error{errc::over_limit, "too many commands wait for a replay", {}});
  waiting_.push_back(std::move(work));
}

void subscriptions::go_on() {
  while (open_ && !replay_ && !waiting_.empty()) {
    const auto work = std::move(waiting_.front());
    waiting_.pop_front();
    work();
  }
}

void subscriptions::let_in(const wish& asked, const std::function<void(result<answer>)>& done) {
  if (!open_) return;
  if (asked.rooms.empty()) return done(error{errc::bad_request, "is missing", "/room"});
  // Who had to wait may have come by another token meanwhile.
  for (const auto& room : asked.rooms) {
    if (asked.own) break;
    const auto decision = shared_.policy.decide(*who_, domain::room_action::join, room);
    if (decision == domain::access::ask_hook) continue;
    if (auto allowed = domain::to_result(decision); !allowed) return done(allowed.error().code);
  }
  auto from = asked.since ? shared_.events.start_of(*asked.since) : std::optional<domain::feed::start>();
  if (!from) return done(from.error());
  const auto entered = enter(asked);
  if (!entered) return done(entered.error());
  const auto cursor = shared_.events.cursor_at(entered->head);
  const bool wants_past = from->has_value() || (asked.last && !asked.since);
  if (!wants_past) return done(answer{cursor, false});
  const bool begun = bring(asked, from->value_or(domain::feed::start{}), entered->head,
                           [self = shared_from_this(), cursor, done](bool all) {
                             done(answer{cursor, all});
                             self->replay_ = nullptr;
                             // What waited comes behind the answer.
                             if (const auto socket = self->socket_.lock()) socket->release();
                             self->go_on();
                           });
  if (!begun) done(answer{cursor, false});
}

bool subscriptions::bring(const wish& asked, domain::feed::start from, std::uint64_t head,
                          std::function<void(bool recovered)> done) {
  const auto socket = socket_.lock();
  if (!socket) return false;
  socket->hold(shared_.held_bytes_max, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (const auto under_way = self ? self->replay_ : nullptr) under_way->stop();
  });
  domain::replay::receiver to;
  to.send = [weak = socket_](domain::replayed event) {
    if (const auto to = weak.lock()) to->emit(event.type, std::move(event.envelope));
  };
  to.when_drained = [weak = socket_](std::function<void()> go_on) {
    if (const auto to = weak.lock()) to->when_drained(std::move(go_on));
  };
  domain::replay::wish what{asked.rooms, from, asked.since ? std::nullopt : asked.last, head, asked.only};
  replay_ = std::make_shared<domain::replay>(shared_.events, socket->worker(), std::move(what), shared_.replays,
                                             std::move(to), std::move(done));
  replay_->start();
  return true;
}

result<domain::feed::entered> subscriptions::enter(const wish& asked) {
  const auto socket = socket_.lock();
  if (!socket) return errc::closed;
  std::vector<std::string> entered_now;  // to take back when not all of them can be joined
  const auto give_back = [&](error why) -> result<domain::feed::entered> {
    for (const auto& room : entered_now) shared_.connections.leave(row_, room);
    return why;
  };
  const auto limits = shared_.current();
  for (const auto& room : asked.rooms) {
    if (rooms_.contains(room)) continue;
    const bool full = !asked.own && rooms_.size() + entered_now.size() >= limits->rooms_per_connection_max;
    if (full || !shared_.connections.enter(row_, room, asked.own ? 0 : limits->members_per_room_max)) {
      return give_back({errc::over_limit, full ? "too many rooms" : "the room is full", "/room"});
    }
    entered_now.push_back(room);
  }
  std::vector<std::string> newly;
  const auto before = socket->rooms();
  auto entered = shared_.events.enter(asked.rooms, asked.only, [&](const auto& joining, auto after) {
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
  for (std::size_t i = 0; i < asked.rooms.size(); ++i) {
    auto& joined = rooms_[asked.rooms[i]];
    const auto previous = std::exchange(joined, entered->joined[i]);
    if (!previous.empty() && previous != joined) socket->leave(previous);
    // Each subscription holds its filter once: the one before gives its hold back, also when it was the same.
    if (!previous.empty() && previous != asked.rooms[i]) shared_.events.release(previous);
    follow_presence(asked.rooms[i]);
  }
  return entered;
}

void subscriptions::take_token(std::shared_ptr<const domain::principal> who) {
  who_ = std::move(who);
  stop_replay_of([this](const std::string& room) { return !may_stay(room); });
  std::vector<std::string> lost;
  for (const auto& [room, joined] : rooms_) {
    if (!may_stay(room)) lost.push_back(room);
  }
  for (const auto& room : lost) drop(room);
  for (const auto& [room, joined] : rooms_) follow_presence(room);
}

// What only the back-end allowed stays until it says otherwise: it is asked when the room is joined.
bool subscriptions::may_stay(const std::string& room) const {
  const auto decision = shared_.policy.decide(*who_, domain::room_action::join, room);
  return decision == domain::access::allow || (decision == domain::access::ask_hook && shared_.hook);
}

void subscriptions::stop_replay_of(const std::function<bool(const std::string& room)>& which) {
  const auto under_way = replay_;
  if (under_way && std::ranges::any_of(under_way->what().rooms, which)) under_way->stop();
}

void subscriptions::drop(const std::string& room) {
  const auto found = rooms_.find(room);
  if (found == rooms_.end()) return;
  if (const auto socket = socket_.lock()) {
    socket->leave(found->second);
    if (shared_.presence_window) socket->leave(presence_room(room));
  }
  if (found->second != room) shared_.events.release(found->second);
  shared_.connections.leave(row_, room);
  rooms_.erase(found);
}

void subscriptions::follow_presence(const std::string& room) {
  const auto socket = socket_.lock();
  if (!socket || !shared_.presence_window || room == "global" || room.starts_with("user:")) return;
  // The back-end is not asked for this: who may only read the presence by its leave asks with the command.
  if (shared_.policy.decide(*who_, domain::room_action::presence, room) == domain::access::allow)
    static_cast<void>(socket->join(presence_room(room)));
  else
    socket->leave(presence_room(room));
}

void subscriptions::close() {
  open_ = false;
  replay_ = nullptr;
  waiting_.clear();
  for (const auto& [room, joined] : rooms_) {
    if (joined != room) shared_.events.release(joined);
  }
  rooms_.clear();
}

array subscriptions::rooms() const {
  array names;
  for (const auto& [room, joined] : rooms_) names.emplace_back(room);
  return names;
}

}  // namespace fanfare::api
