#include "script_engine.hpp"

#include <array>
#include <cstdio>
#include <utility>
#include <vector>

#include "lua_message_pack.hpp"
#include "lua_struct.hpp"

namespace fanfare::simulation {

namespace {

void push(lua_State* lua, const reply& given);

void push_list(lua_State* lua, const std::vector<reply>& elements) {
  lua_createtable(lua, static_cast<int>(elements.size()), 0);
  luaL_checkstack(lua, 8, "too deep");
  int at = 0;
  for (const auto& each : elements) {
    push(lua, each);
    lua_rawseti(lua, -2, ++at);
  }
}

// Redis' table of conversions, "Lua API reference", of RESP2, which scripts get whatever their client speaks.
void push(lua_State* lua, const reply& given) {
  switch (given.type) {
    case reply::kind::integer:
      return lua_pushnumber(lua, static_cast<double>(given.integer));
    case reply::kind::bulk:
      lua_pushlstring(lua, given.text.data(), given.text.size());
      return;
    case reply::kind::status:
      lua_newtable(lua);
      lua_pushlstring(lua, given.text.data(), given.text.size());
      return lua_setfield(lua, -2, "ok");
    case reply::kind::array:
    case reply::kind::map:
      return push_list(lua, given.elements);
    default:
      return lua_pushboolean(lua, 0);
  }
}

std::string text_at(lua_State* lua, int at) {
  std::size_t size = 0;
  const auto* const text = lua_tolstring(lua, at, &size);
  return {text, size};
}

reply pull(lua_State* lua);

reply pull_table(lua_State* lua) {
  for (const auto* name : {"err", "ok"}) {
    lua_getfield(lua, -1, name);
    if (lua_isstring(lua, -1) != 0) {
      auto out = name[0] == 'e' ? failure(text_at(lua, -1)) : status(text_at(lua, -1));
      lua_pop(lua, 1);
      return out;
    }
    lua_pop(lua, 1);
  }
  luaL_checkstack(lua, 8, "too deep");
  std::vector<reply> elements;
  for (int i = 1;; ++i) {
    lua_rawgeti(lua, -1, i);
    const bool ends = lua_isnil(lua, -1);
    if (!ends) elements.push_back(pull(lua));
    lua_pop(lua, 1);
    if (ends) return array_of(std::move(elements));
  }
}

reply pull(lua_State* lua) {
  switch (lua_type(lua, -1)) {
    case LUA_TSTRING:
      return bulk(text_at(lua, -1));
    case LUA_TNUMBER:
      return number(static_cast<std::int64_t>(lua_tonumber(lua, -1)));
    case LUA_TBOOLEAN:
      return lua_toboolean(lua, -1) != 0 ? number(1) : reply();
    case LUA_TTABLE:
      return pull_table(lua);
    default:
      return {};
  }
}

}  // namespace

script_engine::script_engine() : lua_(luaL_newstate()) {
  luaL_openlibs(lua_);
  lua_newtable(lua_);
  lua_pushlightuserdata(lua_, &now_);
  lua_pushcclosure(lua_, &script_engine::call, 1);
  lua_setfield(lua_, -2, "call");
  lua_setglobal(lua_, "redis");
  lua_newtable(lua_);
  lua_pushcfunction(lua_, &pack_message);
  lua_setfield(lua_, -2, "pack");
  lua_pushcfunction(lua_, &unpack_message);
  lua_setfield(lua_, -2, "unpack");
  lua_setglobal(lua_, "cmsgpack");
  lua_newtable(lua_);
  lua_pushcfunction(lua_, &pack_struct);
  lua_setfield(lua_, -2, "pack");
  lua_pushcfunction(lua_, &unpack_struct);
  lua_setfield(lua_, -2, "unpack");
  lua_setglobal(lua_, "struct");
}

script_engine::~script_engine() { lua_close(lua_); }

// lua_error() leaves by a jump that runs no destructors: nothing may live by then.
int script_engine::call(lua_State* lua) {
  auto* const now = static_cast<running*>(lua_touserdata(lua, lua_upvalueindex(1)));
  bool failed = false;
  {
    std::vector<std::string> words;
    for (int i = 1; i <= lua_gettop(lua); ++i) {
      if (lua_type(lua, i) == LUA_TNUMBER) {
        std::array<char, 64> text{};
        std::snprintf(text.data(), text.size(), "%.17g", lua_tonumber(lua, i));
        words.emplace_back(text.data());
      } else {
        failed = failed || lua_type(lua, i) != LUA_TSTRING;
        if (!failed) words.push_back(text_at(lua, i));
      }
    }
    reply came;
    if (failed || words.empty())
      came = failure("ERR Lua redis lib command arguments must be strings or integers");
    else if (now->how.memory_full && !now->wrote && key_space::needs_memory(words[0]))
      came = failure("OOM command not allowed when used memory > 'maxmemory'.");
    else
      came = now->on->run(words, now->how.now_ms);
    failed = came.is_error();
    if (failed)
      lua_pushlstring(lua, came.text.data(), came.text.size());
    else
      push(lua, came);
    now->wrote = now->wrote || (!failed && key_space::writes(words[0]));
  }
  return failed ? lua_error(lua) : 1;
}

bool script_engine::load(const std::string& text, std::string& fault) {
  const auto found = compiled_.find(text);
  if (found != compiled_.end()) {
    lua_rawgeti(lua_, LUA_REGISTRYINDEX, found->second);
    return true;
  }
  if (luaL_loadbuffer(lua_, text.data(), text.size(), "@user_script") != 0) {
    fault = "ERR Error compiling script: " + text_at(lua_, -1);
    lua_settop(lua_, 0);
    return false;
  }
  lua_pushvalue(lua_, -1);
  compiled_.emplace(text, luaL_ref(lua_, LUA_REGISTRYINDEX));
  return true;
}

void script_engine::set_list(const char* name, word_span words) {
  lua_createtable(lua_, static_cast<int>(words.size()), 0);
  int at = 0;
  for (const auto& word : words) {
    lua_pushlstring(lua_, word.data(), word.size());
    lua_rawseti(lua_, -2, ++at);
  }
  lua_setglobal(lua_, name);
}

reply script_engine::run(const std::string& text, word_span keys, word_span arguments, key_space& on, terms how) {
  std::string fault;
  if (!load(text, fault)) return failure(fault);
  set_list("KEYS", keys);
  set_list("ARGV", arguments);
  now_ = {&on, how, false};
  if (lua_pcall(lua_, 0, 1, 0) != 0) {
    auto why = lua_isstring(lua_, -1) != 0 ? text_at(lua_, -1) : std::string("ERR unknown error");
    lua_settop(lua_, 0);
    const bool has_code = why.starts_with("OOM ") || why.starts_with("WRONGTYPE ") || why.starts_with("ERR ");
    return failure(has_code ? why : "ERR " + why);
  }
  auto out = pull(lua_);
  lua_settop(lua_, 0);
  return out;
}

}  // namespace fanfare::simulation
