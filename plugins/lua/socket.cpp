// SPDX-License-Identifier: Apache-2.0
// Raw TCP endpoints: the framer over protocol_input and protocol_encode, and a packet's way through protocol_decode to
// on_message.
#include "plugins/lua/lib/lib.h"
#include "plugins/lua/module.h"

namespace dunlin::lua {
namespace {

// The length that protocol_input returned; what is none is an error.
std::int64_t check_length(lua_State* state) {
  int whole = 0;
  const lua_Integer length = lua_type(state, -1) == LUA_TNUMBER ? lua_tointegerx(state, -1, &whole) : 0;
  if (whole && length >= DUNLIN_FRAMER_DROP) return length;
  const char* got = whole ? lua_pushfstring(state, "%I", static_cast<LUAI_UACINT>(length)) : luaL_typename(state, -1);
  return luaL_error(state, "it returned %s; wanted is the length of the next packet in bytes (0: wait, -1: drop the "
                           "connection)", got);
}

int handled(lua_State*, int, lua_KContext) { return 0; }

// The stack of run_packet(), and what protocol_decode returned behind it.
enum : int { kMessage = 1, kDecode, kPacket, kConn, kValue };

int decoded(lua_State* state, int, lua_KContext) {
  Engine::of(state).running()->packet = {};
  if (lua_isnil(state, kValue)) return 0;
  for (const int index : {kMessage, kValue, kConn}) lua_pushvalue(state, index);
  lua_callk(state, 2, 0, 0, handled);
  return 0;
}

// (on_message, protocol_decode or nil, packet, conn): both may wait, for this is a coroutine's body.
int run_packet(lua_State* state) {
  if (lua_isnil(state, kDecode)) {
    lua_pushvalue(state, kPacket);
  } else {
    std::size_t size = 0;
    const char* packet = lua_tolstring(state, kPacket, &size);
    Engine::of(state).running()->packet = {packet, size};  // the stack keeps it alive
    for (const int index : {kDecode, kPacket, kConn}) lua_pushvalue(state, index);
    lua_callk(state, 2, 1, 0, decoded);
  }
  return decoded(state, LUA_OK, 0);
}

}  // namespace

std::int64_t Module::input(Conn conn, std::string_view unread) {
  const HandlerSlot& handler = instance_.engine().handler(Handler::input);
  if (!handler) return DUNLIN_FRAMER_FAULT;  // reloaded to a script without
  std::int64_t length = DUNLIN_FRAMER_FAULT;
  instance_.call(Handler::input, conn.id(),
                 [&](lua_State* state, Run& run) {
                   push_buffer(state, run, unread);
                   if (handler.parameters > 1) push_conn(state, conn.id());
                 },
                 [&](lua_State* state) { length = check_length(state); });
  return length;
}

dunlin_status Module::encode(Conn conn, const plugin::Message& message, const plugin::Emit& emit) {
  const HandlerSlot& handler = instance_.engine().handler(Handler::encode);
  if (!handler) {
    emit(message.data);
    return DUNLIN_OK;
  }
  const bool wants_conn = handler.parameters > 1;
  if (wants_conn && conn.id() == 0) return DUNLIN_FRAMER_EACH;
  const bool encoded = instance_.call(
      Handler::encode, conn.id(),
      [&](lua_State* state, Run&) {
        push(state, message.data);
        if (wants_conn) push_conn(state, conn.id());
      },
      [&](lua_State* state) {
        if (lua_type(state, -1) != LUA_TSTRING || lua_rawlen(state, -1) == 0) {
          luaL_error(state, "it returned %s; a string that is not empty is wanted",
                     lua_type(state, -1) == LUA_TSTRING ? "an empty string" : luaL_typename(state, -1));
        }
        emit(to_view(state, -1));
      });
  return encoded ? DUNLIN_OK : DUNLIN_E_FAILED;
}

dunlin_verdict Module::open_socket(Conn conn, dunlin_ticket ticket) {
  const Engine& engine = instance_.engine();
  if (!engine.handler(Handler::input)) {
    instance_.host().log(DUNLIN_LOG_ERROR, "the script defines no protocol_input: it cannot serve raw TCP", conn.id());
    return DUNLIN_DENY;
  }
  const HandlerSlot& handler = engine.handler(Handler::connect);
  if (!handler) return DUNLIN_ALLOW;
  return instance_.start(Handler::connect, conn.id(), ticket, [&](lua_State* state) {
    if (handler.form == Form::conn) return push_conn(state, conn.id());
    lua_pushinteger(state, static_cast<lua_Integer>(conn.id()));
  });
}

dunlin_verdict Module::take_packet(Conn conn, std::string_view packet, dunlin_ticket ticket) {
  return instance_.start(Handler::message, conn.id(), ticket, [&](lua_State* state) {
    lua_pushcfunction(state, run_packet);
    lua_insert(state, 1);  // below on_message
    const HandlerSlot& decode = instance_.engine().handler(Handler::decode);
    if (decode) lua_rawgeti(state, LUA_REGISTRYINDEX, decode.ref);
    else lua_pushnil(state);
    push(state, packet);
    push_conn(state, conn.id());
  });
}

}  // namespace dunlin::lua
