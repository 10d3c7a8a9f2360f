#include "ledger.hpp"

#include <algorithm>

#include "history/cursor.hpp"

namespace fanfare::simulation {

namespace {

std::string quoted(const std::string& id, std::uint64_t position) { return id + "@" + std::to_string(position); }

}  // namespace

void ledger::note(const std::string& what) {
  if (!tracing) return;
  const auto at = std::chrono::duration_cast<milliseconds>(at_.steady_now().time_since_epoch()) - std::chrono::hours{1};
  trace_.push_back(std::to_string(at.count()) + " ms  " + what);
}

void ledger::fail(const std::string& what) {
  note("FAULT " + what);
  faults_.push_back(what);
}

void ledger::acknowledged(const std::string& id, const std::string& cursor) {
  const auto at = history::parse_cursor(cursor);
  if (!at) return fail(id + " was acknowledged with the cursor \"" + cursor + "\"");
  note("acknowledged " + id + " " + cursor);
  auto& what = events_.at(id);
  if (what.durable) what.acknowledged = at->position;
  ++counts_.acknowledged;
}

bool ledger::wanted_by(const listener& who, const event& what) const {
  return std::ranges::any_of(what.rooms, [&who](const auto& room) { return who.rooms.contains(room); });
}

void ledger::came(listener& who, const packet& what) {
  if (what.what == packet::kind::event) return event_came(who, what);
  const auto at = history::parse_cursor(what.cursor);
  if (!at) return fail(who.name + " was let in with the cursor \"" + what.cursor + "\"");
  note(who.name + " is let in at " + what.cursor + (what.recovered ? ", recovered" : ""));
  if (what.recovered) {
    ++counts_.recovered;
    if (at->position < who.last && certain_) fail(who.name + " was let in before what it has seen");
    who.last = std::max(who.last, at->position);
    if (certain_) nothing_missing(who, at->position);
  } else {
    counts_.unrecovered += who.let_in ? 1 : 0;
    who.seen.clear();
    who.start = who.last = who.checked = at->position;
  }
  who.let_in = who.is_in = true;
  who.epoch = at->epoch;
}

void ledger::event_came(listener& who, const packet& what) {
  ++counts_.deliveries;
  const auto at = history::parse_cursor(what.cursor);
  const auto known = events_.find(what.id);
  if (!at || known == events_.end()) return fail(who.name + " got " + what.id + ", which nobody has sent");
  const auto shown = quoted(what.id, at->position);
  if (tracing) note(who.name + " gets " + what.id + " " + what.cursor);
  if (!wanted_by(who, known->second)) fail(who.name + " got " + shown + " of a room that it is not in");
  const bool again = !who.here.insert(what.id).second;
  if (again && (what.kept || !may_repeat_)) fail(who.name + " got " + shown + " twice on a connection");
  if (!what.kept) {
    if (at->position < who.live && certain_) fail(who.name + " got " + shown + ", which passed, too late");
    return;
  }
  if (certain_ && !who.seen.insert(what.id).second) fail(who.name + " got " + shown + " again");
  who.seen.insert(what.id);
  if (at->position <= who.last && certain_) {
    fail(who.name + " got " + shown + " behind " + std::to_string(who.last));
  }
  who.last = std::max(who.last, at->position);
  if (who.is_in) who.live = at->position;
  if (!certain_) return;
  const auto [place, is_new] = at_position_.try_emplace({at->epoch, at->position}, what.id);
  if (!is_new && place->second != what.id) fail(shown + " is " + place->second + " to others");
  nothing_missing(who, at->position);
}

void ledger::nothing_missing(listener& who, std::uint64_t up_to) {
  const auto& log = log_();
  for (auto each = log.upper_bound(who.checked); each != log.end() && each->first <= up_to; ++each) {
    const auto known = events_.find(each->second);
    if (known == events_.end() || !known->second.durable || !wanted_by(who, known->second)) continue;
    if (!who.seen.contains(each->second)) {
      fail(who.name + " was not given " + quoted(each->second, each->first) + " and not told so");
    }
  }
  who.checked = std::max(who.checked, up_to);
}

void ledger::lost(std::uint64_t head, std::vector<std::string> witnesses) {
  std::string names;
  for (const auto& each : witnesses) names += " " + each;
  note("what Redis had beyond " + std::to_string(head) + " is lost; of those who knew of it live" + names);
  certain_ = false;
  ++counts_.losses;
  losses_.push_back({head, std::move(witnesses)});
}

void ledger::settle(const std::vector<const listener*>& all, const std::set<std::string>& alive) {
  counts_.events = events_.size();
  const auto& log = log_();
  // A loss that nobody could tell of, as all who knew of it are gone: what came later may stand where it was.
  const bool untold = std::ranges::any_of(losses_, [&](const loss& each) {
    return std::ranges::none_of(each.witnesses, [&](const auto& name) { return alive.contains(name); });
  });
  std::set<std::string> there;
  for (const auto& [position, id] : log) there.insert(id);
  for (const auto& [id, what] : events_) {
    if (replicated && what.acknowledged && !there.contains(id)) fail(id + " was acknowledged and is not in the log");
  }
  for (const auto* who : all) {
    if (!who->let_in) {
      fail(who->name + " was never let in");
      continue;
    }
    if (untold) continue;
    for (auto each = log.upper_bound(who->start); each != log.end(); ++each) {
      const auto known = events_.find(each->second);
      if (known == events_.end() || !known->second.durable || !wanted_by(*who, known->second)) continue;
      if (!who->seen.contains(each->second)) {
        fail(who->name + " never got " + quoted(each->second, each->first) + ", after " + std::to_string(who->start));
      }
    }
    for (const auto& [id, what] : events_) {
      const bool missed = what.acknowledged && *what.acknowledged > who->start && wanted_by(*who, what);
      if (!missed || there.contains(id) || who->seen.contains(id)) continue;
      fail(who->name + " was not told that " + quoted(id, *what.acknowledged) + ", which was acknowledged, is lost");
    }
  }
}

}  // namespace fanfare::simulation
