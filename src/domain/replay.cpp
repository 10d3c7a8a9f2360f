#include "domain/replay.hpp"

#include <utility>

namespace fanfare::domain {

replay::replay(const feed& events, executor& worker, wish what, replay_bounds bounds, receiver to, ended done)
    : events_(events),
      worker_(worker),
      what_(std::move(what)),
      bounds_(bounds),
      to_(std::move(to)),
      done_(std::move(done)) {}

void replay::start() {
  timer_ = worker_.after(bounds_.time_max, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->finish(false);
  });
  if (what_.last)
    seek(what_.head);
  else
    next();
}

// Never inline: a log that answers at once would make this a recursion, and leave the worker's other connections no
// turn.
void replay::read(history::range wanted, step then) {
  events_.read(std::move(wanted), what_.only,
               [weak = weak_from_this(), &worker = worker_, then](result<feed::page> came) {
                 worker.post([weak, then, came = std::make_shared<result<feed::page>>(std::move(came))] {
                   const auto self = weak.lock();
                   if (self && self->done_) ((*self).*then)(std::move(*came));
                 });
               });
}

// Where the newest so many begin is found from the end; from there they are sent in their order.
void replay::seek(std::uint64_t up_to) {
  read({what_.rooms, 0, up_to, 0, true, bounds_.page_entries, bounds_.page_bytes}, &replay::sought);
}

void replay::sought(result<feed::page> came) {
  if (!came) return finish(false);
  if (found_ == 0) what_.from.after = what_.head;
  for (const auto position : came->positions) {
    what_.from.after = position - 1;
    if (++found_ == *what_.last) return next();
  }
  bytes_ += came->bytes;
  if (bytes_ > bounds_.bytes_max) return finish(false);
  if (came->more) return seek(came->seen - 1);
  next();
}

void replay::next() {
  if (what_.from.after >= what_.head) {
    return worker_.post([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->finish(true);
    });
  }
  read(
      {what_.rooms, what_.from.after, what_.head, what_.from.since_ms, false, bounds_.page_entries, bounds_.page_bytes},
      &replay::got);
}

void replay::got(result<feed::page> came) {
  // The newest so many that there are: what is no longer kept is not missed.
  if (!came || (!came->complete && !what_.last)) return finish(false);
  bytes_ += came->bytes;
  what_.from = {came->seen, 0};
  for (auto& item : came->events) {
    if (!done_) return;  // stopped by what sending did
    to_.send(std::move(item));
  }
  if (!came->more) return finish(true);
  if (bytes_ > bounds_.bytes_max) return finish(false);
  to_.when_drained([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && self->done_) self->next();
  });
}

void replay::finish(bool recovered) {
  worker_.cancel(std::exchange(timer_, 0));
  if (const auto done = std::exchange(done_, nullptr)) done(recovered);
}

}  // namespace fanfare::domain
