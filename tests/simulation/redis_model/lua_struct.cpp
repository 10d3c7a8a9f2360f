#include "lua_struct.hpp"

#include <bit>
#include <cstring>
#include <string_view>

namespace fanfare::simulation {

static_assert(std::endian::native == std::endian::little);

namespace {

/// What follows '<'. An error of Lua where the format has anything else.
const char* format_at(lua_State* lua) {
  const char* format = luaL_checkstring(lua, 1);
  luaL_argcheck(lua, *format == '<' && std::strspn(format + 1, "sd") == std::strlen(format + 1), 1, "not modelled");
  return format + 1;
}

}  // namespace

int pack_struct(lua_State* lua) {
  const char* format = format_at(lua);
  luaL_Buffer out;
  luaL_buffinit(lua, &out);
  for (int at = 2; *format != '\0'; ++format, ++at) {
    if (*format == 'd') {
      const double number = luaL_checknumber(lua, at);
      char bytes[sizeof number];
      std::memcpy(bytes, &number, sizeof number);
      luaL_addlstring(&out, bytes, sizeof bytes);
    } else {
      // With the zero byte, which Lua keeps behind every string.
      std::size_t size = 0;
      const char* text = luaL_checklstring(lua, at, &size);
      luaL_addlstring(&out, text, size + 1);
    }
  }
  luaL_pushresult(&out);
  return 1;
}

int unpack_struct(lua_State* lua) {
  const char* format = format_at(lua);
  std::size_t size = 0;
  const char* bytes = luaL_checklstring(lua, 2, &size);
  std::size_t place = 0;
  int values = 0;
  luaL_checkstack(lua, static_cast<int>(std::strlen(format)) + 1, "too many results");
  for (; *format != '\0'; ++format, ++values) {
    if (*format == 'd') {
      luaL_argcheck(lua, place + sizeof(double) <= size, 2, "data string too short");
      double number = 0;
      std::memcpy(&number, bytes + place, sizeof number);
      place += sizeof number;
      lua_pushnumber(lua, number);
    } else {
      const auto end = std::string_view(bytes, size).find('\0', place);
      luaL_argcheck(lua, end != std::string_view::npos, 2, "unfinished string in data");
      lua_pushlstring(lua, bytes + place, end - place);
      place = end + 1;
    }
  }
  lua_pushnumber(lua, static_cast<lua_Number>(place + 1));
  return values + 1;
}

}  // namespace fanfare::simulation
