// SPDX-License-Identifier: Apache-2.0
// coroutine.resume, wrap, yield and running for scripts. A call that waits suspends the whole handler: when it is made in a
// coroutine of the script, its suspension passes through the script's own resume, and the result passes back in.
#include "plugins/lua/lib/lib.h"
#include "plugins/lua/run.h"

namespace dunlin::lua {
namespace {

enum class Style : lua_KContext { resume, wrap };

int ended_badly(lua_State* state, lua_State* inner, Style style) {
  // What ran over its budget must not go on after being caught here.
  if (Meter& meter = Engine::of(state).meter(); meter.stopped()) return meter.stop(state);
  if (style == Style::resume) {
    lua_pushboolean(state, 0);
    lua_xmove(inner, state, 1);
    return 2;
  }
  lua_xmove(inner, state, 1);
  if (lua_status(inner) > LUA_YIELD) lua_resetthread(inner);
  return lua_error(state);
}

// The coroutine is at index 1, what to resume it with above it. Also the continuation after a suspension.
int advance(lua_State* state, int, lua_KContext context) {
  const auto style = static_cast<Style>(context);
  lua_State* inner = lua_tothread(state, 1);
  const int arguments = lua_gettop(state) - 1;
  if (!lua_checkstack(inner, arguments)) return luaL_error(state, "too many arguments to resume");
  lua_xmove(state, inner, arguments);
  int results = 0;
  int status = LUA_OK;
  {
    const Meter::Inside inside(Engine::of(state).meter(), inner);
    status = lua_resume(inner, state, arguments, &results);
  }
  if (status == LUA_YIELD && results == 1 && is_suspension(inner, -1)) {
    lua_settop(state, 1);
    lua_xmove(inner, state, 1);
    return lua_yieldk(state, 1, context, advance);
  }
  if (status != LUA_OK && status != LUA_YIELD) return ended_badly(state, inner, style);
  luaL_checkstack(state, results + 1, "too many results to resume");
  if (style == Style::resume) lua_pushboolean(state, 1);
  lua_xmove(inner, state, results);
  return results + (style == Style::resume ? 1 : 0);
}

int resume(lua_State* state) {
  luaL_checktype(state, 1, LUA_TTHREAD);
  return advance(state, LUA_OK, static_cast<lua_KContext>(Style::resume));
}

int wrapped(lua_State* state) {
  lua_pushvalue(state, lua_upvalueindex(1));
  lua_insert(state, 1);
  return advance(state, LUA_OK, static_cast<lua_KContext>(Style::wrap));
}

int wrap(lua_State* state) {
  luaL_checktype(state, 1, LUA_TFUNCTION);
  lua_State* inner = lua_newthread(state);
  lua_pushvalue(state, 1);
  lua_xmove(state, inner, 1);
  lua_pushcclosure(state, wrapped, 1);
  return 1;
}

// What a handler itself runs in is no coroutine of the script's: there is nobody whom it could yield to.
int yield(lua_State* state) {
  const Run* run = Engine::of(state).running();
  if (run && run->coroutine.state == state) return luaL_error(state, "attempt to yield from outside a coroutine");
  return lua_yield(state, lua_gettop(state));
}

// As in Lua 5.1: nil at the top level.
int running(lua_State* state) {
  const bool main = lua_pushthread(state) != 0;
  if (main) lua_pushnil(state);
  lua_pushboolean(state, main);
  return 2;
}

constexpr luaL_Reg kFunctions[] = {
    {"resume", resume}, {"wrap", wrap}, {"yield", yield}, {"running", running}, {nullptr, nullptr}};

}  // namespace

void open_coroutines(lua_State* state) {
  lua_getglobal(state, "coroutine");
  luaL_setfuncs(state, kFunctions, 0);
  lua_pop(state, 1);
}

}  // namespace dunlin::lua
