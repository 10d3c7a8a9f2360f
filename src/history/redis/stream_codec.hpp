#pragma once

// What the log's scripts take and give, and what its stream holds <-> values. Pure. Inbound: redis_appender,
// redis_follower, redis_log. Outbound: redis/batch, redis/resp_codec.

#include <compare>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/error.hpp>

#include "history/log.hpp"
#include "history/memory_log.hpp"
#include "redis/resp_codec.hpp"

namespace fanfare::history {

/// What Lua's numbers hold exactly.
inline constexpr std::uint64_t position_max = (1ULL << 53U) - 1;

/// Of a stream entry. What is kept has sequence 0; what passes, those after it.
struct stream_id {
  std::uint64_t position = 0, sequence = 0;
  auto operator<=>(const stream_id&) const = default;
};
[[nodiscard]] std::string to_text(const stream_id& id);
/// Fails: bad_request.
[[nodiscard]] result<stream_id> parse_stream_id(std::string_view text);

/// One entry of the stream: an event, a fact that somebody keeps, or that the log has another epoch.
struct stream_item {
  stream_id id;
  std::optional<entry> event;
  std::optional<fact> kept;
  std::string epoch;
  std::string by;  // of an event: the node and the call that appended it; of a fact: the node
};
/// `came`: what XRANGE and XREAD give, [id, [field, value, …]]. Fails: bad_request, saying what is wrong: another
/// program wrote it.
[[nodiscard]] result<stream_item> parse_item(const redis::reply& came);
/// The entries of one stream in XREAD's reply, in RESP2 and RESP3. Empty: the time was up.
[[nodiscard]] std::span<const redis::reply> items_of(const redis::reply& came);

/// Where the log stands (store.lua).
struct standing {
  std::string epoch;
  stream_id last;                      // of the stream
  std::uint64_t head = 0, oldest = 0;  // positions
  log::usage used;
};
/// Nothing when it is no standing.
[[nodiscard]] std::optional<standing> parse_standing(const redis::reply& came);

/// A fact as the hash of facts and the stream hold it: "<number> <until> <content>". Nothing when it is none.
[[nodiscard]] std::optional<fact> parse_fact(std::string name, std::string_view packed);

/// "1:a,3:b c,". Fails: bad_request.
[[nodiscard]] std::string pack_rooms(const std::vector<std::string>& rooms);
[[nodiscard]] result<std::vector<std::string>> unpack_rooms(std::string_view packed);

/// What one entry counts as, of history.bytes_max.
[[nodiscard]] std::size_t counted_bytes(const entry& item);

/// The words of a command. Those added by reference must outlive it.
class word_list {
 public:
  void add(std::string_view word) { words_.push_back(word); }
  void add_own(std::string word) { words_.push_back(own_.emplace_back(std::move(word))); }
  void add(std::integral auto number) { add_own(std::to_string(number)); }
  [[nodiscard]] std::span<const std::string_view> words() const noexcept { return words_; }

 private:
  std::vector<std::string_view> words_;
  std::deque<std::string> own_;
};

/// As jobs of append.lua.
void add_batch(word_list& to, const std::vector<entry>& batch, const std::vector<answer>& answers);
void add_fact(word_list& to, const fact& item);

/// What append.lua says of one job. `answers` are those that came with it. Fails: over_limit; internal when it cannot
/// be read.
[[nodiscard]] result<placed> parse_outcome(const redis::reply& came, const std::vector<answer>& answers);

/// Which entries of a batch were not appended, as they had been before: one a position.
[[nodiscard]] std::vector<bool> repeated_of(const placed& outcome);

/// What read.lua says. Fails: internal.
[[nodiscard]] result<page> parse_page(const redis::reply& came);

}  // namespace fanfare::history
