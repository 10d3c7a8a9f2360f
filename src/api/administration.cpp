#include "api/administration.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include <fanfare/base/json.hpp>
#include <fanfare/base/rfc3339.hpp>

#include "api/answers.hpp"
#include "api/fleet/gather.hpp"
#include "api/listing.hpp"

namespace fanfare::api {

namespace {

// Before a revocation's key, and before a user to disconnect, in the log's facts.
constexpr std::string_view revocation_mark = "revoked ";
constexpr std::string_view disconnect_mark = "disconnect ";

std::int64_t unix_ms(domain::system_time time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

/// Goes on with `work` when the credential may do `action` in the room; answers the refusal itself.
void with_room(const administration& at, const http::exchange_ptr& exchange, const credential& who,
               domain::room_action action, std::function<void(const std::string& room)> work) {
  const std::string room(exchange->request().param("room"));
  if (const auto parsed = domain::parse_room(room); !parsed) return exchange->respond(problem(parsed.error()));
  if (who.has_scope("admin")) return work(room);
  const auto token = std::make_shared<const domain::principal>(*who.token);
  at.may.ask(token, {room}, action, exchange->worker(),
             [exchange, room, work = std::move(work)](const result<void>& allowed) {
               if (!allowed) return exchange->respond(problem({allowed.error().code, {}, {}}));
               work(room);
             });
}

}  // namespace

void list_rooms(const administration& at, const http::exchange_ptr& exchange, const credential&) {
  const auto& query = exchange->request().query;
  const auto part = listing_of(query);
  if (!part) return exchange->respond(problem(part.error()));
  const auto order = http::query_value(query, "order").value_or("name");
  if (order != "name" && order != "connections") {
    return exchange->respond(problem({errc::bad_request, "order must be name or connections", {}}));
  }
  const auto prefix = http::query_value(query, "prefix").value_or("");
  const auto search = http::query_value(query, "search").value_or("");
  auto found = at.connections.rooms();
  std::erase_if(found, [&](const auto& each) {
    return !each.first.starts_with(prefix) || each.first.find(search) == std::string::npos;
  });
  if (order == "connections") {
    std::ranges::stable_sort(found, std::ranges::greater{}, &std::pair<std::string, std::size_t>::second);
  }
  array rooms;
  const auto end = std::min(part->offset + part->limit, found.size());
  for (auto i = part->offset; i < end; ++i) {
    rooms.emplace_back(object{{"room", found[i].first}, {"connections", found[i].second}});
  }
  exchange->respond(json_answer(200, object{{"total", found.size()}, {"rooms", std::move(rooms)}}), true);
}

void get_room(const administration& at, const http::exchange_ptr& exchange, const credential& who) {
  with_room(at, exchange, who, domain::room_action::presence, [&at, exchange](const std::string& room) {
    array members;
    std::size_t total = 0;
    for (const auto& [user, connections] : at.connections.members(room)) {
      total += connections;
      members.emplace_back(object{{"user", user}, {"connections", connections}});
    }
    exchange->respond(json_answer(200, object{{"room", room}, {"connections", total}, {"members", std::move(members)}}),
                      true);
  });
}

void get_history(const administration& at, const http::exchange_ptr& exchange, const credential& who) {
  const auto limit = number_of(exchange->request().query, "limit");
  if (!limit) return exchange->respond(problem(limit.error()));
  with_room(at, exchange, who, domain::room_action::history,
            [&at, exchange, limit = limit->value_or(limit_preset)](const std::string& room) {
              const auto& query = exchange->request().query;
              const auto since = http::query_value(query, "since");
              const auto last = number_of(query, "last");
              if (!last) return exchange->respond(problem(last.error()));
              const auto order = http::query_value(query, "order").value_or("oldest");
              if ((order != "oldest" && order != "newest") || (order == "newest" && !*last) || (since && *last)) {
                return exchange->respond(problem(
                    {errc::bad_request, "give since or last; order is oldest or, with last, newest (first)", {}}));
              }
              auto answer = [exchange, room, newest_first = order == "newest"](result<domain::history_page> page) {
                if (!page) return exchange->respond(problem(page.error()));
                if (newest_first) std::ranges::reverse(page->events);
                array events;
                for (auto& item : page->events) events.push_back(std::move(item.envelope));
                exchange->respond(json_answer(200, object{{"room", room},
                                                          {"events", std::move(events)},
                                                          {"cursor", page->cursor},
                                                          {"recovered", page->recovered},
                                                          {"more", page->more}}),
                                  true);
              };
              if (*last) return domain::read_newest(at.events, {room}, **last, std::move(answer));
              at.events.catch_up(since.value_or(""), exchange->worker(),
                                 [&at, room, since, limit, answer = std::move(answer)]() mutable {
                                   domain::read_history(at.events, {room}, since, limit, std::move(answer));
                                 });
            });
}

void explain_access(const administration& at, const http::exchange_ptr& exchange, const credential&) {
  const auto& query = exchange->request().query;
  const auto user = http::query_value(query, "user");
  const auto room = http::query_value(query, "room");
  if (!user || !room) return exchange->respond(problem({errc::bad_request, "give user and room", {}}));
  const auto wanted = http::query_value(query, "action").value_or("join");
  constexpr std::array actions{domain::room_action::join, domain::room_action::presence, domain::room_action::history,
                               domain::room_action::publish};
  const auto action = std::ranges::find(actions, wanted, [](auto each) { return domain::to_text(each); });
  if (action == actions.end()) {
    return exchange->respond(problem({errc::bad_request, "action must be join, presence, history or publish", {}}));
  }
  constexpr std::string_view decisions[] = {"allow", "forbidden", "unknown_room", "ask_hook"};
  std::vector<value> rows;
  for (const auto& row : at.connections.list({.user = user}, 0, limit_max).rows) {
    if (row.who == nullptr) continue;
    const auto found = at.may.policy.explain(*row.who, *action, *room);
    rows.emplace_back(object{{"connection", row.id},
                             {"decision", decisions[static_cast<std::size_t>(found.decision)]},
                             {"why", found.why},
                             {"node", at.connections.node()}});
  }
  object out{{"user", *user}, {"room", *room}, {"action", wanted}};
  gather(
      at.others, exchange, exchange->request().target,
      [exchange, rows = std::move(rows), out = std::move(out)](gathered from) mutable {
        for (const auto& each : from.answers) append_rows(rows, each);
        if (rows.empty()) {
          return exchange->respond(problem({errc::not_found, "the user is not connected to a node that answered", {}}));
        }
        out.set("connections", array(rows.begin(), rows.end()));
        if (!from.missing.empty()) out.set("missing_nodes", std::move(from.missing));
        exchange->respond(json_answer(200, std::move(out)));
      });
}

void disconnect_user(const administration& at, const http::exchange_ptr& exchange, const credential& who) {
  const std::string user(exchange->request().param("id"));
  if (!domain::is_room_id(user)) return exchange->respond(problem({errc::not_found, {}, {}}));
  const auto elsewhere = at.connections.of_user_elsewhere(user);
  const auto count = at.connections.disconnect(user, "") + elsewhere;
  // The other nodes of a fleet, whose connections this table does not know, hear of it: a fact that is over at once.
  if (at.log.shared()) at.log.keep({std::string(disconnect_mark) + user, 0, 0}, [](const auto&) {});
  at.says.log_to(severity::info, "user disconnected", {{"user", user}, {"by", who.name}, {"connections", count}});
  exchange->respond(json_answer(200, object{{"user", user}, {"disconnected", count}}));
}

void restore_revocations(const administration& at) {
  for (const auto& each : at.log.facts(at.says.around.unix_ms())) hear_fact(at, each);
}

void hear_fact(const administration& at, const history::fact& item) {
  if (item.name.starts_with(disconnect_mark)) {
    at.connections.disconnect(std::string_view(item.name).substr(disconnect_mark.size()), "");
  }
  if (!item.name.starts_with(revocation_mark)) return;
  const auto from_ms = [](std::int64_t ms) { return domain::system_time(milliseconds(ms)); };
  const auto key = item.name.substr(revocation_mark.size());
  const auto known = at.tokens.revoked().find(key);
  at.tokens.revoked().restore({key, from_ms(item.number), from_ms(item.until_ms)}, at.says.around.now());
  if (known && known->before >= from_ms(item.number)) return;  // told again, with all, because others were missed
  if (key.starts_with('j')) at.connections.disconnect("", std::string_view(key).substr(1));
  if (key.starts_with('u')) at.connections.disconnect(std::string_view(key).substr(1), "");
}

void revoke(const administration& at, const http::exchange_ptr& exchange, const credential& who) {
  const auto body = json::parse(exchange->request().body);
  if (!body) return exchange->respond(problem({errc::bad_request, body.error().detail, {}}));
  const auto* jti = body->find("jti");
  const auto* user = body->find("user");
  const auto* named = jti != nullptr ? jti : user;
  if (named == nullptr || (jti != nullptr && user != nullptr) || named->as_string().empty()) {
    return exchange->respond(problem({errc::bad_request, "give either jti or user, as a string", {}}));
  }
  const auto now = at.says.around.now();
  auto until = now + std::chrono::hours{24};
  if (const auto* text = body->find("expires_at")) {
    const auto time = parse_rfc3339(text->as_string());
    if (!time) return exchange->respond(problem({errc::bad_request, "must be an RFC 3339 time", "/expires_at"}));
    // system_clock counts nanoseconds and ends in 2262.
    until =
        domain::system_time(std::min<std::chrono::milliseconds>(time->time_since_epoch(), std::chrono::hours{2400000}));
  }
  const std::string name(named->as_string());
  auto& list = at.tokens.revoked();
  const auto done = jti != nullptr ? list.revoke_token(name, now, until) : list.revoke_user(name, now, until);
  if (!done) return exchange->respond(problem(done.error()));
  const auto elsewhere = jti != nullptr ? 0 : at.connections.of_user_elsewhere(name);
  const auto count = at.connections.disconnect(jti != nullptr ? "" : name, jti != nullptr ? name : "") + elsewhere;
  at.says.log_to(severity::info, "revoked",
                 {{jti != nullptr ? "jti" : "user", name}, {"by", who.name}, {"connections", count}});
  const auto kept = list.find((jti != nullptr ? "j" : "u") + name);
  if (!kept) return exchange->respond(problem({errc::internal, {}, {}}));
  // In force from now on; answered when a restart would find it too.
  at.log.keep(
      {std::string(revocation_mark) + kept->key, unix_ms(kept->before), unix_ms(kept->expires)},
      [exchange, until, count](const result<void>& done) {
        if (!done) return exchange->respond(problem(done.error()));
        exchange->respond(json_answer(200, object{{"expires_at", format_rfc3339(until)}, {"disconnected", count}}));
      });
}

}  // namespace fanfare::api
