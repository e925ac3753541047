// SPDX-License-Identifier: Apache-2.0
// The script's authenticate(credentials).
#include "plugins/lua/lib/lib.h"
#include "plugins/lua/module.h"

namespace dunlin::lua {
namespace {

// credentials.query: the parameters of the handshake's URI, while the host has it.
void push_query_field(lua_State* state, Conn conn) {
  const auto uri = conn.info(DUNLIN_CONN_URI);
  if (!uri) return;
  const auto mark = uri->find('?');
  push_query(state, mark == uri->npos ? std::string_view() : uri->substr(mark + 1));
  lua_setfield(state, -2, "query");
}

}  // namespace

dunlin_verdict Module::check(Conn conn, const plugin::Credentials& credentials, dunlin_ticket ticket) {
  if (!instance_.engine().handler(Handler::authenticate)) {
    instance_.host().log(DUNLIN_LOG_ERROR, "the script defines no authenticate: it cannot be an auth module", conn.id());
    return Instance::kFault;
  }
  return instance_.start(Handler::authenticate, conn.id(), ticket, [&](lua_State* state) {
    lua_createtable(state, 0, 5);
    set_field(state, "token", credentials.token);
    set_field(state, "source", credentials.source == DUNLIN_LOGIN_HANDSHAKE ? "handshake" : "message");
    if (const auto peer = conn.info(DUNLIN_CONN_REMOTE_ADDR)) set_field(state, "remote_addr", *peer);
    push_headers(state, conn);
    lua_setfield(state, -2, "headers");
    push_query_field(state, conn);
  });
}

}  // namespace dunlin::lua
