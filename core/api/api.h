// SPDX-License-Identifier: Apache-2.0
// Api: what backends call (docs/http-api.md), as a table of routes over an HttpServer. One a worker. [worker]
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/access.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/metrics.h"
#include "core/base/result.h"
#include "core/config/config.h"
#include "core/mesh/mesh.h"
#include "core/net/http_server.h"

namespace dunlin {

// An HTTP path that a module serves; one that ends in '/' is a prefix.
struct ModuleRoute {
  std::string_view method, path;
  std::optional<Role> role;  // empty: anybody may call
};

// What the routes need of the worker.
class ApiHost {
 public:
  virtual Mesh& mesh() = 0;
  virtual bool draining() = 0;
  // The figures of every worker of this node; `done` is called later or at once, on this worker.
  virtual void collect(std::function<void(std::vector<Sample>)> done) = 0;
  virtual std::vector<NodeInfo> nodes() = 0;
  // What modules serve; and a call of the one at `route`, which the caller was admitted to.
  virtual std::vector<ModuleRoute> module_routes() { return {}; }
  virtual void serve_module(std::size_t route, const HttpCall& call, HttpResponder responder);

 protected:
  ~ApiHost() = default;
};

// The `E.c` of an answer.
enum class ApiCode : int {
  bad_parameters = 101,
  pop_failed = 201,
  popping = 202,
  unpop_failed = 203,
  call_failed = 301,
  send_failed = 401,
};

class Api {
 public:
  // Uses `config` as long as it lives.
  Api(const Config& config, ApiHost& host, Log& log);
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  static HttpServer::Settings settings(const Config& config);
  // Counts an answer that the HttpServer gives by itself; its body.
  std::string refused(int status, std::string_view why);

  void serve(const HttpCall& call, HttpResponder responder);
  // The node directory: only the routes that say who is there, open to readers without a password.
  void serve_directory(const HttpCall& call, HttpResponder responder);

  // Answers a call that a module has served.
  void answer_module(const HttpResponder& responder, std::string type, int status, std::string body, std::string headers);

  void collect(std::vector<Sample>& out) const;

 private:
  struct Route {
    std::string_view method, path;
    Role role;
    bool directory;
    void (Api::*handle)(const HttpCall&, const HttpResponder&);
    const char* doc;
  };
  static const Route kRoutes[];

  void route(const HttpCall& call, const HttpResponder& responder, bool directory);
  bool admit(const HttpCall& call, Role role, const HttpResponder& responder);
  // True: it is a module's, or its path is; it has been answered or will be.
  bool route_to_module(const HttpCall& call, const HttpResponder& responder);
  void not_allowed(const HttpCall& call, const HttpResponder& responder, const std::vector<std::string_view>& allowed);
  template <class Parameters>
  std::optional<Parameters> read(const HttpCall& call, const HttpResponder& responder,
                                 Result<Parameters> (*parameters)(const json::Value&));
  void publish(const HttpCall& call, const HttpResponder& responder);
  void send(const HttpCall& call, const HttpResponder& responder);
  void metrics(const HttpCall& call, const HttpResponder& responder);
  void version(const HttpCall& call, const HttpResponder& responder);
  void nodes(const HttpCall& call, const HttpResponder& responder);
  void answer(const HttpResponder& responder, int status, std::string body, std::string headers = {});
  void count(int status);

  ApiHost& host_;
  Log& log_;
  Access access_;
  struct Answered {
    int status;
    std::uint64_t count;
  };
  std::vector<Answered> answered_;
};

}  // namespace dunlin
