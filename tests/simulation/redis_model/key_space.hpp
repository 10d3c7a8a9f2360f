#pragma once

// What one Redis holds, and the commands of it that the log's scripts and readers use, each as redis-server 7 does it
// (model_redis_test asks both the same). A copy of it is a snapshot, a replica, a file on disk. Pure: time is given.
// Inbound: script_engine, redis_server.

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "redis/resp_codec.hpp"

namespace fanfare::simulation {

using redis::reply;
using word_span = std::span<const std::string>;

[[nodiscard]] reply bulk(std::string text);
[[nodiscard]] reply number(std::int64_t amount);
[[nodiscard]] reply failure(std::string text);
[[nodiscard]] reply status(std::string text);
[[nodiscard]] reply array_of(std::vector<reply> elements);

/// Thread: one.
class key_space {
 public:
  /// `words`: the command's name in capitals, then its arguments.
  reply run(word_span words, std::int64_t now_ms);
  /// Whether it is one that Redis refuses with its memory full; whether it writes at all.
  [[nodiscard]] static bool needs_memory(std::string_view command);
  [[nodiscard]] static bool writes(std::string_view command);
  [[nodiscard]] bool holds(const std::string& key) const { return keys_.contains(key); }

  std::string history = "0000000000000000000000000000000000000000";  // of replication: master_replid
  /// For who checks: the tag of each stream entry <n>-0 that there ever was, whatever became of it.
  std::map<std::uint64_t, std::string> written;

 private:
  using stream_key = std::pair<std::uint64_t, std::uint64_t>;
  using hash = std::map<std::string, std::string>;
  using list = std::deque<std::string>;
  struct sorted_set {
    std::unordered_map<std::string, double> scores;
    std::set<std::pair<double, std::string>> order;
  };
  struct stream {
    std::map<stream_key, std::vector<std::string>> entries;
    stream_key last;
  };
  struct slot {
    std::variant<std::string, hash, list, sorted_set, stream> held;
    std::int64_t until_ms = 0;  // 0: it does not expire
  };
  struct command;
  [[nodiscard]] static const std::unordered_map<std::string_view, command>& table();

  /// The value, null when there is none; throws failed when it is of another type.
  struct failed {
    std::string why;
  };
  template <class Value>
  [[nodiscard]] Value* find(const std::string& key);
  template <class Value>
  [[nodiscard]] Value& make(const std::string& key);
  template <class Value>
  void drop_empty(const std::string& key);
  [[nodiscard]] static stream_key parse_id(std::string_view text, std::uint64_t sequence_if_none);

  reply do_get(word_span words);
  reply do_set(word_span words);
  reply do_del(word_span words);
  reply do_exists(word_span words);
  reply do_hget(word_span words);
  reply do_hset(word_span words);
  reply do_hdel(word_span words);
  reply do_hscan(word_span words);
  reply do_hlen(word_span words);
  reply do_rpush(word_span words);
  reply do_lpop(word_span words);
  reply do_llen(word_span words);
  reply do_zadd(word_span words);
  reply do_zrem(word_span words);
  reply do_zcard(word_span words);
  reply do_zscore(word_span words);
  reply do_zcount(word_span words);
  reply do_zrange(word_span words);
  reply do_zrangebyscore(word_span words);
  reply do_zrevrangebyscore(word_span words);
  reply do_zremrangebyscore(word_span words);
  reply do_xadd(word_span words);
  reply do_xdel(word_span words);
  reply do_xlen(word_span words);
  reply do_xrange(word_span words);
  reply do_xread(word_span words);
  reply do_info(word_span words);
  [[nodiscard]] reply by_score(word_span words, bool backwards);

  std::unordered_map<std::string, slot> keys_;
  std::int64_t now_ms_ = 0;
};

template <class Value>
Value* key_space::find(const std::string& key) {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return nullptr;
  if (found->second.until_ms != 0 && found->second.until_ms <= now_ms_) {
    keys_.erase(found);
    return nullptr;
  }
  auto* const out = std::get_if<Value>(&found->second.held);
  if (out == nullptr) throw failed{"WRONGTYPE Operation against a key holding the wrong kind of value"};
  return out;
}

template <class Value>
Value& key_space::make(const std::string& key) {
  if (auto* const there = find<Value>(key)) return *there;
  return keys_[key].held.emplace<Value>();
}

/// Redis has no empty hashes, lists and sorted sets.
template <class Value>
void key_space::drop_empty(const std::string& key) {
  const auto* const there = find<Value>(key);
  if (there == nullptr) return;
  if constexpr (requires { there->order; }) {
    if (there->order.empty()) keys_.erase(key);
  } else {
    if (there->empty()) keys_.erase(key);
  }
}

}  // namespace fanfare::simulation
