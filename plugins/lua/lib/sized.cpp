// SPDX-License-Identifier: Apache-2.0
// Functions of Lua's libraries that have as much to do as they are given: they are called as they are, and what they did is
// counted. (Of those that lax.cpp and text51.cpp stand before, it is counted there.)
#include <algorithm>

#include "plugins/lua/lib/cost.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

// Each function here is a closure over the library's own, which has no upvalues itself.
int call_library(lua_State* state) { return lua_tocfunction(state, lua_upvalueindex(1))(state); }

int by_results(lua_State* state) { return charge_results(state, call_library(state)); }

// utf8.len: by the characters that were counted, or the place of what is none.
int by_count(lua_State* state) {
  const int results = call_library(state);
  charge(state, static_cast<std::size_t>(std::max<lua_Integer>(0, lua_tointeger(state, -1))));
  return results;
}

// utf8.offset: by the characters that are passed over, at most all bytes.
int by_distance(lua_State* state) {
  const auto most = static_cast<lua_Integer>(lua_rawlen(state, 1));
  const lua_Integer distance = std::clamp(lua_tointeger(state, 2), -most, most);
  charge(state, static_cast<std::size_t>(distance < 0 ? -distance : distance));
  return call_library(state);
}

constexpr Replacement kSized[] = {
    {LUA_STRLIBNAME, "upper", by_results},      {LUA_STRLIBNAME, "lower", by_results},
    {LUA_STRLIBNAME, "reverse", by_results},    {LUA_STRLIBNAME, "pack", by_results},
    {LUA_STRLIBNAME, "unpack", by_results},     {LUA_UTF8LIBNAME, "char", by_results},
    {LUA_UTF8LIBNAME, "codepoint", by_results}, {LUA_UTF8LIBNAME, "len", by_count},
    {LUA_UTF8LIBNAME, "offset", by_distance},
};

}  // namespace

void open_sized(lua_State* state) {
  replace(state, kSized);
}

}  // namespace dunlin::lua
