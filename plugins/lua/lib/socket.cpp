// SPDX-License-Identifier: Apache-2.0
// mix.socket, and what a connection object has on raw TCP endpoints only.
#include "plugins/lua/instance.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

int tcp(lua_State* state) {
  const Run* run = Engine::of(state).running();
  if (!run || run->conn == 0) {
    return luaL_error(state, "mix.socket.tcp: there is no connection here; call it in a handler, or take the second "
                             "parameter of protocol_encode");
  }
  push_conn(state, run->conn);
  return 1;
}

// conn:clear_buffer() → err
int clear_buffer(lua_State* state) {
  const auto conn = *static_cast<const dunlin_conn*>(luaL_checkudata(state, 1, kConnMetatable));
  const dunlin_status status = Conn(Engine::of(state).host(), conn).clear();
  if (status == DUNLIN_OK) return lua_pushnil(state), 1;
  lua_pushstring(state, status == DUNLIN_E_NOT_FOUND ? "only a raw TCP connection has a buffer" : status_text(status));
  lua_pushstring(state, status_kind(status));
  return 2;
}

constexpr luaL_Reg kSocket[] = {{"tcp", tcp}, {nullptr, nullptr}};
constexpr luaL_Reg kConnMethods[] = {{"clear_buffer", clear_buffer}, {nullptr, nullptr}};

}  // namespace

void open_mix_socket(lua_State* state) {
  luaL_newlib(state, kSocket);
  lua_setfield(state, -2, "socket");
  luaL_getmetatable(state, kConnMetatable);
  lua_getfield(state, -1, "__index");
  luaL_setfuncs(state, kConnMethods, 0);
  lua_pop(state, 2);
}

}  // namespace dunlin::lua
