// SPDX-License-Identifier: Apache-2.0
// Module: what the host calls, in the words of dunlin.hpp. Each question becomes a call of the script's handler. [worker]
#pragma once

#include "plugins/lua/instance.h"

namespace dunlin::lua {

class Module {
 public:
  static constexpr const char* kRequired[] = {DUNLIN_EXT_LOG,     DUNLIN_EXT_CONFIG,  DUNLIN_EXT_TICKET, DUNLIN_EXT_CONN,
                                              DUNLIN_EXT_CONTEXT, DUNLIN_EXT_CHANNEL, DUNLIN_EXT_TIMER,  DUNLIN_EXT_METRICS,
                                              DUNLIN_EXT_SOCKET,  DUNLIN_EXT_REDIS,   nullptr};
  static constexpr plugin::Info kInfo = {"lua", "0.1.0", "Lua 5.4 scripts as routers and as auth modules", kSettingsSchema,
                                         kRequired};

  // What `configure` makes. The script is loaded once before any worker does, so that a broken one stops the start and not
  // the first connection.
  struct Settings {
    explicit Settings(const plugin::Setup& setup);
    lua::Settings value;
  };
  Module(const Host& host, const Settings& settings) : instance_(host, settings.value) {}

  // dunlin.auth/1 (auth.cpp): the script's authenticate(credentials) says who is behind a token.
  dunlin_verdict check(Conn conn, const plugin::Credentials& credentials, dunlin_ticket ticket);

  // dunlin.router/1 (router.cpp). The state of a connection is its context, which the host keeps: a swap has nothing to let
  // go of or to take over.
  dunlin_verdict open(Conn conn, dunlin_ticket ticket);
  dunlin_verdict message(Conn conn, const plugin::Message& message, dunlin_ticket ticket);
  void close(Conn conn, int code, std::string_view why);

  // dunlin.framer/1 (socket.cpp), over protocol_input and protocol_encode.
  std::int64_t input(Conn conn, std::string_view unread);
  dunlin_status encode(Conn conn, const plugin::Message& message, const plugin::Emit& emit);

  void cancel(dunlin_ticket ticket, int) { instance_.cancel(ticket); }

 private:
  // What the router does on raw TCP endpoints. REQUIRES: the script defines on_message
  dunlin_verdict open_socket(Conn conn, dunlin_ticket ticket);
  dunlin_verdict take_packet(Conn conn, std::string_view packet, dunlin_ticket ticket);

  Instance instance_;
};

// Pushes a table of the handshake's headers, by their names as Go writes them.
void push_headers(lua_State* state, Conn conn);

}  // namespace dunlin::lua
