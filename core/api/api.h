// SPDX-License-Identifier: Apache-2.0
// Api: what backends call (docs/api.md), as a table of routes over an HttpServer, one of which leads to the WebSocket
// API (socket_session.h). One a worker. [worker]
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/access.h"
#include "core/api/api_host.h"
#include "core/api/methods.h"
#include "core/api/socket_session.h"
#include "core/base/log.h"
#include "core/config/config.h"
#include "core/net/http_server.h"

namespace dunlin {

class Api {
 public:
  // `node`: the id that events carry; both outlive it.
  Api(const Config& config, const std::string& node, ApiHost& host, Log& log);
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  static HttpServer::Settings settings(const Config& config);
  // Counts an answer that the HttpServer gives by itself; its body.
  std::string refused(int status, std::string_view why);

  void serve(const HttpCall& call, HttpResponder responder);
  // The node directory: only the routes that say who is there, open to readers without a password.
  void serve_directory(const HttpCall& call, HttpResponder responder);

  // The users of another configuration, in force at once: also for the WebSocket connections that are open.
  void reconfigure(const Config& config);

  // Answers a call that a module has served.
  void answer_module(const HttpResponder& responder, std::string type, int status, std::string body, std::string headers);

  void collect(std::vector<Sample>& out) const;

 private:
  struct Route {
    std::string_view method, path;
    Role role;
    bool directory;
    void (Api::*handle)(const HttpCall&, const HttpResponder&, const Route&, const Access::Decision&);
    const char* call;  // the name in the table of methods
    const char* doc;
  };
  static const Route kRoutes[];

  void route(const HttpCall& call, const HttpResponder& responder, bool directory);
  // True: it is a module's, or its path is; it has been answered or will be.
  bool route_to_module(const HttpCall& call, const HttpResponder& responder);
  void not_allowed(const HttpCall& call, const HttpResponder& responder, const std::vector<std::string_view>& allowed);
  // Who calls, if they may; nothing: they have been refused, or are routed anew once their password is known.
  std::optional<Access::Decision> admit(const HttpCall& call, Role role, const HttpResponder& responder);
  void refuse(const HttpCall& call, const HttpResponder& responder, const Access::Decision& decision);
  bool stopping(const HttpResponder& responder);

  void method(const HttpCall&, const HttpResponder&, const Route&, const Access::Decision&);
  void metrics(const HttpCall&, const HttpResponder&, const Route&, const Access::Decision&);
  void version(const HttpCall&, const HttpResponder&, const Route&, const Access::Decision&);
  void nodes(const HttpCall&, const HttpResponder&, const Route&, const Access::Decision&);
  void websocket(const HttpCall&, const HttpResponder&, const Route&, const Access::Decision&);

  void answer(const HttpResponder& responder, int status, std::string body, std::string headers = {});
  void count(int status);

  const std::string& node_;
  ApiHost& host_;
  Log& log_;
  Access access_;
  SocketSessions sessions_;
  struct Answered {
    int status;
    std::uint64_t count;
  };
  std::vector<Answered> answered_;
};

}  // namespace dunlin
