#pragma once

// What is asked of the log in Redis beside its end: old pages, facts, to drop what is too old. Inbound: redis_log.
// Outbound: redis/client through redis_joiner, read.lua, trim.lua.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "history/log.hpp"
#include "history/memory_log.hpp"
#include "history/redis/redis_joiner.hpp"
#include "history/redis/stream_codec.hpp"

namespace fanfare::history {

/// After the first join. What was asked and not answered when it goes is not told. Thread: the joiner's.
class redis_reader {
 public:
  /// `key`: the stream. One page has at most `page_bytes_max` of JSON, or one entry. The joiner must outlive it.
  redis_reader(redis_joiner& joiner, std::string key, std::size_t page_bytes_max)
      : joiner_(joiner), key_(std::move(key)), page_bytes_max_(page_bytes_max) {}

  /// Fails: unavailable. `done` runs even if this goes.
  void page(const range& wanted, log::page_ready done);
  /// All that are kept, read in portions: each as it is at some time from now on, and all that had passed is in it up
  /// to `passed`. Fails: unavailable. `done` runs even if this goes.
  struct kept_facts {
    std::vector<fact> all;
    stream_id passed;
  };
  void facts(std::function<void(result<kept_facts>)> done);
  /// Nothing when Redis does not answer either. `done` runs even if this goes.
  void find(const std::string& name, log::found done);
  void trim(std::int64_t now_ms, const memory_log_options& bounds, std::function<void(const standing& now)> done);

 private:
  using facts_ready = std::function<void(result<kept_facts>)>;
  void scan_facts(const std::string& cursor, const std::shared_ptr<kept_facts>& into, const facts_ready& done);

  redis_joiner& joiner_;
  const std::string key_;
  const std::size_t page_bytes_max_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fanfare::history
