#include "lua_message_pack.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

namespace fanfare::simulation {

namespace {

constexpr int depth_max = 16;  // cmsgpack's own

void put(std::string& out, int mark, std::uint64_t amount, int bytes) {
  out += static_cast<char>(mark);
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>(amount >> shift & 0xffU);
}

/// The shortest of the forms for a length: within the mark, or in 1, 2 or 4 bytes behind it; a mark of 0: no such form.
void put_length(std::string& out, std::size_t size, int fixed, std::size_t fixed_max, int one, int two, int four) {
  if (size <= fixed_max)
    out += static_cast<char>(static_cast<std::size_t>(fixed) | size);
  else if (size <= 0xff && one != 0)
    put(out, one, size, 1);
  else if (size <= 0xffff)
    put(out, two, size, 2);
  else
    put(out, four, size, 4);
}

void put_number(std::string& out, double given) {
  const bool whole = given == std::floor(given) && given >= -9007199254740992.0 && given <= 9007199254740992.0;
  if (!whole) return put(out, 0xcb, std::bit_cast<std::uint64_t>(given), 8);
  const auto amount = static_cast<std::int64_t>(given);
  if (amount >= 0 && amount <= 0x7f)
    out += static_cast<char>(amount);
  else if (amount < 0 && amount >= -32)
    out += static_cast<char>(amount);
  else
    put(out, amount < 0 ? 0xd3 : 0xcf, static_cast<std::uint64_t>(amount), 8);
}

/// How many elements, when its keys are 1 to that; -1 when they are not.
std::int64_t list_size(lua_State* lua, int at) {
  std::int64_t count = 0;
  std::int64_t most = 0;
  bool whole = true;
  lua_pushnil(lua);
  while (lua_next(lua, at) != 0) {
    lua_pop(lua, 1);
    ++count;
    if (lua_type(lua, -1) != LUA_TNUMBER) {
      whole = false;
      continue;
    }
    most = std::max(most, static_cast<std::int64_t>(lua_tonumber(lua, -1)));
  }
  return whole && most == count ? count : -1;
}

void put_value(std::string& out, lua_State* lua, int at, int depth);

void put_table(std::string& out, lua_State* lua, int at, int depth) {
  const auto size = list_size(lua, at);
  if (size >= 0) {
    put_length(out, static_cast<std::size_t>(size), 0x90, 15, 0, 0xdc, 0xdd);
    for (int i = 1; i <= size; ++i) {
      lua_rawgeti(lua, at, i);
      put_value(out, lua, lua_gettop(lua), depth + 1);
      lua_pop(lua, 1);
    }
    return;
  }
  std::size_t pairs = 0;
  lua_pushnil(lua);
  for (; lua_next(lua, at) != 0; lua_pop(lua, 1)) ++pairs;
  put_length(out, pairs, 0x80, 15, 0, 0xde, 0xdf);
  lua_pushnil(lua);
  for (; lua_next(lua, at) != 0; lua_pop(lua, 1)) {
    put_value(out, lua, lua_gettop(lua) - 1, depth + 1);
    put_value(out, lua, lua_gettop(lua), depth + 1);
  }
}

void put_value(std::string& out, lua_State* lua, int at, int depth) {
  const auto type = lua_type(lua, at);
  if (type == LUA_TSTRING) {
    std::size_t size = 0;
    const auto* const text = lua_tolstring(lua, at, &size);
    put_length(out, size, 0xa0, 31, 0xd9, 0xda, 0xdb);
    out.append(text, size);
  } else if (type == LUA_TNUMBER) {
    put_number(out, lua_tonumber(lua, at));
  } else if (type == LUA_TBOOLEAN) {
    out += static_cast<char>(lua_toboolean(lua, at) != 0 ? 0xc3 : 0xc2);
  } else if (type == LUA_TTABLE && depth < depth_max) {
    luaL_checkstack(lua, 8, "too deep");
    put_table(out, lua, at, depth);
  } else {
    out += static_cast<char>(0xc0);
  }
}

/// Reads one value after the other onto Lua's stack. `well` is false once it was none.
struct message_reader {
  lua_State* lua;
  std::string_view left;
  bool well = true;

  std::uint64_t take(int bytes) {
    if (left.size() < static_cast<std::size_t>(bytes)) {
      well = false;
      return 0;
    }
    std::uint64_t out = 0;
    for (int i = 0; i < bytes; ++i) out = out << 8U | static_cast<unsigned char>(left[static_cast<std::size_t>(i)]);
    left.remove_prefix(static_cast<std::size_t>(bytes));
    return out;
  }
  void text(std::size_t size) {
    if (left.size() < size) well = false;
    if (!well) return lua_pushnil(lua);
    lua_pushlstring(lua, left.data(), size);
    left.remove_prefix(size);
  }
  void list(std::size_t size) {
    lua_newtable(lua);
    luaL_checkstack(lua, 8, "too deep");
    for (std::size_t i = 1; i <= size && well; ++i) {
      value();
      lua_rawseti(lua, -2, static_cast<int>(i));
    }
  }
  void map(std::size_t size) {
    lua_newtable(lua);
    luaL_checkstack(lua, 8, "too deep");
    for (std::size_t i = 0; i < size && well; ++i) {
      value();
      if (lua_isnil(lua, -1)) well = false;
      value();
      if (well)
        lua_rawset(lua, -3);
      else
        lua_pop(lua, 2);
    }
  }
  void amount(std::int64_t given) { lua_pushnumber(lua, static_cast<double>(given)); }
  void value() {
    const auto mark = static_cast<unsigned>(take(1));
    if (!well) return lua_pushnil(lua);
    if (mark <= 0x7f) return amount(mark);
    if (mark >= 0xe0) return amount(static_cast<std::int8_t>(mark));
    if (mark >= 0xa0 && mark <= 0xbf) return text(mark & 0x1fU);
    if (mark >= 0x90 && mark <= 0x9f) return list(mark & 0xfU);
    if (mark <= 0x8f) return map(mark & 0xfU);
    long_form(mark);
  }
  void long_form(unsigned mark) {
    switch (mark) {
      case 0xc2:
      case 0xc3:
        return lua_pushboolean(lua, mark == 0xc3 ? 1 : 0);
      case 0xc4:
      case 0xd9:
        return text(take(1));
      case 0xc5:
      case 0xda:
        return text(take(2));
      case 0xc6:
      case 0xdb:
        return text(take(4));
      case 0xca:
        return lua_pushnumber(lua, std::bit_cast<float>(static_cast<std::uint32_t>(take(4))));
      case 0xcb:
        return lua_pushnumber(lua, std::bit_cast<double>(take(8)));
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return lua_pushnumber(lua, static_cast<double>(take(1 << (mark - 0xcc))));
      case 0xd0:
        return amount(static_cast<std::int8_t>(take(1)));
      case 0xd1:
        return amount(static_cast<std::int16_t>(take(2)));
      case 0xd2:
        return amount(static_cast<std::int32_t>(take(4)));
      case 0xd3:
        return amount(static_cast<std::int64_t>(take(8)));
      case 0xdc:
        return list(take(2));
      case 0xdd:
        return list(take(4));
      case 0xde:
        return map(take(2));
      case 0xdf:
        return map(take(4));
      default:
        well = well && mark == 0xc0;
        lua_pushnil(lua);
    }
  }
};

}  // namespace

int pack_message(lua_State* lua) {
  const int given = lua_gettop(lua);
  {
    std::string out;
    for (int i = 1; i <= given; ++i) put_value(out, lua, i, 0);
    lua_pushlstring(lua, out.data(), out.size());
  }
  return 1;
}

int unpack_message(lua_State* lua) {
  std::size_t size = 0;
  const auto* const text = luaL_checklstring(lua, 1, &size);
  message_reader from{lua, {text, size}};
  int values = 0;
  while (from.well && !from.left.empty()) {
    from.value();
    ++values;
  }
  if (!from.well) return luaL_error(lua, "Missing bytes in input.");
  return values;
}

}  // namespace fanfare::simulation
