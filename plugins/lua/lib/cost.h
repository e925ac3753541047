// SPDX-License-Identifier: Apache-2.0
// What functions of libraries cost. A run's budget is counted in instructions of Lua, and one instruction may call a
// function that works for a long time. So whatever has more work the more it is given says how much it does: a step of a
// pattern or an element of a table counts as an instruction, and so do eight bytes that are read or written at one go.
#pragma once

#include "plugins/lua/engine.h"

namespace dunlin::lua {

// May raise: the budget is used up.
inline void charge(lua_State* state, std::size_t instructions) {
  Engine::of(state).meter().charge(state, instructions);
}

constexpr std::size_t cost_of_bytes(std::size_t bytes) { return bytes / 8; }
inline void charge_bytes(lua_State* state, std::size_t bytes) { charge(state, cost_of_bytes(bytes)); }

// The string at `index`, all of which is going to be read.
inline std::string_view to_charged_view(lua_State* state, int index) {
  std::size_t size = 0;
  const char* data = luaL_checklstring(state, index, &size);
  charge_bytes(state, size);
  return {data, size};
}

// For `return charge_results(state, …);`: by what is returned, the last `count` values of the stack.
inline int charge_results(lua_State* state, int count) {
  std::size_t cost = 0;
  for (int i = 1; i <= count; ++i) {
    cost += lua_type(state, -i) == LUA_TSTRING ? 1 + cost_of_bytes(lua_rawlen(state, -i)) : 1;
  }
  charge(state, cost);
  return count;
}

}  // namespace dunlin::lua
