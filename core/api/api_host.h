// SPDX-License-Identifier: Apache-2.0
// ApiHost: what the API needs of its worker. [worker]
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "core/api/access.h"
#include "core/base/metrics.h"
#include "core/hub/queue.h"
#include "core/mesh/mesh.h"
#include "core/net/http_server.h"

namespace dunlin {

// An HTTP path that a module serves; one that ends in '/' is a prefix.
struct ModuleRoute {
  std::string_view method, path;
  std::optional<Role> role;  // empty: anybody may call
};

class ApiHost {
 public:
  virtual Mesh& mesh() = 0;
  virtual Queue& queue() = 0;
  virtual bool draining() = 0;
  virtual Counters& counters() = 0;
  // The figures of every worker of this node; `done` is called later or at once, on this worker.
  virtual void collect(std::function<void(std::vector<Sample>)> done) = 0;
  virtual std::vector<NodeInfo> nodes() = 0;
  // What modules serve; and a call of the one at `route`, which the caller was admitted to.
  virtual std::vector<ModuleRoute> module_routes() { return {}; }
  virtual void serve_module(std::size_t route, const HttpCall& call, HttpResponder responder);
  // Runs `work` on a pool thread, then `done` on this worker, always.
  virtual void offload(std::function<void()> work, std::function<void()> done) = 0;

 protected:
  ~ApiHost() = default;
};

}  // namespace dunlin
