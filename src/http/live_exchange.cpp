#include "http/live_exchange.hpp"

#include "http/connection.hpp"

namespace fanfare::http {

// Posted, never inline: whoever drops the last reference may be in the midst of anything.
live_exchange::~live_exchange() {
  if (answered_.exchange(true)) return;
  try {
    if (auto carrier = carrier_.lock()) {
      home_.post([carrier = std::move(carrier)] {
        carrier->answer(response::problem(500, reason_phrase(500)), false, false);
      });
    }
  } catch (...) {  // out of memory: the connection's end will be the peer's answer
  }
}

void live_exchange::respond(response answer, bool compress) { finish(std::move(answer), compress, false); }
void live_exchange::respond_and_close(response answer) { finish(std::move(answer), false, true); }

void live_exchange::finish(response answer, bool compress, bool close_after) {
  if (answered_.exchange(true)) return;
  auto carrier = carrier_.lock();
  if (!carrier) return;
  if (home_.here()) return carrier->answer(std::move(answer), compress, close_after);
  home_.post([carrier = std::move(carrier), answer = std::move(answer), compress, close_after]() mutable {
    carrier->answer(std::move(answer), compress, close_after);
  });
}

void live_exchange::on_abort(std::function<void()> work) {
  if (answered_) return;
  auto carrier = carrier_.lock();
  if (!carrier) return home_.post(std::move(work));
  if (home_.here()) return carrier->set_abort(std::move(work));
  home_.post([carrier = std::move(carrier), work = std::move(work)]() mutable { carrier->set_abort(std::move(work)); });
}

void live_exchange::read_body(body_reader next) {
  auto carrier = answered_ ? nullptr : carrier_.lock();
  if (!carrier) return home_.post([next = std::move(next)] { next(errc::closed); });
  if (home_.here()) return carrier->read_body(asked_, std::move(next));
  home_.post([carrier = std::move(carrier), of = asked_, next = std::move(next)]() mutable {
    carrier->read_body(of, std::move(next));
  });
}

void live_exchange::upgrade(executor& target, upgraded taken) {
  if (answered_.exchange(true)) return;
  auto carrier = carrier_.lock();
  if (!carrier) return;
  if (home_.here()) return carrier->upgrade(target, std::move(taken));
  home_.post([carrier = std::move(carrier), &target, taken = std::move(taken)]() mutable {
    carrier->upgrade(target, std::move(taken));
  });
}

}  // namespace fanfare::http
