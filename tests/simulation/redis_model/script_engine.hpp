#pragma once

// Runs the log's own scripts on Lua 5.1, as Redis does, over a key_space. Inbound: redis_server.
// Outbound: key_space, lua_message_pack.

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>

#include <lua.hpp>

#include "key_space.hpp"

namespace fanfare::simulation {

/// Compiles each text once. Between two runs nothing is kept but that, as the scripts have no globals of their own; so
/// one serves any number of key spaces. Thread: one.
class script_engine {
 public:
  script_engine();
  ~script_engine();
  script_engine(const script_engine&) = delete;
  script_engine& operator=(const script_engine&) = delete;

  struct terms {
    std::int64_t now_ms = 0;
    bool memory_full = false;  // a script that would begin to write is refused
  };
  /// What the script returns, as a client gets it; an error when it fails, whatever it had done until then.
  [[nodiscard]] reply run(const std::string& text, word_span keys, word_span arguments, key_space& on, terms how);

 private:
  struct running {
    key_space* on = nullptr;
    terms how;
    bool wrote = false;
  };
  static int call(lua_State* lua);
  [[nodiscard]] bool load(const std::string& text, std::string& fault);
  void set_list(const char* name, word_span words);

  lua_State* const lua_;
  running now_;
  std::unordered_map<std::string, int> compiled_;  // -> a reference in Lua's registry
};

}  // namespace fanfare::simulation
