#pragma once

// struct.pack and struct.unpack, as Redis gives them to scripts, of what the log's scripts use: little-endian ("<"),
// texts that end in a zero byte ("s"), doubles ("d"). Inbound: script_engine.

#include <lua.hpp>

namespace fanfare::simulation {

/// lua_CFunctions: a format and values to one string; a format and a string to its values and the place behind them.
int pack_struct(lua_State* lua);
int unpack_struct(lua_State* lua);

}  // namespace fanfare::simulation
