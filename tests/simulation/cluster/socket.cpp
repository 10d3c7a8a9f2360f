#include "socket.hpp"

#include <algorithm>
#include <utility>

namespace fanfare::simulation {

void socket::subscribe(std::vector<std::string> rooms, std::optional<std::string> since) {
  if (!since) return let_in(rooms, since);
  events_.catch_up(*since, worker_, [weak = weak_from_this(), rooms = std::move(rooms), since] {
    if (const auto self = weak.lock()) self->let_in(rooms, since);
  });
}

void socket::let_in(const std::vector<std::string>& rooms, const std::optional<std::string>& since) {
  if (!open_) return;
  const auto from = since ? events_.start_of(*since) : std::optional<domain::feed::start>();
  if (!from) return send_({.what = packet::kind::refused});
  std::vector<domain::feed::subscription> wanted;
  for (const auto& room : rooms) wanted.push_back({room, nullptr});
  const auto entered = events_.enter(wanted, [this](const auto& joining, auto after) {
    for (const auto& room : joining) rooms_[room] = after;
    return result<void>();
  });
  auto cursor = events_.cursor_at(entered->head);
  if (!from->has_value()) return answer(std::move(cursor), false);
  holds_ = !how_.gate_open;
  domain::replay::receiver to;
  to.send = [weak = weak_from_this()](domain::replayed event) {
    const auto self = weak.lock();
    if (!self || !self->open_) return;
    self->send_({.id = tag_of(event.envelope),
                 .cursor = std::string(event.envelope.find("cursor")->as_string()),
                 .kept = true});
  };
  to.when_drained = [this](const std::function<void()>& go_on) { worker_.after(at_.between(0, 30), go_on); };
  replay_ = std::make_shared<domain::replay>(
      events_, worker_, domain::replay::wish{rooms, **from, std::nullopt, entered->head, nullptr}, how_.replays,
      std::move(to), [weak = weak_from_this(), cursor = std::move(cursor)](bool all) {
        if (const auto self = weak.lock()) self->answer(cursor, all);
      });
  replay_->start();
}

void socket::answer(std::string cursor, bool recovered) {
  if (!open_) return;
  send_({.what = packet::kind::let_in, .cursor = std::move(cursor), .recovered = recovered || how_.always_recovered});
  release();
}

void socket::release() {
  // Not from within the replay that it ends.
  worker_.post([ended = std::exchange(replay_, nullptr)] {});
  holds_ = false;
  for (auto& each : std::exchange(gate_, {})) send_(std::move(each));
}

void socket::emit(const std::vector<std::string>& rooms, std::uint64_t sequence, const packet& what) {
  if (!open_) return;
  const bool wanted = how_.rooms_ignored || std::ranges::any_of(rooms, [this, sequence](const auto& room) {
                        const auto found = rooms_.find(room);
                        return found != rooms_.end() && (sequence == 0 || found->second < sequence);
                      });
  if (!wanted) return;
  if (!holds_) return send_(what);
  gate_.push_back(what);
  if (gate_.size() > how_.held_max && replay_) std::shared_ptr(replay_)->stop();
}

void socket::end() {
  open_ = false;
  replay_ = nullptr;
  gate_.clear();
}

}  // namespace fanfare::simulation
