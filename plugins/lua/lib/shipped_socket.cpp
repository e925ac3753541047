// SPDX-License-Identifier: Apache-2.0
// `require("dunlin.socket")`: what the shipped protocols need besides what scripts have. No part of the interface.
#include "plugins/lua/handlers.h"
#include "plugins/lua/instance.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

Run& run_of(lua_State* state) {
  Run* run = Engine::of(state).running();
  if (!run) luaL_error(state, "there is no connection here; call it in a handler");
  return *run;
}

dunlin_conn check_conn(lua_State* state) {
  return *static_cast<const dunlin_conn*>(luaL_checkudata(state, 1, "dunlin.conn"));
}

// get(conn, key) → string or nil
int get(lua_State* state) {
  const std::string* value = run_of(state).instance.scratch().get(check_conn(state), to_view(state, 2));
  if (!value) return lua_pushnil(state), 1;
  push(state, *value);
  return 1;
}

// Nothing is kept for a connection that has left: nobody would remove it.
bool is_there(lua_State* state, dunlin_conn conn) {
  return Conn(Engine::of(state).host(), conn).info(DUNLIN_CONN_REMOTE_ADDR).has_value();
}

// set(conn, key, string or nil)
int set(lua_State* state) {
  const dunlin_conn conn = check_conn(state);
  const std::string_view key = to_view(state, 2);
  Scratch& scratch = run_of(state).instance.scratch();
  if (lua_isnoneornil(state, 3)) {
    scratch.remove(conn, key);
  } else if (is_there(state, conn)) {
    scratch.at(conn, key) = to_view(state, 3);
  }
  return 0;
}

// append(conn, key, string, limit) → how long it is now, or would be: over the limit nothing is appended
int append(lua_State* state) {
  const dunlin_conn conn = check_conn(state);
  const std::string_view key = to_view(state, 2), piece = to_view(state, 3);
  const auto limit = static_cast<std::size_t>(luaL_checkinteger(state, 4));
  Scratch& scratch = run_of(state).instance.scratch();
  const std::string* held = scratch.get(conn, key);
  const std::size_t size = (held ? held->size() : 0) + piece.size();
  if (size <= limit && is_there(state, conn)) scratch.at(conn, key) += piece;
  lua_pushinteger(state, static_cast<lua_Integer>(size));
  return 1;
}

// packet() → what protocol_decode was called with
int packet(lua_State* state) {
  push(state, run_of(state).packet);
  return 1;
}

// form(f) → "conn" or "client_id", by the rule for on_handshake
int form(lua_State* state) {
  luaL_checktype(state, 1, LUA_TFUNCTION);
  const Form found = form_of(Handler::handshake, parameters_of(state, 1), false);
  lua_pushstring(state, found == Form::conn ? "conn" : "client_id");
  return 1;
}

// headers(t) → the same by their names, with a look-up that knows every case
int headers(lua_State* state) {
  luaL_checktype(state, 1, LUA_TTABLE);
  lua_newtable(state);
  for (lua_pushnil(state); lua_next(state, 1) != 0; lua_pop(state, 1)) {
    push(state, header_name(to_view(state, -2)));
    lua_pushvalue(state, -2);
    lua_rawset(state, -5);
  }
  set_headers_metatable(state);
  return 1;
}

constexpr luaL_Reg kFunctions[] = {{"get", get},       {"set", set},   {"append", append},  {"packet", packet},
                                   {"form", form},     {"headers", headers}, {nullptr, nullptr}};

}  // namespace

void open_shipped_socket(lua_State* state) {
  luaL_getsubtable(state, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  luaL_newlib(state, kFunctions);
  lua_setfield(state, -2, "dunlin.socket");
  lua_pop(state, 1);
}

}  // namespace dunlin::lua
