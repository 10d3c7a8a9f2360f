#include "redis/link.hpp"

#include <iterator>
#include <utility>

namespace fanfare::redis {

link::link(executor& home, net::connector& connector, std::shared_ptr<locator> where, link_options options, events told)
    : home_(home),
      connector_(connector),
      where_(std::move(where)),
      options_(std::move(options)),
      told_(std::make_shared<const events>(std::move(told))) {}

std::shared_ptr<link> link::make(executor& home, net::connector& connector, std::shared_ptr<locator> where,
                                 link_options options, events told) {
  std::shared_ptr<link> made(new link(home, connector, std::move(where), std::move(options), std::move(told)));
  made->seek();
  return made;
}

void link::seek() {
  retry_ = 0;
  where_->locate([weak = weak_from_this(), round = ++round_](const result<net::endpoint>& found) {
    const auto self = weak.lock();
    if (!self || self->closed_ || self->round_ != round || self->current_) return;
    if (!found) return self->on_lost(found.error());
    self->connect(*found);
  });
}

void link::connect(const net::endpoint& to) {
  const auto weak = weak_from_this();
  current_ = connection::open(home_, connector_, to, options_.connect_timeout, options_.terms,
                              {[weak] {
                                 if (const auto self = weak.lock()) self->on_ready();
                               },
                               [weak](reply message) {
                                 const auto self = weak.lock();
                                 if (!self) return;
                                 if (const auto told = self->told_; told && told->push) told->push(std::move(message));
                               },
                               [weak](const error& why) {
                                 if (const auto self = weak.lock()) self->on_lost(why);
                               }});
}

void link::on_ready() {
  failures_ = 0;
  trouble_.clear();
  if (const auto told = told_; told && told->ready) told->ready();
  returned_ = 0;
  // What is refused on the way comes back to the front of a queue of its own.
  for (auto batch = std::exchange(waiting_, {}); !batch.empty(); batch.pop_front()) submit(std::move(batch.front()));
}

// The connection tells its end before it tells its exchanges: those that come back line up at the front.
void link::on_lost(const error& why) {
  if (closed_) return;
  current_.reset();
  returned_ = 0;
  trouble_ = why.detail;
  home_.cancel(retry_);
  const auto pause = options_.pause.delay(failures_++, options_.draw ? options_.draw() : 0.5);
  retry_ = home_.after(pause, [weak = weak_from_this()] {
    if (const auto self = weak.lock(); self && !self->closed_) self->seek();
  });
  if (const auto told = told_; told && told->lost) told->lost(why);
}

void link::relocate(const std::string& why) {
  if (!current_ || closed_) return;
  if (leaving_) leaving_->close();
  leaving_ = current_;
  on_lost({errc::unavailable, why, {}});
  leaving_->retire();
}

void link::submit(request wanted) {
  if (closed_) return wanted.done(error{errc::closed, "redis: closed", {}});
  if (ready()) return send(std::move(wanted));
  keep(std::move(wanted), false);
}

void link::send(request wanted) {
  const auto commands = wanted.commands;
  const auto deadline = wanted.deadline;
  exchange work{commands, deadline, {}, 0, nullptr};
  work.done = [weak = weak_from_this(), wanted = std::move(wanted)](fate how,
                                                                    result<std::vector<reply>> outcome) mutable {
    const auto self = weak.lock();
    const bool ended = !outcome && outcome.error().code != errc::timeout;
    const bool again = ended && (how == fate::not_sent || wanted.repeatable);
    if (again && self && !self->closed_) return self->keep(std::move(wanted), true);
    wanted.done(std::move(outcome));
  };
  static_cast<void>(current_->submit(std::move(work)));
}

void link::keep(request wanted, bool in_front) {
  if (in_front) {
    waiting_.insert(waiting_.begin() + static_cast<std::ptrdiff_t>(returned_++), std::move(wanted));
  } else {
    waiting_.push_back(std::move(wanted));
  }
  watch_deadlines();
}

void link::watch_deadlines() {
  if (waiting_.empty()) return;
  auto next = waiting_.front().deadline;
  for (const auto& each : {&waiting_.back(), &waiting_[returned_ == 0 ? 0 : returned_ - 1]}) {
    next = std::min(next, each->deadline);
  }
  if (sweep_ != 0 && sweep_at_ <= next) return;
  home_.cancel(sweep_);
  sweep_at_ = next;
  const auto delay = std::chrono::ceil<milliseconds>(next - home_.now());
  sweep_ = home_.after(std::max(delay, milliseconds{0}), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->sweep();
  });
}

void link::sweep() {
  sweep_ = 0;
  const auto now = home_.now();
  std::vector<request> late;
  auto next = steady_time::max();
  std::deque<request> kept;
  for (auto& each : waiting_) {
    if (each.deadline <= now) {
      late.push_back(std::move(each));
    } else {
      next = std::min(next, each.deadline);
      kept.push_back(std::move(each));
    }
  }
  waiting_ = std::move(kept);
  returned_ = 0;
  if (!waiting_.empty()) {
    sweep_at_ = next;
    sweep_ = home_.after(std::chrono::ceil<milliseconds>(next - now), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->sweep();
    });
  }
  const auto why = "redis: no connection in time" + (trouble_.empty() ? std::string() : ": " + trouble_);
  for (auto& each : late) each.done(error{errc::unavailable, why, {}});
}

std::vector<request> link::withdraw() {
  std::vector<request> out(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end()));
  waiting_.clear();
  returned_ = 0;
  return out;
}

void link::close() {
  if (std::exchange(closed_, true)) return;
  const auto self = shared_from_this();
  home_.cancel(std::exchange(retry_, 0));
  home_.cancel(std::exchange(sweep_, 0));
  if (const auto current = std::exchange(current_, nullptr)) current->close();
  if (const auto leaving = std::exchange(leaving_, nullptr)) leaving->close();
  for (auto& each : withdraw()) each.done(error{errc::closed, "redis: closed", {}});
  told_ = nullptr;
}

}  // namespace fanfare::redis
