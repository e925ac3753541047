// SPDX-License-Identifier: Apache-2.0
// mix.timer: functions of the script that are called later, on this worker.
#include "plugins/lua/engine.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

std::int64_t check_period(lua_State* state, lua_Integer least) {
  constexpr lua_Number kMost = 30.0 * 24 * 60 * 60 * 1000;
  const lua_Number wanted = luaL_checknumber(state, 1);
  luaL_argcheck(state, wanted >= static_cast<lua_Number>(least) && wanted <= kMost, 1,
                "milliseconds (of `every` 10 at least) up to 30 days are wanted");
  return static_cast<std::int64_t>(wanted);
}

int start(lua_State* state, std::int64_t after_ms, std::int64_t every_ms) {
  luaL_checktype(state, 2, LUA_TFUNCTION);
  lua_settop(state, 2);
  const int ref = luaL_ref(state, LUA_REGISTRYINDEX);
  const std::int64_t id = Engine::of(state).timers().start(after_ms, every_ms, ref);
  if (id == 0) {
    luaL_unref(state, LUA_REGISTRYINDEX, ref);
    return luaL_error(state, "there are over %d timers", static_cast<int>(Timers::kMax));
  }
  lua_pushinteger(state, id);
  return 1;
}

int after(lua_State* state) { return start(state, check_period(state, 0), 0); }

int every(lua_State* state) {
  const std::int64_t period = check_period(state, 10);
  return start(state, period, period);
}

int cancel(lua_State* state) {
  lua_pushboolean(state, Engine::of(state).timers().cancel(state, luaL_checkinteger(state, 1)));
  return 1;
}

constexpr luaL_Reg kTimer[] = {{"after", after}, {"every", every}, {"cancel", cancel}, {nullptr, nullptr}};

}  // namespace

void open_mix_timer(lua_State* state) {
  luaL_newlib(state, kTimer);
  lua_setfield(state, -2, "timer");
}

}  // namespace dunlin::lua
