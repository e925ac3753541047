// SPDX-License-Identifier: Apache-2.0
// What the host asks a router becomes a call of the script's handler, with its arguments in the form that the script declared.
#include "plugins/lua/lib/lib.h"
#include "plugins/lua/module.h"

namespace dunlin::lua {
namespace {

struct ServerField {
  const char* name;
  std::uint32_t what;
};
constexpr ServerField kServer[] = {{"Method", DUNLIN_CONN_METHOD},
                                   {"RequestUri", DUNLIN_CONN_URI},
                                   {"ServerProtocol", DUNLIN_CONN_PROTOCOL},
                                   {"Host", DUNLIN_CONN_HOST},
                                   {"RemoteAddr", DUNLIN_CONN_REMOTE_ADDR}};

constexpr std::size_t kRequestLine = 3;  // the first of them

void set_server_fields(lua_State* state, Conn conn, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    if (const auto value = conn.info(kServer[i].what)) set_field(state, kServer[i].name, *value);
}

void push_server(lua_State* state, Conn conn) {
  lua_newtable(state);
  set_server_fields(state, conn, std::size(kServer));
}

bool is_normal(std::int32_t code) { return code == 1000 || code == 1001 || code == 1005; }

// nil after a normal close, else why it closed.
void push_close_error(lua_State* state, std::int32_t code, std::string_view why) {
  if (is_normal(code)) return lua_pushnil(state);
  std::string text = "closed with " + std::to_string(code);
  if (!why.empty()) text.append(": ").append(why);
  push(state, text);
}

}  // namespace

dunlin_verdict Module::open(Conn conn, dunlin_ticket ticket) {
  if (!instance_.engine().handler(Handler::message)) {
    instance_.host().log(DUNLIN_LOG_ERROR, "the script defines no on_message: it cannot be a router", conn.id());
    return DUNLIN_DENY;
  }
  if (conn.unread()) return open_socket(conn, ticket);
  const HandlerSlot& handler = instance_.engine().handler(Handler::handshake);
  if (!handler) return DUNLIN_ALLOW;
  return instance_.start(Handler::handshake, conn.id(), ticket, [&](lua_State* state) {
    if (handler.form == Form::client_id) lua_pushinteger(state, static_cast<lua_Integer>(conn.id()));
    push_headers(state, conn);
    if (handler.form == Form::client_id) return push_server(state, conn);
    set_server_fields(state, conn, kRequestLine);  // without a `server`, it finds them among the headers
    push_conn(state, conn.id());
  });
}

dunlin_verdict Module::message(Conn conn, const plugin::Message& message, dunlin_ticket ticket) {
  if (!instance_.engine().handler(Handler::message)) return DUNLIN_DENY;
  const bool binary = message.kind == DUNLIN_BINARY;
  if (binary && conn.unread()) return take_packet(conn, message.data, ticket);
  return instance_.start(Handler::message, conn.id(), ticket, [&](lua_State* state) {
    lua_createtable(state, 0, 3);
    set_field(state, "type", binary ? "binary" : "text");
    set_field(state, "data", message.data);
    lua_pushboolean(state, 1);
    lua_setfield(state, -2, "finish");
    push_conn(state, conn.id());
  });
}

void Module::close(Conn conn, int code, std::string_view why) {
  instance_.scratch().remove(conn.id());
  const HandlerSlot& handler = instance_.engine().handler(Handler::close);
  if (!handler) return;
  instance_.start(Handler::close, conn.id(), 0, [&](lua_State* state) {
    if (handler.form == Form::client_id) lua_pushinteger(state, static_cast<lua_Integer>(conn.id()));
    push_close_error(state, code, why);
    if (handler.form == Form::conn) push_conn(state, conn.id());
  });
}

void push_headers(lua_State* state, Conn conn) {
  lua_newtable(state);
  for (const auto& [name, value] : conn.headers()) {
    push(state, header_name(name));
    lua_pushvalue(state, -1);
    // The first of several counts, as in dunlin.conn/1.
    if (lua_rawget(state, -3) == LUA_TNIL) {
      lua_pop(state, 1);
      push(state, value);
      lua_rawset(state, -3);
    } else {
      lua_pop(state, 2);
    }
  }
  set_headers_metatable(state);
}

}  // namespace dunlin::lua
