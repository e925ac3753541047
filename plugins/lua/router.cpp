// SPDX-License-Identifier: Apache-2.0
// "dunlin.router/1": what the host asks becomes a call of the script's handler, with its arguments in the form that the
// script declared.
#include "plugins/lua/interfaces.h"
#include "plugins/lua/lib/lib.h"
#include "plugins/lua/socket.h"

namespace dunlin::lua {
namespace {

Instance& self(dunlin_instance* instance) { return *reinterpret_cast<Instance*>(instance); }

void set_field(lua_State* state, const char* name, std::string_view value) {
  push(state, value);
  lua_setfield(state, -2, name);
}

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

void set_server_fields(lua_State* state, const Host& host, dunlin_conn conn, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    dunlin_str value{};
    if (host.conn->info(host.self, conn, kServer[i].what, &value) == DUNLIN_OK)
      set_field(state, kServer[i].name, view(value));
  }
}

void push_server(lua_State* state, const Host& host, dunlin_conn conn) {
  lua_newtable(state);
  set_server_fields(state, host, conn, std::size(kServer));
}

dunlin_verdict open(dunlin_instance* instance, dunlin_conn conn, dunlin_ticket ticket) noexcept {
  Instance& lua = self(instance);
  const Host& host = lua.host();
  if (!lua.engine().handler(Handler::message)) {
    host.write(DUNLIN_LOG_ERROR, conn, "the script defines no on_message: it cannot be a router");
    return DUNLIN_DENY;
  }
  if (is_socket(host, conn)) return open_socket(lua, conn, ticket);
  const HandlerSlot& handler = lua.engine().handler(Handler::handshake);
  if (!handler) return DUNLIN_ALLOW;
  return lua.start(Handler::handshake, conn, ticket, [&](lua_State* state) {
    if (handler.form == Form::client_id) lua_pushinteger(state, static_cast<lua_Integer>(conn));
    push_headers(state, host, conn);
    if (handler.form == Form::client_id) return push_server(state, host, conn);
    set_server_fields(state, host, conn, kRequestLine);  // without a `server`, it finds them among the headers
    push_conn(state, conn);
  });
}

dunlin_verdict message(dunlin_instance* instance, dunlin_conn conn, const dunlin_message* message,
                       dunlin_ticket ticket) noexcept {
  Instance& lua = self(instance);
  if (!lua.engine().handler(Handler::message)) return DUNLIN_DENY;
  if (message->kind == DUNLIN_BINARY && is_socket(lua.host(), conn))
    return take_packet(lua, conn, view(message->data), ticket);
  return lua.start(Handler::message, conn, ticket, [&](lua_State* state) {
    lua_createtable(state, 0, 3);
    set_field(state, "type", message->kind == DUNLIN_BINARY ? "binary" : "text");
    set_field(state, "data", view(message->data));
    lua_pushboolean(state, 1);
    lua_setfield(state, -2, "finish");
    push_conn(state, conn);
  });
}

bool is_normal(std::int32_t code) { return code == 1000 || code == 1001 || code == 1005; }

// nil after a normal close, else why it closed.
void push_close_error(lua_State* state, std::int32_t code, const dunlin_str* why) {
  if (is_normal(code)) return lua_pushnil(state);
  std::string text = "closed with " + std::to_string(code);
  if (why && why->size > 0) text.append(": ").append(view(*why));
  push(state, text);
}

void close(dunlin_instance* instance, dunlin_conn conn, std::int32_t code, const dunlin_str* why) noexcept {
  Instance& lua = self(instance);
  lua.scratch().remove(conn);
  const HandlerSlot& handler = lua.engine().handler(Handler::close);
  if (!handler) return;
  lua.start(Handler::close, conn, 0, [&](lua_State* state) {
    if (handler.form == Form::client_id) lua_pushinteger(state, static_cast<lua_Integer>(conn));
    push_close_error(state, code, why);
    if (handler.form == Form::conn) push_conn(state, conn);
  });
}

void cancel(dunlin_instance* instance, dunlin_ticket ticket, std::int32_t) noexcept { self(instance).cancel(ticket); }

// The state of a connection is its context, which the host keeps: there is nothing to let go of or to take over.
constexpr dunlin_router kRouter = {open, message, close, cancel, nullptr, nullptr};

}  // namespace

void push_headers(lua_State* state, const Host& host, dunlin_conn conn) {
  lua_newtable(state);
  dunlin_pair header{};
  for (std::size_t i = 0; host.conn->header_at(host.self, conn, i, &header) == DUNLIN_OK; ++i) {
    push(state, header_name(view(header.name)));
    lua_pushvalue(state, -1);
    // The first of several counts, as in dunlin.conn/1.
    if (lua_rawget(state, -3) == LUA_TNIL) {
      lua_pop(state, 1);
      push(state, view(header.value));
      lua_rawset(state, -3);
    } else {
      lua_pop(state, 2);
    }
  }
  set_headers_metatable(state);
}

const void* router_interface() { return &kRouter; }

}  // namespace dunlin::lua
