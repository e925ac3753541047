// SPDX-License-Identifier: Apache-2.0
// Lua's own libraries without what would reach outside of the state: files, processes, bytecode, the insides of
// functions.
#include <openssl/rand.h>

#include "plugins/lua/lib/cost.h"
#include "plugins/lua/lib/lib.h"
#include "plugins/lua/source51.h"

namespace dunlin::lua {
namespace {

struct Library {
  const char* name;
  lua_CFunction open;
  const char* const* keep;  // nullptr: all
};

constexpr const char* kDebug[] = {"traceback", "getinfo", nullptr};
constexpr const char* kOs[] = {"time", "clock", "date", "difftime", nullptr};
constexpr Library kLibraries[] = {{LUA_GNAME, luaopen_base, nullptr},
                                  {LUA_COLIBNAME, luaopen_coroutine, nullptr},
                                  {LUA_TABLIBNAME, luaopen_table, nullptr},
                                  {LUA_STRLIBNAME, luaopen_string, nullptr},
                                  {LUA_MATHLIBNAME, luaopen_math, nullptr},
                                  {LUA_UTF8LIBNAME, luaopen_utf8, nullptr},
                                  {LUA_OSLIBNAME, luaopen_os, kOs},
                                  {LUA_DBLIBNAME, luaopen_debug, kDebug}};

// Replaces a global table by one with nothing but the functions in `keep`.
void narrow(lua_State* state, const char* name, const char* const* keep) {
  lua_getglobal(state, name);
  lua_newtable(state);
  for (; *keep; ++keep) {
    lua_getfield(state, -2, *keep);
    lua_setfield(state, -2, *keep);
  }
  lua_setglobal(state, name);
  lua_pop(state, 1);
}

// Swaps the field __gc of the metatable at 2 and the value on top.
void exchange_gc(lua_State* state) {
  lua_pushliteral(state, "__gc");
  lua_rawget(state, 2);
  lua_insert(state, -2);
  lua_pushliteral(state, "__gc");
  lua_insert(state, -2);
  lua_rawset(state, 2);
}

// A finalizer would run where no hook can stop it. As in Lua 5.1, that of a table is never called: one that its metatable
// does not have when it is set, Lua does not know of.
int set_metatable(lua_State* state) {
  const int type = lua_type(state, 2);
  luaL_checktype(state, 1, LUA_TTABLE);
  luaL_argexpected(state, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
  if (luaL_getmetafield(state, 1, "__metatable") != LUA_TNIL) {
    return luaL_error(state, "cannot change a protected metatable");
  }
  lua_settop(state, 2);
  lua_pushliteral(state, "__gc");
  if (type == LUA_TNIL || lua_rawget(state, 2) == LUA_TNIL) {
    lua_settop(state, 2);
    lua_setmetatable(state, 1);
    return 1;
  }
  lua_pushnil(state);
  exchange_gc(state);  // leaves what it had above the copy of it
  lua_pushvalue(state, 2);
  lua_setmetatable(state, 1);
  exchange_gc(state);
  lua_settop(state, 1);
  return 1;
}

// Every error that a pcall catches makes Lua walk the whole stack once. What is caught in thousands of pcalls within
// each other, as when a run is stopped, would cost seconds: so they may not be that deep.
void check_depth(lua_State* state) {
  constexpr int kDepth = 4000;
  lua_Debug record{};
  if (lua_getstack(state, kDepth, &record)) luaL_error(state, "stack overflow (pcall over %d calls deep)", kDepth);
}

// Around the message handler of an xpcall: one would run unwatched after a stop (Meter::stopped).
int guarded_handler(lua_State* state) {
  if (Engine::of(state).meter().stopped()) return 1;
  lua_settop(state, 1);
  lua_pushvalue(state, lua_upvalueindex(1));
  lua_insert(state, 1);
  lua_call(state, 1, 1);
  return 1;
}

// `below`: how many values of the call itself are under the results.
int finish_pcall(lua_State* state, int status, lua_KContext below) {
  if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(state) - static_cast<int>(below);
  lua_pushboolean(state, 0);
  lua_pushvalue(state, -2);
  return 2;
}

// pcall(f, ...)
int pcall(lua_State* state) {
  luaL_checkany(state, 1);
  check_depth(state);
  lua_pushboolean(state, 1);  // the first result
  lua_insert(state, 1);
  return finish_pcall(state, lua_pcallk(state, lua_gettop(state) - 2, LUA_MULTRET, 0, 0, finish_pcall), 0);
}

// xpcall(f, handler, ...)
int xpcall(lua_State* state) {
  check_depth(state);
  luaL_checktype(state, 2, LUA_TFUNCTION);
  const int arguments = lua_gettop(state) - 2;
  lua_pushvalue(state, 2);
  lua_pushcclosure(state, guarded_handler, 1);
  lua_replace(state, 2);
  lua_pushboolean(state, 1);  // the first result
  lua_pushvalue(state, 1);
  lua_rotate(state, 3, 2);  // below the arguments
  return finish_pcall(state, lua_pcallk(state, arguments, LUA_MULTRET, 2, 2, finish_pcall), 2);
}

// load(chunk [, name [, mode [, env]]]) with the mode always "t"; its pieces may come from a function, as in Lua.
int load(lua_State* state) {
  lua_settop(state, 5);
  const bool with_env = !lua_isnil(state, 4);
  if (lua_isfunction(state, 1)) {
    luaL_Buffer buffer;
    luaL_buffinit(state, &buffer);
    for (;;) {
      lua_pushvalue(state, 1);
      lua_call(state, 0, 1);
      if (lua_isnil(state, -1) || lua_rawlen(state, -1) == 0) break;
      luaL_argexpected(state, lua_isstring(state, -1), 1, "function that returns strings");
      luaL_addvalue(&buffer);
    }
    lua_pop(state, 1);
    luaL_pushresult(&buffer);
    lua_replace(state, 1);
  }
  const std::string_view text = to_view(state, 1);
  charge(state, text.size());
  const char* name = luaL_optstring(state, 2, lua_tostring(state, 1));
  if (load_text(state, text, name) != LUA_OK) {
    luaL_pushfail(state);
    lua_insert(state, -2);
    return 2;
  }
  if (with_env) {
    lua_pushvalue(state, 4);
    if (!lua_setupvalue(state, -2, 1)) lua_pop(state, 1);
  }
  return 1;
}

int collect_garbage(lua_State* state) {
  // What would tune the collector has no say here: it is accepted, and does nothing.
  static constexpr const char* kOptions[] = {"collect",  "count",      "step",        "stop", "restart",
                                             "setpause", "setstepmul", "incremental", "generational", nullptr};
  switch (luaL_checkoption(state, 1, "collect", kOptions)) {
    case 0:
      charge_bytes(state, static_cast<std::size_t>(Engine::of(state).memory()) / 8);
      lua_pushinteger(state, lua_gc(state, LUA_GCCOLLECT));
      return 1;
    case 1:
      lua_pushnumber(state, lua_gc(state, LUA_GCCOUNT) + lua_gc(state, LUA_GCCOUNTB) / 1024.0);
      return 1;
    case 2:
      lua_pushboolean(state, lua_gc(state, LUA_GCSTEP, 0));
      return 1;
    default:
      lua_pushinteger(state, 0);
      return 1;
  }
}

void seed_random(lua_State* state) {
  lua_Integer seeds[2] = {0, 0};
  RAND_bytes(reinterpret_cast<unsigned char*>(seeds), sizeof seeds);
  lua_getglobal(state, "math");
  lua_getfield(state, -1, "randomseed");
  lua_pushinteger(state, seeds[0]);
  lua_pushinteger(state, seeds[1]);
  lua_call(state, 2, 0);
  lua_pop(state, 1);
}

constexpr luaL_Reg kReplaced[] = {{"load", load},
                                  {"pcall", pcall},
                                  {"xpcall", xpcall},
                                  {"setmetatable", set_metatable},
                                  {"collectgarbage", collect_garbage},
                                  {nullptr, nullptr}};

}  // namespace

void open_libraries(lua_State* state) {
  open_sandbox(state);
  open_patterns(state);
  open_tables(state);
  open_sized(state);
  open_lax(state);
  open_text51(state);
  open_math51(state);
  open_require(state);
  open_coroutines(state);
  open_conn(state);
  open_buffer(state);
  open_shipped_socket(state);
  lua_newtable(state);
  open_mix_json(state);
  open_mix_codec(state);
  open_mix_text(state);
  open_mix_mesh(state);
  open_mix_socket(state);
  open_mix_redis(state);
  open_mix_queue(state);
  open_mix_http(state);
  open_mix_pack(state);
  open_mix_crypto(state);
  open_mix_timer(state);
  open_mix_shared(state);
  open_mix_misc(state);
  lua_setglobal(state, "mix");
  open_compat(state);
}

void open_sandbox(lua_State* state) {
  for (const Library& library : kLibraries) {
    luaL_requiref(state, library.name, library.open, 1);
    lua_pop(state, 1);
  }
  // The compatibility layer needs the whole debug library once more; it takes it from here, and then it is gone.
  lua_getglobal(state, LUA_DBLIBNAME);
  lua_setfield(state, LUA_REGISTRYINDEX, "dunlin.debug");
  for (const Library& library : kLibraries) {
    if (library.keep) narrow(state, library.name, library.keep);
  }
  if (Engine::of(state).settings().allow_io) {
    luaL_requiref(state, LUA_IOLIBNAME, luaopen_io, 1);
    luaL_requiref(state, LUA_OSLIBNAME, luaopen_os, 1);
    lua_pop(state, 2);
  } else {
    for (const char* name : {"dofile", "loadfile"}) {
      lua_pushnil(state);
      lua_setglobal(state, name);
    }
  }
  lua_getglobal(state, "string");
  lua_pushnil(state);
  lua_setfield(state, -2, "dump");
  lua_pop(state, 1);
  lua_pushglobaltable(state);
  luaL_setfuncs(state, kReplaced, 0);
  lua_pop(state, 1);
  seed_random(state);
}

}  // namespace dunlin::lua
