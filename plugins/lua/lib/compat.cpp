// SPDX-License-Identifier: Apache-2.0
// Lua 5.1 under Lua 5.4: runs scripts/compat51.lua, which alone is handed the whole debug library.
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {

void open_compat(lua_State* state) {
  const std::string_view source = shipped_module("compat51");
  if (luaL_loadbufferx(state, source.data(), source.size(), "=[dunlin] compat51", "t") != LUA_OK) lua_error(state);
  lua_getfield(state, LUA_REGISTRYINDEX, "dunlin.debug");
  lua_call(state, 1, 0);
  lua_pushnil(state);
  lua_setfield(state, LUA_REGISTRYINDEX, "dunlin.debug");
}

}  // namespace dunlin::lua
