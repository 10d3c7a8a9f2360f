#include "api/authorization.hpp"

#include <utility>

namespace fanfare::api {

void authorization::ask(const std::shared_ptr<const domain::principal>& who, std::vector<std::string> rooms,
                        domain::room_action action, executor& worker, std::function<void(result<void>)> done) const {
  while (!rooms.empty()) {
    const auto room = rooms.back();
    const auto decision = policy.decide(*who, action, room);
    rooms.pop_back();
    if (decision == domain::access::ask_hook && hook) {
      return hook(
          *who, room, domain::to_text(action),
          [this, who, &worker, rooms, room, action, done = std::move(done)](bool allowed) mutable {
            // Moved on, so that what `done` holds is dropped on the worker.
            worker.post([this, who, &worker, rooms = std::move(rooms), room, action, done = std::move(done), allowed] {
              if (allowed) return ask(who, rooms, action, worker, done);
              log(*who, action, room, "the hook said no");
              done(errc::forbidden);
            });
          });
    }
    if (auto allowed = domain::to_result(decision); !allowed) {
      log(*who, action, room, policy.explain(*who, action, room).why);
      return done(allowed.error().code);
    }
  }
  done({});
}

void authorization::log(const domain::principal& who, domain::room_action action, std::string_view room,
                        std::string_view why) const {
  says_.log_to(severity::info, "access refused",
               {{"user", who.sub}, {"action", domain::to_text(action)}, {"room", room}, {"why", why}});
}

}  // namespace fanfare::api
