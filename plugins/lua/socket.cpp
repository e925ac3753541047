// SPDX-License-Identifier: Apache-2.0
// Raw TCP endpoints: "dunlin.framer/1" over protocol_input and protocol_encode, and a packet's way through
// protocol_decode to on_message.
#include "plugins/lua/socket.h"

#include "plugins/lua/interfaces.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

Instance& self(dunlin_instance* instance) { return *reinterpret_cast<Instance*>(instance); }

// The length that protocol_input returned; what is none is an error.
std::int64_t check_length(lua_State* state) {
  int whole = 0;
  const lua_Integer length = lua_type(state, -1) == LUA_TNUMBER ? lua_tointegerx(state, -1, &whole) : 0;
  if (whole && length >= DUNLIN_FRAMER_DROP) return length;
  const char* got = whole ? lua_pushfstring(state, "%I", static_cast<LUAI_UACINT>(length)) : luaL_typename(state, -1);
  return luaL_error(state, "it returned %s; wanted is the length of the next packet in bytes (0: wait, -1: drop the "
                           "connection)", got);
}

std::int64_t input(dunlin_instance* instance, dunlin_conn conn, dunlin_str unread) noexcept {
  Instance& lua = self(instance);
  const HandlerSlot& handler = lua.engine().handler(Handler::input);
  if (!handler) return DUNLIN_FRAMER_FAULT;  // reloaded to a script without
  std::int64_t length = DUNLIN_FRAMER_FAULT;
  lua.call(Handler::input, conn,
           [&](lua_State* state, Run& run) {
             push_buffer(state, run, view(unread));
             if (handler.parameters > 1) push_conn(state, conn);
           },
           [&](lua_State* state) { length = check_length(state); });
  return length;
}

dunlin_status encode(dunlin_instance* instance, dunlin_conn conn, const dunlin_message* message, dunlin_emit_fn emit,
                     void* to) noexcept {
  Instance& lua = self(instance);
  const HandlerSlot& handler = lua.engine().handler(Handler::encode);
  if (!handler) {
    emit(to, message->data);
    return DUNLIN_OK;
  }
  const bool wants_conn = handler.parameters > 1;
  if (wants_conn && conn == 0) return DUNLIN_FRAMER_EACH;
  const bool encoded = lua.call(
      Handler::encode, conn,
      [&](lua_State* state, Run&) {
        push(state, view(message->data));
        if (wants_conn) push_conn(state, conn);
      },
      [&](lua_State* state) {
        if (lua_type(state, -1) != LUA_TSTRING || lua_rawlen(state, -1) == 0) {
          luaL_error(state, "it returned %s; a string that is not empty is wanted",
                     lua_type(state, -1) == LUA_TSTRING ? "an empty string" : luaL_typename(state, -1));
        }
        emit(to, str(to_view(state, -1)));
      });
  return encoded ? DUNLIN_OK : DUNLIN_E_FAILED;
}

constexpr dunlin_framer kFramer = {input, encode};

int handled(lua_State*, int, lua_KContext) { return 0; }

// The stack of take_packet(), and what protocol_decode returned behind it.
enum : int { kMessage = 1, kDecode, kPacket, kConn, kValue };

int decoded(lua_State* state, int, lua_KContext) {
  Engine::of(state).running()->packet = {};
  if (lua_isnil(state, kValue)) return 0;
  for (const int index : {kMessage, kValue, kConn}) lua_pushvalue(state, index);
  lua_callk(state, 2, 0, 0, handled);
  return 0;
}

// (on_message, protocol_decode or nil, packet, conn): both may wait, for this is a coroutine's body.
int take_packet(lua_State* state) {
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

bool is_socket(const Host& host, dunlin_conn conn) {
  std::size_t unread = 0;
  return host.socket && host.socket->unread(host.self, conn, &unread) == DUNLIN_OK;
}

dunlin_verdict open_socket(Instance& lua, dunlin_conn conn, dunlin_ticket ticket) {
  const Engine& engine = lua.engine();
  if (!engine.handler(Handler::input)) {
    lua.host().write(DUNLIN_LOG_ERROR, conn, "the script defines no protocol_input: it cannot serve raw TCP");
    return DUNLIN_DENY;
  }
  const HandlerSlot& handler = engine.handler(Handler::connect);
  if (!handler) return DUNLIN_ALLOW;
  return lua.start(Handler::connect, conn, ticket, [&](lua_State* state) {
    if (handler.form == Form::conn) return push_conn(state, conn);
    lua_pushinteger(state, static_cast<lua_Integer>(conn));
  });
}

dunlin_verdict take_packet(Instance& lua, dunlin_conn conn, std::string_view packet, dunlin_ticket ticket) {
  return lua.start(Handler::message, conn, ticket, [&](lua_State* state) {
    lua_pushcfunction(state, take_packet);
    lua_insert(state, 1);  // below on_message
    const HandlerSlot& decode = lua.engine().handler(Handler::decode);
    if (decode) lua_rawgeti(state, LUA_REGISTRYINDEX, decode.ref);
    else lua_pushnil(state);
    push(state, packet);
    push_conn(state, conn);
  });
}

const void* framer_interface() { return &kFramer; }

}  // namespace dunlin::lua
