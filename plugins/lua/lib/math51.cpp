// SPDX-License-Identifier: Apache-2.0
// What the library math had in Lua 5.1 and has no more, from C's.
#include <algorithm>
#include <cmath>
#include <limits>

#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

// An integer where it is one: a script may use it as such.
int push_whole(lua_State* state, lua_Number value) {
  lua_Integer whole = 0;
  if (std::floor(value) == value && lua_numbertointeger(value, &whole)) lua_pushinteger(state, whole);
  else lua_pushnumber(state, value);
  return 1;
}

template <lua_Number (*function)(lua_Number)>
int of_one(lua_State* state) {
  lua_pushnumber(state, function(luaL_checknumber(state, 1)));
  return 1;
}

int pow(lua_State* state) { return push_whole(state, std::pow(luaL_checknumber(state, 1), luaL_checknumber(state, 2))); }

int atan2(lua_State* state) {
  lua_pushnumber(state, std::atan2(luaL_checknumber(state, 1), luaL_checknumber(state, 2)));
  return 1;
}

int ldexp(lua_State* state) {
  constexpr lua_Number kMost = std::numeric_limits<int>::max();
  const lua_Number mantissa = luaL_checknumber(state, 1), exponent = luaL_checknumber(state, 2);
  const int whole = std::isnan(exponent) ? 0 : static_cast<int>(std::clamp(exponent, -kMost, kMost));
  return push_whole(state, std::ldexp(mantissa, whole));
}

int frexp(lua_State* state) {
  int exponent = 0;
  lua_pushnumber(state, std::frexp(luaL_checknumber(state, 1), &exponent));
  lua_pushinteger(state, exponent);
  return 2;
}

constexpr luaL_Reg kFunctions[] = {{"pow", pow},
                                   {"atan2", atan2},
                                   {"ldexp", ldexp},
                                   {"frexp", frexp},
                                   {"log10", of_one<std::log10>},
                                   {"cosh", of_one<std::cosh>},
                                   {"sinh", of_one<std::sinh>},
                                   {"tanh", of_one<std::tanh>},
                                   {nullptr, nullptr}};

}  // namespace

void open_math51(lua_State* state) {
  lua_getglobal(state, LUA_MATHLIBNAME);
  luaL_setfuncs(state, kFunctions, 0);
  lua_getfield(state, -1, "fmod");
  lua_setfield(state, -2, "mod");
  lua_pop(state, 1);
}

}  // namespace dunlin::lua
