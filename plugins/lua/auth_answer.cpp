// SPDX-License-Identifier: Apache-2.0
#include "plugins/lua/auth_answer.h"

#include <cmath>
#include <deque>
#include <vector>

#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

// An identity and what its parts point into.
struct Found {
  std::deque<std::string> texts;  // a deque: what is in it stays where it is
  std::vector<dunlin_pair> context;
  std::vector<dunlin_str> channels;
  dunlin_identity identity{};

  dunlin_str keep(std::string text) { return str(texts.emplace_back(std::move(text))); }
};

void read_uid(lua_State* state, int index, Found& found) {
  dunlin_uid& uid = found.identity.uid;
  if (lua_isinteger(state, index)) {
    uid = {found.keep(std::to_string(lua_tointeger(state, index))), DUNLIN_UID_NUMBER, 0};
  } else if (const auto digits = big_digits(state, index); !digits.empty()) {
    uid = {found.keep(std::string(digits)), DUNLIN_UID_NUMBER, 0};
  } else if (lua_type(state, index) == LUA_TSTRING && lua_rawlen(state, index) > 0) {
    uid = {found.keep(std::string(to_view(state, index))), DUNLIN_UID_STRING, 0};
  } else {
    luaL_error(state, "the uid is %s; an integer or a non-empty string is wanted", luaL_typename(state, index));
  }
}

void read_context(lua_State* state, int table, Found& found) {
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
    const dunlin_str name = found.keep(std::string(to_view(state, -2)));
    found.context.push_back({name, found.keep(std::move(json))});
  }
  lua_pop(state, 1);
}

void read_channels(lua_State* state, int table, Found& found) {
  lua_getfield(state, table, "channels");
  if (lua_isnil(state, -1)) return lua_pop(state, 1);
  if (!lua_istable(state, -1)) luaL_error(state, "channels is %s; a list is wanted", luaL_typename(state, -1));
  for (lua_Integer i = 1; lua_geti(state, -1, i) != LUA_TNIL; ++i) {
    if (lua_type(state, -1) != LUA_TSTRING) luaL_error(state, "channels[%I] is %s", i, luaL_typename(state, -1));
    found.channels.push_back(found.keep(std::string(to_view(state, -1))));
    lua_pop(state, 1);
  }
  lua_pop(state, 2);
}

void read_expiry(lua_State* state, int table, Found& found) {
  const int type = lua_getfield(state, table, "expires_at");
  if (type != LUA_TNIL) {
    const lua_Number seconds = lua_tonumber(state, -1);
    if (type != LUA_TNUMBER || !(seconds > 0 && seconds < 1e12)) {
      luaL_error(state, "expires_at is no time; seconds since 1970 are wanted");
    }
    found.identity.expires_at_ms = static_cast<std::int64_t>(std::floor(seconds * 1000));
  }
  lua_pop(state, 1);
}

}  // namespace

void answer_auth(lua_State* state, int results, const Host& host, dunlin_ticket ticket) {
  const int first = lua_gettop(state) - results + 1;
  lua_settop(state, first + 1);  // nil where nothing was returned
  dunlin_answer answer{nullptr, {nullptr, 0}};
  if (lua_isnil(state, first) && lua_isnil(state, first + 1)) {
    host.ticket->answer(host.self, ticket, DUNLIN_PASS, &answer);
    return;
  }
  if (lua_isboolean(state, first) && !lua_toboolean(state, first)) {
    if (lua_type(state, first + 1) == LUA_TSTRING) answer.reason = str(to_view(state, first + 1));
    host.ticket->answer(host.self, ticket, DUNLIN_DENY, &answer);
    return;
  }
  if (lua_isnil(state, first)) luaL_error(state, "%s", luaL_tolstring(state, first + 1, nullptr));  // nil, "why"
  Found found;
  int details = first + 1;
  if (lua_istable(state, first)) {
    lua_getfield(state, first, "uid");
    read_uid(state, lua_gettop(state), found);
    details = first;
  } else {
    read_uid(state, first, found);
  }
  if (lua_istable(state, details)) {
    read_context(state, details, found);
    read_channels(state, details, found);
    read_expiry(state, details, found);
  }
  found.identity.context = found.context.data();
  found.identity.context_count = found.context.size();
  found.identity.channels = found.channels.data();
  found.identity.channel_count = found.channels.size();
  answer.identity = &found.identity;
  host.ticket->answer(host.self, ticket, DUNLIN_ALLOW, &answer);
}

}  // namespace dunlin::lua
