#include "domain/fleet/fleet_members.hpp"

#include <algorithm>
#include <optional>

namespace fanfare::domain {

namespace {

// Names of facts: "node <name>"; "here <name>", then room and user, behind a byte that is in no name of either.
constexpr std::string_view node_mark = "node ";
constexpr std::string_view here_mark = "here ";
constexpr char split = '\x1f';

struct here_name {
  std::string node, room, user;
};

std::optional<here_name> parse_here(std::string_view name) {
  if (!name.starts_with(here_mark)) return std::nullopt;
  name.remove_prefix(here_mark.size());
  const auto first = name.find(split);
  const auto second = name.find(split, first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  return here_name{std::string(name.substr(0, first)), std::string(name.substr(first + 1, second - first - 1)),
                   std::string(name.substr(second + 1))};
}

std::string node_of(std::string_view name) {
  return name.starts_with(node_mark) ? std::string(name.substr(node_mark.size())) : std::string();
}

std::size_t count_of(const history::fact& item) {
  return item.until_ms == 0 || item.number < 0 ? 0 : static_cast<std::size_t>(item.number);
}

// What a node says of itself: its tag is the fact's number, its content the address, behind a mark while it drains.
constexpr std::string_view draining_mark = "draining ";

history::fact fact_of(const node_info& node, std::int64_t until_ms) {
  return {std::string(node_mark) + node.name, node.tag, until_ms,
          (node.draining ? std::string(draining_mark) : std::string()) + node.address};
}

node_info info_of(const std::string& name, const history::fact& item) {
  std::string_view address = item.content;
  const bool draining = address.starts_with(draining_mark);
  if (draining) address.remove_prefix(draining_mark.size());
  return {name, static_cast<std::uint16_t>(item.number), std::string(address), draining};
}

}  // namespace

std::string fleet_members::name_of(const std::string& node, const place& where) const {
  return std::string(here_mark) + node + split + where.first + split + where.second;
}

void fleet_members::touch(const std::string& room, const std::string& user) {
  const std::lock_guard guard(mutex_);
  dirty_.emplace(room, user);
}

void fleet_members::tick(std::int64_t now_ms, steady_time now) {
  std::set<place> dirty;
  std::vector<history::fact> news;
  changes gone;
  {
    const std::lock_guard guard(mutex_);
    // Who has stood still, or could not hear, knows nothing of the others' lives meanwhile.
    const bool deaf = !log_.ready() || now - now_ > timeout_ / 2;
    now_ = now;
    std::vector<std::string> dead;
    for (auto& [name, each] : others_) {
      if (deaf)
        each.heard = now;
      else if (now - each.heard > timeout_ * 3 / 4)
        dead.push_back(name);
    }
    for (const auto& name : dead) {
      drop(name, gone, news);
      // Who has not noticed drops it too, and it tells all again if it lives: nodes may not disagree on a death.
      news.push_back({std::string(node_mark) + name, 0, 0});
    }
    if (!log_.ready()) return;
    if (now >= beat_at_) {
      beat_at_ = now + timeout_ / 4;
      news.push_back(fact_of(self_, now_ms + timeout_.count()));
    }
    dirty.swap(dirty_);
    for (auto& item : std::exchange(unsaid_, {})) news.push_back(std::move(item));
  }
  for (const auto& where : dirty) {
    const auto count = told_.here(where.first, where.second);
    const std::lock_guard guard(mutex_);
    const auto known = sent_.find(where);
    if ((known == sent_.end() ? 0 : known->second) == count) continue;
    if (count == 0)
      sent_.erase(where);
    else
      sent_[where] = count;
    news.push_back({name_of(node_, where), static_cast<std::int64_t>(count), count == 0 ? 0 : history::never});
  }
  tell(gone);
  for (auto& item : news) say(std::move(item));
}

/// Nobody knows whether the others have what the log did not keep: it is said again.
void fleet_members::say(history::fact item) {
  log_.keep(item, [this, item](const result<void>& kept) {
    if (kept) return;
    const std::lock_guard guard(mutex_);
    if (const auto where = parse_here(item.name); where && where->node == node_)
      retell({where->room, where->user});
    else if (item.until_ms == 0)
      unsaid_.push_back(item);  // of the dead, whom others may take for alive
  });
}

void fleet_members::set_address(std::string address) {
  const std::lock_guard guard(mutex_);
  self_.address = std::move(address);
  beat_at_ = now_;
}

void fleet_members::set_draining() {
  const std::lock_guard guard(mutex_);
  self_.draining = true;
  beat_at_ = now_;
}

void fleet_members::leave() {
  log_.keep({std::string(node_mark) + node_, 0, 0}, [](const auto&) {});
}

/// Of the dead, the first of the living takes back what they have told; and, should it have died while it did, whoever
/// finds it later, for it alone may know.
void fleet_members::drop(const std::string& node, changes& out, std::vector<history::fact>& withdrawn) {
  const auto place = others_.find(node);
  if (place == others_.end()) return;
  const auto here = place->second.here;
  const bool unseen = place->second.unseen;
  for (const auto& [where, count] : here) set(node, where, 0, out);
  others_.erase(node);
  if (!unseen && !others_.empty() && others_.begin()->first < node_) return;
  for (const auto& [where, count] : here) withdrawn.push_back({name_of(node, where), 0, 0});
}

fleet_members::other& fleet_members::known(const std::string& node) {
  return others_.try_emplace(node, other{now_, {node, 0, {}, false}, {}, false}).first->second;
}

void fleet_members::heard(const std::string& node, const history::fact& item) {
  auto& who = known(node);
  who.heard = now_;
  who.unseen = false;
  who.info = info_of(node, item);
}

void fleet_members::set(const std::string& node, const place& where, std::size_t count, changes& out) {
  auto& other = known(node);
  const auto known = other.here.find(where);
  const auto before = known == other.here.end() ? 0 : known->second;
  if (before == count) return;
  if (count == 0)
    other.here.erase(where);
  else
    other.here[where] = count;
  auto& users = rooms_[where.first];
  auto& all = users[where.second];
  const bool was = all != 0;
  all = all - before + count;
  const bool is = all != 0;
  if (was != is) out.push_back({where, is});
  if (is) return;
  users.erase(where.second);
  if (users.empty()) rooms_.erase(where.first);
}

void fleet_members::hear(const history::fact& item) {
  changes all;
  std::vector<history::fact> withdrawn;
  {
    const std::lock_guard guard(mutex_);
    if (const auto name = node_of(item.name); !name.empty()) {
      if (name == node_) {
        if (item.until_ms == 0) retell();
      } else if (item.until_ms == 0)
        drop(name, all, withdrawn);
      else
        heard(name, item);
    } else if (const auto told = parse_here(item.name)) {
      if (told->node == node_)
        retell({told->room, told->user});  // somebody took this node for dead
      else if (count_of(item) != 0 || others_.contains(told->node))
        set(told->node, {told->room, told->user}, count_of(item), all);
    }
  }
  tell(all);
  for (auto& each : withdrawn) say(std::move(each));
}

void fleet_members::retell(const place& where) {
  sent_[where] = history::never;  // as no node can have it
  dirty_.insert(where);
}

void fleet_members::retell() {
  for (auto& [where, count] : sent_) {
    count = history::never;
    dirty_.insert(where);
  }
  beat_at_ = now_;
}

void fleet_members::reread(const std::vector<history::fact>& all, std::int64_t now_ms, steady_time now) {
  changes out;
  {
    const std::lock_guard guard(mutex_);
    now_ = now;
    std::map<std::string, counts> told;
    std::set<std::string> alive;
    for (const auto& item : all) {
      if (const auto name = node_of(item.name); !name.empty() && name != node_) {
        alive.insert(name);
        heard(name, item);
        // Its silence counts from its last word, not from when that is read; but clocks may differ.
        const milliseconds silent{now_ms - (item.until_ms - timeout_.count())};
        others_.at(name).heard -= std::clamp<milliseconds>(silent, milliseconds{0}, timeout_ * 3 / 8);
      }
      if (const auto here = parse_here(item.name)) told[here->node][{here->room, here->user}] = count_of(item);
    }
    // Facts of a node without a life are those of one that died unseen: they go with its time.
    for (const auto& [name, counts] : told) {
      if (name == node_ || !alive.insert(name).second) continue;
      others_.try_emplace(name, other{now_, {name, 0, {}, false}, {}, true});
    }
    for (auto& [name, each] : others_) {
      for (const auto& [where, count] : counts(each.here)) {
        if (!told[name].contains(where)) set(name, where, 0, out);
      }
    }
    for (const auto& name : alive) {
      known(name);
      for (const auto& [where, count] : told[name]) set(name, where, count, out);
    }
    if (told[node_] == sent_) told.erase(node_);
    if (told.contains(node_)) retell();
    // What an earlier life of this name has left.
    for (const auto& [where, count] : told[node_]) {
      if (!sent_.contains(where)) retell(where);
    }
  }
  tell(out);
}

void fleet_members::tell(const changes& all) const {
  for (const auto& each : all) {
    if (told_.changed) told_.changed(each.where.first, each.where.second, each.joined);
  }
}

std::map<std::string, std::size_t> fleet_members::members(std::string_view room) const {
  const std::lock_guard guard(mutex_);
  const auto found = rooms_.find(room);
  if (found == rooms_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

std::map<std::string, std::size_t> fleet_members::rooms() const {
  std::map<std::string, std::size_t> out;
  const std::lock_guard guard(mutex_);
  for (const auto& [room, users] : rooms_) {
    for (const auto& [user, count] : users) out[room] += count;
  }
  return out;
}

std::size_t fleet_members::connections(std::string_view room) const {
  const std::lock_guard guard(mutex_);
  std::size_t sum = 0;
  if (const auto found = rooms_.find(room); found != rooms_.end()) {
    for (const auto& [user, count] : found->second) sum += count;
  }
  return sum;
}

bool fleet_members::has(std::string_view room, std::string_view user) const {
  const std::lock_guard guard(mutex_);
  const auto found = rooms_.find(room);
  return found != rooms_.end() && found->second.find(user) != found->second.end();
}

std::size_t fleet_members::of_user(std::string_view user) const {
  const std::lock_guard guard(mutex_);
  const auto everybody = rooms_.find("global");  // each connection is in it
  if (everybody == rooms_.end()) return 0;
  const auto found = everybody->second.find(user);
  return found == everybody->second.end() ? 0 : found->second;
}

std::vector<node_info> fleet_members::nodes() const {
  const std::lock_guard guard(mutex_);
  std::vector<node_info> out{self_};
  for (const auto& [name, each] : others_) out.push_back(each.info);
  std::ranges::sort(out, {}, &node_info::name);
  return out;
}

}  // namespace fanfare::domain
