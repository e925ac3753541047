// SPDX-License-Identifier: Apache-2.0
// The HTTP paths of modules, as the API of this worker serves them.
#include <optional>
#include <utility>

#include "core/worker/worker.h"

namespace dunlin {
namespace {

std::optional<Role> role_of(std::uint32_t role) {
  if (role == DUNLIN_ROLE_OPEN) return std::nullopt;
  return role == DUNLIN_ROLE_READ ? Role::read : Role::write;
}

}  // namespace

std::vector<ModuleRoute> Worker::module_routes() {
  std::vector<ModuleRoute> rows;
  if (modules_)
    for (const ModuleSet::Route& route : modules_->routes())
      rows.push_back({route.method, route.path, role_of(route.role)});
  return rows;
}

void Worker::serve_module(std::size_t index, const HttpCall& call, HttpResponder responder) {
  const ModuleSet::Route& route = modules_->routes()[index];
  RouteCall copy{.method = std::string(call.method), .path = std::string(call.path), .query = std::string(call.query),
                 .body = std::string(call.body), .peer = std::string(call.peer), .headers = {}};
  for (const auto& [name, value] : call.headers)
    if (route.role == DUNLIN_ROLE_OPEN || name != "authorization") copy.headers.emplace_back(name, value);
  modules_->serve(route, copy, [this, responder = std::move(responder)](Reply reply) {
    api_.answer_module(responder, std::move(reply.type), reply.status, std::move(reply.body), std::move(reply.headers));
  });
}

}  // namespace dunlin
