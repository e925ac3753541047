// SPDX-License-Identifier: Apache-2.0
// Functions of Lua's libraries that are stricter in 5.4 than they were in 5.1: what those refuse is made into what 5.1
// took it for, and then they are called. What they take is handed on as it is.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>

#include "plugins/lua/lib/cost.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

// Each function of Lua here is a closure over the one that it stands before, which has no upvalues itself (but random).
int call_original(lua_State* state) { return lua_tocfunction(state, lua_upvalueindex(1))(state); }

// A fraction where a whole number is wanted is cut off; what is beyond all of them, as math.huge, is the last of them.
void cut_fraction(lua_State* state, int index) {
  constexpr lua_Number kLimit = 9223372036854775808.0;  // 2^63
  int is_integer = 0;
  lua_tointegerx(state, index, &is_integer);
  if (is_integer || !lua_isnumber(state, index)) return;  // strings may be numbers, too
  const lua_Number number = lua_tonumber(state, index);
  if (std::isnan(number)) return;
  lua_pushinteger(state, number >= kLimit  ? LUA_MAXINTEGER
                         : number < -kLimit ? LUA_MININTEGER
                                            : static_cast<lua_Integer>(std::trunc(number)));
  lua_replace(state, index);
}

void cut_fractions(lua_State* state, int first, int last) {
  for (int i = first; i <= std::min(last, lua_gettop(state)); ++i) cut_fraction(state, i);
}

constexpr int kAll = 1'000'000;  // arguments, more than there can be

template <int first, int last>
int with_whole(lua_State* state) {
  cut_fractions(state, first, last);
  return charge_results(state, call_original(state));
}

// math.random and randomseed
int random(lua_State* state) {
  for (int i = 1; i <= lua_gettop(state); ++i) luaL_checknumber(state, i);
  cut_fractions(state, 1, kAll);
  lua_pushvalue(state, lua_upvalueindex(1));
  lua_insert(state, 1);
  lua_call(state, lua_gettop(state) - 1, LUA_MULTRET);
  return lua_gettop(state);
}

// string.find and match: what begins behind the end begins at the end.
int search(lua_State* state) {
  cut_fraction(state, 3);
  if (lua_type(state, 1) == LUA_TSTRING && lua_isinteger(state, 3)) {
    const auto end = static_cast<lua_Integer>(lua_rawlen(state, 1)) + 1;
    if (lua_tointeger(state, 3) > end) {
      lua_pushinteger(state, end);
      lua_replace(state, 3);
    }
  }
  return charge_results(state, call_original(state));
}

// select(n, ...)
int select(lua_State* state) {
  cut_fraction(state, 1);
  return call_original(state);
}

// os.difftime(a [, b])
int difftime(lua_State* state) {
  if (lua_gettop(state) == 1) lua_pushinteger(state, 0);
  cut_fractions(state, 1, 2);
  return call_original(state);
}

// os.time([t]): the fields of the table, too. Where one has a fraction, a copy is looked at.
int time(lua_State* state) {
  static constexpr const char* kFields[] = {"year", "month", "day", "hour", "min", "sec", "isdst"};
  if (!lua_istable(state, 1)) return call_original(state);
  lua_settop(state, 1);
  lua_createtable(state, 0, static_cast<int>(std::size(kFields)));
  bool cut = false;
  for (const char* field : kFields) {
    lua_getfield(state, 1, field);
    lua_pushvalue(state, -1);
    cut_fraction(state, 4);  // above the value itself
    cut |= !lua_rawequal(state, -1, -2);
    lua_setfield(state, 2, field);
    lua_settop(state, 2);
  }
  if (cut) lua_replace(state, 1);
  return call_original(state);
}

// math.max and min: of strings that are numbers, too.
int extreme(lua_State* state) {
  for (int i = 1; i <= lua_gettop(state); ++i) {
    luaL_checknumber(state, i);
    if (lua_type(state, i) != LUA_TSTRING) continue;
    lua_stringtonumber(state, lua_tostring(state, i));
    lua_replace(state, i);
  }
  return call_original(state);
}

// tostring(v): what __tostring returns need not be a string.
int to_string(lua_State* state) {
  luaL_checkany(state, 1);
  return luaL_callmeta(state, 1, "__tostring") ? 1 : call_original(state);
}

// table.insert(t, position, value): the position may lie beyond the end.
int insert(lua_State* state) {
  if (lua_gettop(state) == 3 && lua_istable(state, 1)) {
    lua_insert(state, 2);  // the value is not to be cut
    cut_fraction(state, 3);
    lua_insert(state, 2);
    if (lua_isinteger(state, 2) && lua_tointeger(state, 2) > luaL_len(state, 1)) {
      lua_seti(state, 1, lua_tointeger(state, 2));
      return 0;
    }
  }
  return call_original(state);
}

// table.remove(t, position): nothing where there is nothing.
int remove(lua_State* state) {
  cut_fraction(state, 2);
  if (lua_istable(state, 1) && lua_isinteger(state, 2)) {
    const lua_Integer position = lua_tointeger(state, 2);
    if (position < 1 || position > luaL_len(state, 1)) return lua_pushnil(state), 1;
  }
  return call_original(state);
}

// string.gsub(s, pattern, "…%x…"): a '%' before what is no digit stands for that letter.
int gsub(lua_State* state) {
  cut_fraction(state, 4);
  if (lua_type(state, 3) == LUA_TSTRING) {
    const std::string_view text = to_view(state, 3);
    std::string of54;
    std::size_t done = 0;
    for (std::size_t i = text.find('%'); i < text.size(); i = text.find('%', i + 2)) {
      const char next = i + 1 < text.size() ? text[i + 1] : '\0';
      if (next == '%' || (next >= '0' && next <= '9')) continue;
      of54.append(text, done, i - done);
      done = i + 1;
    }
    if (done > 0) {
      push(state, of54.append(text, done));
      lua_replace(state, 3);
    }
  }
  return call_original(state);
}

// tonumber(number, base)
int to_number(lua_State* state) {
  cut_fraction(state, 2);
  if (lua_gettop(state) > 1 && lua_type(state, 1) == LUA_TNUMBER) {
    if (lua_tointeger(state, 2) == 10) return lua_settop(state, 1), 1;
    lua_tostring(state, 1);
  }
  charge_bytes(state, lua_type(state, 1) == LUA_TSTRING ? lua_rawlen(state, 1) : 0);
  return call_original(state);
}

// math.fmod and mod: of what is divided by nothing, not a number.
int fmod(lua_State* state) {
  if (lua_isinteger(state, 1) && lua_isinteger(state, 2) && lua_tointeger(state, 2) == 0) {
    lua_pushnumber(state, std::nan(""));
    return 1;
  }
  return call_original(state);
}

// newproxy(), newproxy(true): with a metatable of its own; newproxy(proxy): with that one's. No __gc is ever called, for
// a metatable that has none when it is set gets none.
int new_proxy(lua_State* state) {
  lua_settop(state, 1);
  lua_newuserdatauv(state, 0, 0);
  if (lua_isboolean(state, 1) && lua_toboolean(state, 1)) {
    lua_newtable(state);
  } else if (lua_isnil(state, 1) || lua_isboolean(state, 1)) {
    return 1;
  } else {
    luaL_argexpected(state, lua_isuserdata(state, 1) && lua_getmetatable(state, 1), 1, "boolean or proxy");
    if (luaL_getmetafield(state, 1, "__metatable") != LUA_TNIL) luaL_argerror(state, 1, "no proxy");
  }
  lua_setmetatable(state, 2);
  return 1;
}

// ("").__arg(...): the table `arg` of a function that declares `...` (source51.h).
int make_arg(lua_State* state) {
  const int count = lua_gettop(state) - 1;
  lua_createtable(state, count, 1);
  lua_replace(state, 1);
  lua_pushinteger(state, count);
  lua_setfield(state, 1, "n");
  for (int i = count; i >= 1; --i) lua_rawseti(state, 1, i);
  return 1;
}

constexpr Replacement kRows[] = {
    {LUA_STRLIBNAME, "sub", with_whole<2, 3>},    {LUA_STRLIBNAME, "byte", with_whole<2, 3>},
    {LUA_STRLIBNAME, "rep", with_whole<2, 2>},    {LUA_STRLIBNAME, "char", with_whole<1, kAll>},
    {LUA_STRLIBNAME, "find", search},             {LUA_STRLIBNAME, "match", search},
    {LUA_STRLIBNAME, "gsub", gsub},               {LUA_TABLIBNAME, "concat", with_whole<3, 4>},
    {LUA_TABLIBNAME, "unpack", with_whole<2, 3>}, {LUA_TABLIBNAME, "insert", insert},
    {LUA_TABLIBNAME, "remove", remove},           {LUA_MATHLIBNAME, "random", random},
    {LUA_MATHLIBNAME, "randomseed", random},      {LUA_MATHLIBNAME, "fmod", fmod},
    {LUA_MATHLIBNAME, "max", extreme},            {LUA_MATHLIBNAME, "min", extreme},
    {LUA_OSLIBNAME, "difftime", difftime},        {LUA_OSLIBNAME, "time", time},
    {LUA_GNAME, "tonumber", to_number},           {LUA_GNAME, "tostring", to_string},
    {LUA_GNAME, "select", select},
};

}  // namespace

void open_lax(lua_State* state) {
  replace(state, kRows);
  lua_register(state, "newproxy", new_proxy);
  lua_getglobal(state, LUA_STRLIBNAME);
  lua_pushcfunction(state, make_arg);
  lua_setfield(state, -2, "__arg");
  lua_pop(state, 1);
}

}  // namespace dunlin::lua
