// SPDX-License-Identifier: Apache-2.0
#include "plugins/lua/run.h"

#include "plugins/lua/handlers.h"

namespace dunlin::lua {
namespace {

constexpr char kSuspension = 0;  // its address is the mark

}  // namespace

Run& handler_run(lua_State* state, const char* function) {
  Run* run = Engine::of(state).running();
  if (!run) luaL_error(state, "%s waits, which only a handler can do", function);
  if (!run->coroutine.state) {
    luaL_error(state, "%s waits, which %s cannot, since it answers at once", function, handler_name(run->handler));
  }
  if (run->then != LUA_NOREF) luaL_error(state, "%s waits, and this handler waits for a log-in already", function);
  return *run;
}

void go_on_with(lua_State* state, Run& run, int index) {
  lua_pushvalue(state, index);
  run.then = luaL_ref(state, LUA_REGISTRYINDEX);
}

Run& waiting_run(lua_State* state, const char* function) {
  const Run* run = Engine::of(state).running();
  if (run && run->coroutine.state && !lua_isyieldable(state)) {
    luaL_error(state, "%s waits, which cannot be done inside table.sort, string.gsub, require or a metamethod",
               function);
  }
  return handler_run(state, function);
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
