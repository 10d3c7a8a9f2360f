#include "api/gateway/recovery.hpp"

#include <fanfare/base/json.hpp>

namespace fanfare::api {

namespace {

constexpr std::string_view session_mark = "session ";  // before the private id, in the log's facts
// In a log that nodes share, who would drop the sessions of a node that never came back?
constexpr std::int64_t shared_live_max_ms = 7LL * 24 * 3600 * 1000;

std::string to_text(const recovery::session& what) {
  array rooms;
  for (const auto& room : what.rooms) {
    object each;
    each.set("room", room.name);
    each.set("after", static_cast<std::int64_t>(room.after));
    if (room.only) each.set("filter", *json::parse(room.only->canonical()));
    rooms.emplace_back(std::move(each));
  }
  object out;
  out.set("sid", what.sid);
  out.set("user", what.user);
  out.set("nsp", what.nsp);
  out.set("rooms", std::move(rooms));
  return json::write(value(std::move(out)));
}

/// Nothing when the file holds something else, or a filter that there is no longer.
std::optional<recovery::session> from_text(std::string_view text) {
  const auto parsed = json::parse(text);
  if (!parsed) return std::nullopt;
  const auto text_of = [](const value& in, std::string_view name) {
    const auto* member = in.find(name);
    return std::string(member == nullptr ? std::string_view() : member->as_string());
  };
  recovery::session out{text_of(*parsed, "sid"), text_of(*parsed, "user"), text_of(*parsed, "nsp"), {}};
  const auto* rooms = parsed->find("rooms");
  if (out.sid.empty() || rooms == nullptr || rooms->if_array() == nullptr) return std::nullopt;
  for (const auto& each : *rooms->if_array()) {
    recovery::room room{text_of(each, "room"), nullptr, 0};
    if (const auto* after = each.find("after"); after != nullptr && after->if_integer() != nullptr) {
      room.after = static_cast<std::uint64_t>(*after->if_integer());
    }
    if (const auto* filter = each.find("filter"); filter != nullptr) {
      auto only = domain::filter::parse(*filter);
      if (!only) return std::nullopt;
      room.only = std::move(*only);
    }
    out.rooms.push_back(std::move(room));
  }
  return out;
}

}  // namespace

recovery::recovery(history::log& log, recovery_bounds bounds, std::int64_t now_ms) : log_(log), bounds_(bounds) {
  // Of a shared log, the sessions are looked for when their clients come: they may be live on other nodes.
  if (log_.shared()) return;
  for (auto& each : log_.facts(now_ms)) {
    if (!each.name.starts_with(session_mark)) continue;
    const auto read = from_text(each.content);
    if (!read) continue;
    const auto pid = each.name.substr(session_mark.size());
    auto& entry = sessions_[pid];
    entry.content = std::move(each.content);
    entry.user = read->user;
    // It had its client when the server was killed.
    const bool was_live = each.until_ms == history::never;
    lose(pid, entry, was_live ? now_ms : each.until_ms - bounds_.disconnection_max.count());
    if (was_live) log_.keep(fact_of(pid, entry, now_ms), [](const auto&) {});
  }
  expire(now_ms);
}

history::fact recovery::fact_of(const std::string& pid, const entry& which, std::int64_t now_ms) const {
  const auto live_until_ms = log_.shared() ? now_ms + shared_live_max_ms : history::never;
  const auto until_ms = which.live ? live_until_ms : which.lost_ms + bounds_.disconnection_max.count();
  return {std::string(session_mark) + pid, 0, until_ms, which.content};
}

void recovery::find(const std::string& pid, const std::string& user, const std::string& nsp, std::int64_t now_ms,
                    executor& worker, found done) {
  std::shared_ptr<socketio::socket> before;
  bool known = false;
  {
    const std::lock_guard lock(mutex_);
    expire(now_ms);
    const auto place = sessions_.find(pid);
    known = place != sessions_.end();
    if (place != sessions_.end() && place->second.live && place->second.user == user) {
      before = place->second.socket.lock();
      if (before) {
        place->second.waiting.emplace_back([this, pid, user, nsp, &worker, done] {
          worker.post([this, pid, user, nsp, done] { answer(pid, user, nsp, done); });
        });
      }
    }
  }
  if (!known && log_.shared())
    return look_up(pid, now_ms, [this, pid, user, nsp, &worker, done] {
      worker.post([this, pid, user, nsp, done] { answer(pid, user, nsp, done); });
    });
  if (!before) return answer(pid, user, nsp, done);
  auto& its_worker = before->worker();
  its_worker.post([before = std::move(before)] { before->close_transport(); });
}

/// Another node's session, lost or live: who knows its private id takes it.
void recovery::look_up(const std::string& pid, std::int64_t now_ms, std::function<void()> then) {
  log_.find(std::string(session_mark) + pid, [this, pid, now_ms, then = std::move(then)](const auto& item) {
    const auto read = item && item->until_ms > now_ms ? from_text(item->content) : std::nullopt;
    if (read) {
      const std::lock_guard lock(mutex_);
      const auto [place, fresh] = sessions_.try_emplace(pid);
      if (fresh) {
        place->second.content = item->content;
        place->second.user = read->user;
        lose(pid, place->second, now_ms);
      }
    }
    then();
  });
}

void recovery::hear(const history::fact& item) {
  if (!item.name.starts_with(session_mark)) return;
  std::shared_ptr<socketio::socket> before;
  std::vector<std::function<void()>> waiting;
  {
    const std::lock_guard lock(mutex_);
    const auto place = sessions_.find(item.name.substr(session_mark.size()));
    if (place == sessions_.end()) return;
    before = place->second.socket.lock();
    waiting.swap(place->second.waiting);
    lost_.erase({place->second.lost_ms, place->first});
    sessions_.erase(place);
  }
  for (const auto& work : waiting) work();
  if (!before) return;
  auto& its_worker = before->worker();
  its_worker.post([before = std::move(before)] { before->close_transport(); });
}

void recovery::answer(const std::string& pid, const std::string& user, const std::string& nsp, const found& done) {
  std::string content;
  {
    const std::lock_guard lock(mutex_);
    const auto place = sessions_.find(pid);
    if (place != sessions_.end() && !place->second.live) content = place->second.content;
  }
  auto read = content.empty() ? std::nullopt : from_text(content);
  if (read && (read->user != user || read->nsp != nsp)) read = std::nullopt;
  done(std::move(read));
}

std::optional<recovery::session> recovery::begin(const std::string& pid, const socketio::socket_ptr& socket) {
  const std::lock_guard lock(mutex_);
  auto& entry = sessions_[pid];
  if (entry.live) return std::nullopt;
  lost_.erase({entry.lost_ms, pid});
  entry.live = true;
  entry.socket = socket;
  return from_text(entry.content).value_or(session{});
}

void recovery::keep(const std::string& pid, const session& what, std::int64_t now_ms, std::function<void()> done) {
  std::optional<history::fact> item;
  auto content = to_text(what);
  {
    const std::lock_guard lock(mutex_);
    const auto place = sessions_.find(pid);
    if (place != sessions_.end()) {
      place->second.content = std::move(content);
      place->second.user = what.user;
      item = fact_of(pid, place->second, now_ms);
    }
  }
  if (!item) return done();
  log_.keep(std::move(*item), [this, pid, done = std::move(done)](const result<void>& kept) {
    if (!kept) drop(pid);
    done();
  });
}

void recovery::end(const std::string& pid, bool comes_back, std::int64_t now_ms) {
  if (!comes_back) return drop(pid);
  std::optional<history::fact> item;
  std::vector<std::function<void()>> waiting;
  {
    const std::lock_guard lock(mutex_);
    const auto place = sessions_.find(pid);
    if (place == sessions_.end()) return;
    waiting.swap(place->second.waiting);
    lose(pid, place->second, now_ms);
    item = fact_of(pid, place->second, now_ms);
    expire(now_ms);
  }
  log_.keep(std::move(*item), [](const auto&) {});
  for (const auto& work : waiting) work();
}

void recovery::drop(const std::string& pid) {
  std::vector<std::function<void()>> waiting;
  {
    const std::lock_guard lock(mutex_);
    const auto place = sessions_.find(pid);
    if (place == sessions_.end()) return;
    waiting.swap(place->second.waiting);
    lost_.erase({place->second.lost_ms, pid});
    sessions_.erase(place);
  }
  log_.keep({std::string(session_mark) + pid, 0, 0, {}}, [](const auto&) {});
  for (const auto& work : waiting) work();
}

void recovery::lose(const std::string& pid, entry& which, std::int64_t now_ms) {
  which.live = false;
  which.socket.reset();
  which.lost_ms = now_ms;
  lost_.emplace(now_ms, pid);
}

// Of those past their time the log's facts go by themselves.
void recovery::expire(std::int64_t now_ms) {
  while (!lost_.empty() &&
         (lost_.size() > bounds_.lost_max || lost_.begin()->first + bounds_.disconnection_max.count() < now_ms)) {
    sessions_.erase(lost_.begin()->second);
    lost_.erase(lost_.begin());
  }
}

std::size_t recovery::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_.size();
}

}  // namespace fanfare::api
