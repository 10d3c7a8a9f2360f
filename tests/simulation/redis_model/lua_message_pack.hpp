#pragma once

// cmsgpack.pack and cmsgpack.unpack, as Redis gives them to scripts: values of Lua <-> MessagePack. Inbound:
// script_engine.

#include <lua.hpp>

namespace fanfare::simulation {

/// lua_CFunctions: any number of values to one string; one string to its values. An error of Lua when it is none.
int pack_message(lua_State* lua);
int unpack_message(lua_State* lua);

}  // namespace fanfare::simulation
