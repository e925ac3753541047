// SPDX-License-Identifier: Apache-2.0
#include "plugins/lua/run.h"

namespace dunlin::lua {
namespace {

constexpr char kSuspension = 0;  // its address is the mark

}  // namespace

Run& waiting_run(lua_State* state, const char* function) {
  Run* run = Engine::of(state).running();
  if (!run) luaL_error(state, "%s waits, which only a handler can do", function);
  if (!lua_isyieldable(state)) {
    luaL_error(state, "%s waits, which cannot be done inside table.sort, string.gsub, require or a metamethod",
               function);
  }
  return *run;
}

bool goes_without_outcome(lua_State* state) {
  const Run* run = Engine::of(state).running();
  return run && !lua_isyieldable(state) && (run->handler == Handler::input || run->handler == Handler::encode);
}

int suspend(lua_State* state) {
  lua_settop(state, 0);
  lua_pushlightuserdata(state, const_cast<char*>(&kSuspension));
  return lua_yield(state, 1);
}

int suspend_then(lua_State* state, lua_KContext context, lua_KFunction then) {
  lua_pushlightuserdata(state, const_cast<char*>(&kSuspension));
  return lua_yieldk(state, 1, context, then);
}

bool is_suspension(lua_State* state, int index) { return lua_touserdata(state, index) == &kSuspension; }

}  // namespace dunlin::lua
