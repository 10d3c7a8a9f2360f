// The commands of gateway_session: subscribe, unsubscribe, ping, auth.refresh, presence, publish.

#include <algorithm>
#include <utility>

#include <fanfare/base/json.hpp>
#include <fanfare/base/rfc3339.hpp>

#include "api/gateway/gateway.hpp"
#include "api/gateway/gateway_session.hpp"
#include "domain/envelope.hpp"
#include "domain/filter.hpp"

namespace fanfare::api {

namespace {

constexpr std::size_t rooms_per_command_max = 100;

/// `room`: one name or a list of them, each once.
result<std::vector<std::string>> rooms_of(const value& asked) {
  const auto* room = asked.find("room");
  std::vector<std::string> rooms;
  if (room != nullptr && room->if_string() != nullptr) {
    rooms.push_back(*room->if_string());
  } else if (room != nullptr && room->if_array() != nullptr) {
    for (const auto& item : *room->if_array()) {
      const auto* name = item.if_string();
      if (name == nullptr) return error{errc::bad_request, "room must be a name or a list of names", "/room"};
      if (std::ranges::find(rooms, *name) == rooms.end()) rooms.push_back(*name);
      if (rooms.size() > rooms_per_command_max) return error{errc::over_limit, "too many rooms at once", "/room"};
    }
  }
  if (rooms.empty()) return error{errc::bad_request, "room must be a name or a list of names", "/room"};
  for (const auto& name : rooms) {
    if (const auto parsed = domain::parse_room(name); !parsed) return parsed.error();
  }
  return rooms;
}

/// `last`: how many of the newest events come first.
std::optional<error> fault_of_last(const value& asked, std::size_t most) {
  const auto* last = asked.find("last");
  if (last == nullptr || last->is_null()) return std::nullopt;
  const auto* since = asked.find("since");
  if (since != nullptr && !since->is_null()) return error{errc::bad_request, "give since or last, not both", "/last"};
  const auto* count = last->if_integer();
  if (count != nullptr && *count >= 1 && static_cast<std::uint64_t>(*count) <= most) return std::nullopt;
  return error{errc::bad_request, "last must be 1 to " + std::to_string(most), "/last"};
}

}  // namespace

void gateway_session::authorize(std::vector<std::string> rooms, domain::room_action action,
                                std::function<void(result<void>)> done) {
  const auto socket = socket_.lock();
  if (!socket) return;
  at_.may.ask(who_, std::move(rooms), action, socket->worker(),
              [weak = weak_from_this(), done = std::move(done)](const result<void>& allowed) {
                const auto self = weak.lock();
                if (self && self->open_) done(allowed);
              });
}

void gateway_session::subscribe(const command_ptr& given) {
  auto rooms = rooms_of(given->asked);
  if (!rooms) return fail(*given, rooms.error());
  const auto* since = given->asked.find("since");
  if (since != nullptr && !since->is_null() && since->if_string() == nullptr) {
    return fail(*given, {errc::bad_request, "since must be a cursor", "/since"});
  }
  if (const auto fault = fault_of_last(given->asked, at_.last_events_max)) return fail(*given, *fault);
  domain::filter_ptr only;
  if (const auto* filter = given->asked.find("filter"); filter != nullptr && !filter->is_null()) {
    auto parsed = domain::filter::parse(*filter);
    if (!parsed) {
      auto why = parsed.error();
      why.pointer = "/filter" + why.pointer;
      // Whatever is wrong with a filter, its author is told where (contract).
      why.code = errc::bad_request;
      return fail(*given, why);
    }
    only = std::move(*parsed);
  }
  std::optional<std::size_t> last;
  if (const auto* count = given->asked.find("last"); count != nullptr && count->if_integer()) {
    last = static_cast<std::size_t>(*count->if_integer());
  }
  subscriptions::wish wish{.rooms = *rooms, .last = last, .only = only};
  if (since != nullptr && since->if_string() != nullptr) wish.since = *since->if_string();
  authorize(*rooms, domain::room_action::join,
            [self = shared_from_this(), given, wish = std::move(wish)](const result<void>& allowed) {
              if (!allowed) return self->fail(*given, allowed.error());
              self->rooms_->subscribe(wish, [self, given](const result<subscriptions::answer>& entered) {
                if (!entered) return self->fail(*given, entered.error());
                self->answer(*given, {{"ok", true},
                                      {"room", *given->asked.find("room")},
                                      {"cursor", entered->cursor},
                                      {"recovered", entered->recovered}});
              });
            });
}

void gateway_session::unsubscribe(const command_ptr& given) {
  const auto rooms = rooms_of(given->asked);
  if (!rooms) return fail(*given, rooms.error());
  rooms_->unsubscribe(*rooms, [self = shared_from_this(), given](const result<void>& left) {
    if (!left) return self->fail(*given, left.error());
    self->answer(*given, {{"ok", true}, {"room", *given->asked.find("room")}});
  });
}

void gateway_session::ping(const command_ptr& given) {
  object fields{{"time", format_rfc3339(at_.says.around.now())}};
  if (const auto* sent = given->asked.if_object()) {
    for (const auto& [name, item] : *sent) {
      if (name != "time") fields.set(name, item);
    }
  }
  answer(*given, std::move(fields));
}

void gateway_session::refresh(const command_ptr& given) {
  const auto* token = given->asked.find("token");
  if (token == nullptr || token->if_string() == nullptr) {
    return fail(*given, {errc::bad_request, "token must be a string", "/token"});
  }
  if (refreshing_) return fail(*given, {errc::rate_limited, "a refresh is under way", {}}, 1000);
  const auto socket = socket_.lock();
  if (!socket) return;
  refreshing_ = true;
  at_.tokens.authenticate(
      std::string(without_scheme(*token->if_string())),
      [self = shared_from_this(), &worker = socket->worker(), given](result<domain::principal> who) mutable {
        auto go_on = [self = std::move(self), given, who = std::move(who)] { self->refreshed(given, who); };
        worker.dispatch(std::move(go_on));
      });
}

void gateway_session::refreshed(const command_ptr& given, result<domain::principal> who) {
  refreshing_ = false;
  if (!open_) return;
  if (!who) return fail(*given, {who.error().code, {}, {}});
  if (who->sub != who_->sub) return fail(*given, {errc::forbidden, "the token is another user's", {}});
  who_ = std::make_shared<const domain::principal>(std::move(*who));
  warned_ = false;
  at_.connections.set_token(row_, who_);
  rooms_->take_token(who_);
  object fields{{"ok", true}, {"expires_at", nullptr}, {"rooms", rooms_->rooms()}};
  if (who_->expires_at) fields.set("expires_at", format_rfc3339(*who_->expires_at));
  answer(*given, std::move(fields));
  arm_expiry();
}

void gateway_session::publish(const command_ptr& given) {
  const auto socket = socket_.lock();
  if (!socket) return;
  if (at_.live.draining.load()) return fail(*given, {errc::draining, {}, {}});
  auto draft = domain::parse_draft(given->asked, at_.envelope);
  if (!draft) return fail(*given, draft.error());
  const bool any_type = who_->has_scope("events:publish");
  if (!any_type) {
    // What an agent says of itself, where the policy lets it: the rule is the one of its own room.
    const auto* agent = draft->type.starts_with("agent.") ? draft->data.find("agent_id") : nullptr;
    const auto own = agent == nullptr ? domain::access::forbidden
                                      : at_.may.policy.decide(*who_, domain::room_action::publish,
                                                              "agent:" + std::string(agent->as_string()));
    if (own != domain::access::allow) return fail(*given, {errc::forbidden, {}, {}});
  }
  const auto now = socket->worker().now();
  const auto verdict = at_.publish_rate.take("sub:" + who_->sub, now);
  if (!verdict.allowed) return fail(*given, {errc::rate_limited, {}, {}}, verdict.retry_after.count());
  domain::publish_context asked;
  asked.publisher = "sub:" + who_->sub;
  asked.default_source = std::string(own_source);
  asked.now = at_.says.around.now();
  asked.steady_now = now;
  asked.may_publish = [&at = at_, who = who_, any_type](const std::string& room) -> result<void> {
    const auto decision = at.may.policy.decide(*who, domain::room_action::publish, room);
    if (any_type || decision == domain::access::allow || !room.starts_with("project:")) {
      return domain::to_result(decision);
    }
    // An agent's event is for its project too; the project must be one that its token names.
    return domain::to_result(at.may.policy.decide(*who, domain::room_action::join, room));
  };
  std::vector<domain::draft> drafts;
  drafts.push_back(std::move(*draft));
  at_.publisher.publish(
      std::move(drafts), std::move(asked),
      [self = shared_from_this(), socket, given](result<domain::publish_answer> done) {
        socket->worker().post([self, given, done = std::move(done)] {
          if (!self->open_) return;
          if (!done) return self->fail(*given, done.error());
          const auto& event = done->events.front();
          self->answer(*given, {{"ok", true}, {"id", event.id}, {"cursor", event.cursor}});
        });
      },
      false);
}

void gateway_session::presence(const command_ptr& given) {
  const auto rooms = rooms_of(given->asked);
  if (!rooms) return fail(*given, rooms.error());
  if (rooms->size() != 1) return fail(*given, {errc::bad_request, "room must be one name", "/room"});
  authorize(*rooms, domain::room_action::presence,
            [self = shared_from_this(), given, room = rooms->front()](const result<void>& allowed) {
              if (!allowed) return self->fail(*given, allowed.error());
              array members;
              for (const auto& [user, connections] : self->at_.connections.members(room)) {
                members.emplace_back(object{{"user", user}, {"connections", connections}});
              }
              self->answer(*given, {{"ok", true}, {"room", room}, {"members", std::move(members)}});
            });
}

}  // namespace fanfare::api
