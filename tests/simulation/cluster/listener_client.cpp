#include "listener_client.hpp"

#include <algorithm>
#include <utility>

#include "history/cursor.hpp"

namespace fanfare::simulation {

namespace {

constexpr std::int64_t delay_max_ms = 5;  // between a client and its node, one way
constexpr milliseconds answer_timeout{20000};

}  // namespace

void listener_client::come_later(milliseconds low, milliseconds high) {
  at_.after(at_.between(low.count(), high.count()) + std::exchange(away_, milliseconds{0}),
            [self = shared_from_this(), round = round_] {
              if (self->round_ == round) self->come();
            });
}

void listener_client::come() {
  ++round_;
  in_ = false;
  std::vector<std::shared_ptr<node>> open;
  std::ranges::copy_if(nodes_, std::back_inserter(open), &node::serves);
  if (open.empty()) return come_later(milliseconds{50}, milliseconds{200});
  const auto chosen = at_.any_of(open);
  at_node_ = chosen;
  arrives_ = at_.steady_now();
  connection_ = std::make_shared<std::weak_ptr<socket>>();
  book_.connects(who_);
  book_.note(who_.name + " comes to " + chosen->name() + (cursor_ ? " since " + *cursor_ : ""));
  const std::vector<std::string> rooms(who_.rooms.begin(), who_.rooms.end());
  const auto weak = weak_from_this();
  const auto send = [weak, round = round_](const packet& what) {
    const auto self = weak.lock();
    if (!self || self->round_ != round) return;
    self->arrives_ = std::max(self->arrives_, self->at_.steady_now() + self->at_.between(0, delay_max_ms));
    self->at_.after(std::chrono::ceil<std::chrono::microseconds>(self->arrives_ - self->at_.steady_now()),
                    [weak, round, what] {
                      if (const auto still = weak.lock()) still->take(round, what);
                    });
  };
  const auto to_end = [weak, round = round_] {
    const auto self = weak.lock();
    if (!self) return;
    self->at_.after(self->at_.between(0, delay_max_ms), [weak, round] {
      if (const auto still = weak.lock()) still->ended(round);
    });
  };
  at_.after(at_.between(0, delay_max_ms), [at = at_node_, user = user_, rooms, since = cursor_, send, to_end,
                                           into = connection_] {
    const auto there = at.lock();
    if (!there) return to_end();
    there->accept(user, rooms, since, send, to_end, [into](const std::weak_ptr<socket>& made) { *into = made; });
  });
  at_.after(answer_timeout, [weak, round = round_] {
    const auto self = weak.lock();
    if (self && self->round_ == round && !self->in_) self->lose_connection();
  });
}

void listener_client::take(std::uint64_t round, const packet& what) {
  if (round != round_) return;
  if (what.what == packet::kind::refused) {
    book_.note(who_.name + " is refused");
    return;
  }
  book_.came(who_, what);
  // What passed just before it was let in may come behind that; it does not lead back.
  const auto before = cursor_ ? history::parse_cursor(*cursor_) : result<history::cursor>(errc::bad_request);
  const auto now = history::parse_cursor(what.cursor);
  const bool back = what.what == packet::kind::event && before && now && before->epoch == now->epoch &&
                    now->position < before->position;
  if (!back) cursor_ = what.cursor;
  if (what.what == packet::kind::let_in) in_ = true;
}

void listener_client::ended(std::uint64_t round) {
  if (round != round_) return;
  ++round_;
  in_ = false;
  book_.note(who_.name + " is cut off");
  come_later(milliseconds{10}, milliseconds{400});
}

void listener_client::lose_connection() {
  at_.after(at_.between(0, 100), [at = at_node_, which = connection_] {
    const auto there = at.lock();
    if (there && which) there->drop(*which);
  });
  ended(round_);
}

}  // namespace fanfare::simulation
