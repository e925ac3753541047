// SPDX-License-Identifier: Apache-2.0
#include "plugins/lua/auth_answer.h"

#include <cmath>

#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

using plugin::Identity;

Identity read_uid(lua_State* state, int index) {
  if (lua_isinteger(state, index)) return Identity::of_number(std::to_string(lua_tointeger(state, index)));
  if (const auto digits = big_digits(state, index); !digits.empty()) return Identity::of_number(std::string(digits));
  if (lua_type(state, index) != LUA_TSTRING || lua_rawlen(state, index) == 0)
    luaL_error(state, "the uid is %s; an integer or a non-empty string is wanted", luaL_typename(state, index));
  return Identity::of_string(std::string(to_view(state, index)));
}

void read_context(lua_State* state, int table, Identity& found) {
  lua_getfield(state, table, "context");
  if (lua_isnil(state, -1)) return lua_pop(state, 1);
  if (!lua_istable(state, -1)) luaL_error(state, "context is %s; a table is wanted", luaL_typename(state, -1));
  const int context = lua_gettop(state);
  for (lua_pushnil(state); lua_next(state, context) != 0; lua_pop(state, 1)) {
    if (lua_type(state, -2) != LUA_TSTRING) luaL_error(state, "a key of context is %s", luaL_typename(state, -2));
    std::string json, error;
    if (!json_write(state, lua_gettop(state), json, error)) {
      luaL_error(state, "context.%s: %s", lua_tostring(state, -2), error.c_str());
    }
    found.context.emplace_back(to_view(state, -2), std::move(json));
  }
  lua_pop(state, 1);
}

void read_channels(lua_State* state, int table, Identity& found) {
  lua_getfield(state, table, "channels");
  if (lua_isnil(state, -1)) return lua_pop(state, 1);
  if (!lua_istable(state, -1)) luaL_error(state, "channels is %s; a list is wanted", luaL_typename(state, -1));
  for (lua_Integer i = 1; lua_geti(state, -1, i) != LUA_TNIL; ++i) {
    if (lua_type(state, -1) != LUA_TSTRING) luaL_error(state, "channels[%I] is %s", i, luaL_typename(state, -1));
    found.channels.emplace_back(to_view(state, -1));
    lua_pop(state, 1);
  }
  lua_pop(state, 2);
}

void read_expiry(lua_State* state, int table, Identity& found) {
  const int type = lua_getfield(state, table, "expires_at");
  if (type != LUA_TNIL) {
    const lua_Number seconds = lua_tonumber(state, -1);
    if (type != LUA_TNUMBER || !(seconds > 0 && seconds < 1e12)) {
      luaL_error(state, "expires_at is no time; seconds since 1970 are wanted");
    }
    found.expires_at_ms = static_cast<std::int64_t>(std::floor(seconds * 1000));
  }
  lua_pop(state, 1);
}

plugin::Verdict read_verdict(lua_State* state, int first) {
  if (lua_isnil(state, first) && lua_isnil(state, first + 1)) return plugin::Verdict::pass();
  if (lua_isboolean(state, first) && !lua_toboolean(state, first)) {
    const bool says_why = lua_type(state, first + 1) == LUA_TSTRING;
    return plugin::Verdict::deny(says_why ? std::string(to_view(state, first + 1)) : std::string());
  }
  if (lua_isnil(state, first)) luaL_error(state, "%s", luaL_tolstring(state, first + 1, nullptr));  // nil, "why"
  const bool whole = lua_istable(state, first);
  if (whole) lua_getfield(state, first, "uid");
  Identity found = read_uid(state, whole ? lua_gettop(state) : first);
  const int details = whole ? first : first + 1;
  if (lua_istable(state, details)) {
    read_context(state, details, found);
    read_channels(state, details, found);
    read_expiry(state, details, found);
  }
  return plugin::Verdict::allow(std::move(found));
}

}  // namespace

void answer_auth(lua_State* state, int results, const Host& host, dunlin_ticket ticket) {
  const int first = lua_gettop(state) - results + 1;
  lua_settop(state, first + 1);  // nil where nothing was returned
  plugin::answer(host, ticket, read_verdict(state, first));
}

}  // namespace dunlin::lua
