#include "key_space.hpp"

#include <algorithm>
#include <cstdlib>

namespace fanfare::simulation {

reply bulk(std::string text) {
  reply out;
  out.type = reply::kind::bulk;
  out.text = std::move(text);
  return out;
}

reply number(std::int64_t amount) {
  reply out;
  out.type = reply::kind::integer;
  out.integer = amount;
  return out;
}

reply failure(std::string text) {
  reply out;
  out.type = reply::kind::error;
  out.text = std::move(text);
  return out;
}

reply status(std::string text) {
  reply out;
  out.type = reply::kind::status;
  out.text = std::move(text);
  return out;
}

reply array_of(std::vector<reply> elements) {
  reply out;
  out.type = reply::kind::array;
  out.elements = std::move(elements);
  return out;
}

struct key_space::command {
  reply (key_space::*run)(word_span words);
  std::size_t words_min;
  enum class effect { reads, removes, adds } does;
};

const std::unordered_map<std::string_view, key_space::command>& key_space::table() {
  using enum command::effect;
  static const std::unordered_map<std::string_view, command> out{
      {"GET", {&key_space::do_get, 2, reads}},
      {"SET", {&key_space::do_set, 3, adds}},
      {"DEL", {&key_space::do_del, 2, removes}},
      {"EXISTS", {&key_space::do_exists, 2, reads}},
      {"HGET", {&key_space::do_hget, 3, reads}},
      {"HSET", {&key_space::do_hset, 4, adds}},
      {"HDEL", {&key_space::do_hdel, 3, removes}},
      {"HLEN", {&key_space::do_hlen, 2, reads}},
      {"HSCAN", {&key_space::do_hscan, 3, reads}},
      {"RPUSH", {&key_space::do_rpush, 3, adds}},
      {"LPOP", {&key_space::do_lpop, 2, removes}},
      {"LLEN", {&key_space::do_llen, 2, reads}},
      {"ZADD", {&key_space::do_zadd, 4, adds}},
      {"ZREM", {&key_space::do_zrem, 3, removes}},
      {"ZCARD", {&key_space::do_zcard, 2, reads}},
      {"ZSCORE", {&key_space::do_zscore, 3, reads}},
      {"ZCOUNT", {&key_space::do_zcount, 4, reads}},
      {"ZRANGE", {&key_space::do_zrange, 4, reads}},
      {"ZRANGEBYSCORE", {&key_space::do_zrangebyscore, 4, reads}},
      {"ZREVRANGEBYSCORE", {&key_space::do_zrevrangebyscore, 4, reads}},
      {"ZREMRANGEBYSCORE", {&key_space::do_zremrangebyscore, 4, removes}},
      {"XADD", {&key_space::do_xadd, 5, adds}},
      {"XDEL", {&key_space::do_xdel, 3, removes}},
      {"XLEN", {&key_space::do_xlen, 2, reads}},
      {"XRANGE", {&key_space::do_xrange, 4, reads}},
      {"XREAD", {&key_space::do_xread, 4, reads}},
      {"INFO", {&key_space::do_info, 2, reads}},
  };
  return out;
}

reply key_space::run(word_span words, std::int64_t now_ms) {
  now_ms_ = now_ms;
  const auto found = table().find(words[0]);
  if (found == table().end()) return failure("ERR unknown command '" + words[0] + "'");
  if (words.size() < found->second.words_min) {
    return failure("ERR wrong number of arguments for '" + words[0] + "' command");
  }
  try {
    return (this->*found->second.run)(words);
  } catch (const failed& refusal) {
    return failure(refusal.why);
  }
}

bool key_space::needs_memory(std::string_view name) {
  const auto found = table().find(name);
  return found != table().end() && found->second.does == command::effect::adds;
}

bool key_space::writes(std::string_view name) {
  const auto found = table().find(name);
  return found != table().end() && found->second.does != command::effect::reads;
}

reply key_space::do_get(word_span words) {
  const auto* const text = find<std::string>(words[1]);
  return text == nullptr ? reply() : bulk(*text);
}

reply key_space::do_set(word_span words) {
  std::int64_t until_ms = 0;
  if (words.size() == 5 && words[3] == "PX") {
    until_ms = now_ms_ + std::strtoll(words[4].c_str(), nullptr, 10);
  } else if (words.size() == 4 && words[3] == "KEEPTTL") {
    const auto before = keys_.find(words[1]);
    if (before != keys_.end() && before->second.until_ms > now_ms_) until_ms = before->second.until_ms;
  } else if (words.size() != 3) {
    return failure("ERR syntax error");
  }
  keys_[words[1]] = slot{words[2], until_ms};
  return status("OK");
}

reply key_space::do_del(word_span words) {
  std::int64_t gone = 0;
  for (const auto& key : words.subspan(1)) {
    gone += do_exists(std::vector<std::string>{"EXISTS", key}).integer;
    keys_.erase(key);
  }
  return number(gone);
}

reply key_space::do_exists(word_span words) {
  const auto found = keys_.find(words[1]);
  return number(found != keys_.end() && (found->second.until_ms == 0 || found->second.until_ms > now_ms_) ? 1 : 0);
}

reply key_space::do_hget(word_span words) {
  const auto* const all = find<hash>(words[1]);
  if (all == nullptr) return {};
  const auto found = all->find(words[2]);
  return found == all->end() ? reply() : bulk(found->second);
}

reply key_space::do_hset(word_span words) {
  if (words.size() % 2 != 0) return failure("ERR wrong number of arguments for 'hset' command");
  auto& all = make<hash>(words[1]);
  std::int64_t added = 0;
  for (std::size_t i = 2; i < words.size(); i += 2)
    added += all.insert_or_assign(words[i], words[i + 1]).second ? 1 : 0;
  return number(added);
}

reply key_space::do_hdel(word_span words) {
  auto* const all = find<hash>(words[1]);
  if (all == nullptr) return number(0);
  std::int64_t gone = 0;
  for (const auto& field : words.subspan(2)) gone += static_cast<std::int64_t>(all->erase(field));
  drop_empty<hash>(words[1]);
  return number(gone);
}

reply key_space::do_hlen(word_span words) {
  const auto* const all = find<hash>(words[1]);
  return number(all == nullptr ? 0 : static_cast<std::int64_t>(all->size()));
}

// COUNT is a hint, and all that is promised is that what is there all the time comes: so a part of the names goes out
// with each cursor, that a scan's reader meets changes between two portions.
reply key_space::do_hscan(word_span words) {
  constexpr std::size_t parts = 3;
  constexpr std::size_t whole_max = 4;
  const auto* const all = find<hash>(words[1]);
  const auto part = std::strtoull(words[2].c_str(), nullptr, 10);
  std::vector<reply> page;
  std::string next = "0";
  if (all != nullptr) {
    const bool whole = part == 0 && all->size() <= whole_max;
    for (const auto& [field, text] : *all) {
      if (!whole && std::hash<std::string>{}(field) % parts != part) continue;
      page.push_back(bulk(field));
      page.push_back(bulk(text));
    }
    if (!whole && part + 1 < parts) next = std::to_string(part + 1);
  }
  return array_of({bulk(next), array_of(std::move(page))});
}

reply key_space::do_rpush(word_span words) {
  auto& all = make<list>(words[1]);
  all.insert(all.end(), words.begin() + 2, words.end());
  return number(static_cast<std::int64_t>(all.size()));
}

reply key_space::do_lpop(word_span words) {
  auto* const all = find<list>(words[1]);
  if (all == nullptr) return {};
  auto out = bulk(all->front());
  all->pop_front();
  drop_empty<list>(words[1]);
  return out;
}

reply key_space::do_llen(word_span words) {
  const auto* const all = find<list>(words[1]);
  return number(all == nullptr ? 0 : static_cast<std::int64_t>(all->size()));
}

reply key_space::do_info(word_span words) {
  if (words[1] != "replication") return bulk("");
  return bulk("# Replication\r\nrole:master\r\nconnected_slaves:0\r\nmaster_replid:" + history + "\r\n");
}

}  // namespace fanfare::simulation
