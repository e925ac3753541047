// SPDX-License-Identifier: Apache-2.0
// "dunlin.auth/1": the script's authenticate(credentials) says who is behind a token.
#include "plugins/lua/interfaces.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

void push_info(lua_State* state, const Host& host, dunlin_conn conn, std::uint32_t what, const char* field) {
  dunlin_str value{};
  if (host.conn->info(host.self, conn, what, &value) != DUNLIN_OK) return;
  push(state, view(value));
  lua_setfield(state, -2, field);
}

// credentials.query: the parameters of the handshake's URI, while the host has it.
void push_query_field(lua_State* state, const Host& host, dunlin_conn conn) {
  dunlin_str uri{};
  if (host.conn->info(host.self, conn, DUNLIN_CONN_URI, &uri) != DUNLIN_OK) return;
  const std::string_view text = view(uri);
  const auto mark = text.find('?');
  push_query(state, mark == text.npos ? std::string_view() : text.substr(mark + 1));
  lua_setfield(state, -2, "query");
}

dunlin_verdict check(dunlin_instance* instance, dunlin_conn conn, const dunlin_credentials* credentials,
                     dunlin_ticket ticket) noexcept {
  constexpr dunlin_verdict kFault = -1;
  Instance& lua = *reinterpret_cast<Instance*>(instance);
  const Host& host = lua.host();
  if (!lua.engine().handler(Handler::authenticate)) {
    host.write(DUNLIN_LOG_ERROR, conn, "the script defines no authenticate: it cannot be an auth module");
    return kFault;
  }
  return lua.start(Handler::authenticate, conn, ticket, [&](lua_State* state) {
    lua_createtable(state, 0, 5);
    push(state, view(credentials->token));
    lua_setfield(state, -2, "token");
    push(state, credentials->source == DUNLIN_LOGIN_HANDSHAKE ? "handshake" : "message");
    lua_setfield(state, -2, "source");
    push_info(state, host, conn, DUNLIN_CONN_REMOTE_ADDR, "remote_addr");
    push_headers(state, host, conn);
    lua_setfield(state, -2, "headers");
    push_query_field(state, host, conn);
  });
}

void cancel(dunlin_instance* instance, dunlin_ticket ticket, std::int32_t) noexcept {
  reinterpret_cast<Instance*>(instance)->cancel(ticket);
}

constexpr dunlin_auth kAuth = {check, cancel};

}  // namespace

const void* auth_interface() { return &kAuth; }

}  // namespace dunlin::lua
