#pragma once

// One life of a Redis: its keys, the scripts it was given, and those connected to it, byte for byte. Sans-I/O.
// Inbound: network, model_redis_test. Outbound: key_space, script_engine.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fanfare/base/executor.hpp>

#include "key_space.hpp"
#include "redis/resp_codec.hpp"
#include "script_engine.hpp"

namespace fanfare::simulation {

/// RESP3 of a reply.
[[nodiscard]] std::string encode(const reply& given);

/// Thread: one.
class redis_server : public std::enable_shared_from_this<redis_server> {
 public:
  struct surroundings {
    std::function<std::int64_t()> unix_ms;
    std::function<void(milliseconds delay, std::function<void()> work)> after;
  };
  /// Replaces of each script's text, to put a fault in: it need not be in all of them.
  using edits = std::vector<std::pair<std::string, std::string>>;

  redis_server(script_engine& engine, surroundings around, key_space holds, const edits& changed = {})
      : keys(std::move(holds)), engine_(engine), around_(std::move(around)), edits_(changed) {}

  using session_id = std::uint64_t;
  [[nodiscard]] session_id open(std::function<void(std::string bytes)> send);
  void receive(session_id from, const std::string& bytes);
  void close(session_id which) { sessions_.erase(which); }
  /// One command of somebody who does not wait. `words`: its name in capitals first.
  [[nodiscard]] reply run(word_span words);

  key_space keys;
  bool memory_full = false;
  std::int64_t replicas = 1;  // that have all, as WAIT tells

 private:
  struct session {
    std::function<void(std::string)> send;
    redis::resp_reader in;
    std::deque<std::vector<std::string>> waiting;
    std::optional<std::int64_t> blocked_until_ms;  // the first of them is looked at again: with each write, and then
  };
  void serve(session_id which);
  [[nodiscard]] bool blocks(session& from, session_id which, const reply& came);
  [[nodiscard]] reply run_script(const std::string& text, word_span words);
  [[nodiscard]] std::string edited(std::string text) const;
  void wake();

  script_engine& engine_;
  const surroundings around_;
  const edits edits_;
  std::map<std::string, std::string> scripts_;  // by their SHA-1; a life of the server long
  std::map<session_id, session> sessions_;
  session_id last_ = 0;
  bool wrote_ = false;
};

}  // namespace fanfare::simulation
