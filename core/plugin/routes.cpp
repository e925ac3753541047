// SPDX-License-Identifier: Apache-2.0
// The HTTP routes of modules: which there are (setup), and a request on its way through one (worker).
#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/plugin/abi_text.h"
#include "core/plugin/runtime_impl.h"

namespace dunlin {
namespace {

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_path(std::string_view text) {
  return text.starts_with('/') && text.size() <= 255 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f && c != '?' && c != '#'; });
}

std::string flaw_in(const dunlin_route& route) {
  if (!route.method || !is_token(route.method)) return "a route without a method in capitals";
  if (!route.path || !is_path(route.path)) return "a route whose path is no path";
  const std::string_view path = route.path;
  if (path == "/" || path == "/metrics" || path == "/version" || path == "/v1" || path.starts_with("/v1/"))
    return fmt::format("the route {}, which is the server's own", path);
  if (route.role < DUNLIN_ROLE_READ || route.role > DUNLIN_ROLE_OPEN)
    return fmt::format("the route {} with the role {}, which is none", path, route.role);
  return {};
}

}  // namespace

std::string flaw_in_routes(const dunlin_http_route& table) {
  constexpr std::size_t kMost = 64;
  if (!table.serve) return "its " DUNLIN_HTTP_ROUTE " lacks serve";
  if (!table.routes || table.route_count == 0 || table.route_count > kMost)
    return fmt::format("its " DUNLIN_HTTP_ROUTE " has {} routes; must be 1 to {}", table.route_count, kMost);
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (std::size_t i = 0; i < table.route_count; ++i) {
    const dunlin_route& route = table.routes[i];
    if (const std::string flaw = flaw_in(route); !flaw.empty()) return "it has " + flaw;
    if (!seen.emplace(route.method, route.path).second)
      return fmt::format("it has the route {} {} twice", route.method, route.path);
  }
  return {};
}

void ModuleRuntime::Impl::serve(const ModuleSet::Route& route, const RouteCall& call, RouteDone done) {
  const std::shared_ptr<Instance>& instance = instances_[route.slot];
  const dunlin_http_route& table = *instance->route();
  std::vector<dunlin_pair> headers;
  for (const auto& [name, value] : call.headers) headers.push_back({lend(name), lend(value)});
  const dunlin_http_call lent{lend(call.method), lend(call.path), lend(call.query),  lend(call.body),
                              lend(call.peer),   headers.data(),  headers.size()};
  const auto ask = [&](dunlin_ticket ticket) { return table.serve(instance->raw(), route.index, &lent, ticket); };
  const auto told = [instance, done](const std::optional<Answer>& answer) { done(reply_of(*instance, *answer)); };
  if (auto answer = questions_.ask({instance, Hook::route, ClientId(), route.deadline, table.cancel}, ask, told))
    done(reply_of(*instance, *answer));
}

Reply ModuleRuntime::Impl::reply_of(Instance& instance, const Answer& answer) {
  instance.count(Asking::route, answer.reply ? Outcome::allow : outcome_of(answer));
  if (answer.reply) return *answer.reply;
  if (answer.fault) {
    instance.log_fault(Hook::route, ClientId(), answer.reason);
    return answer.late ? error_reply(504, "no answer within the deadline") : error_reply(500, "internal error");
  }
  switch (answer.verdict) {
    case DUNLIN_ALLOW: return {.status = 204, .body = {}, .headers = {}};
    case DUNLIN_DENY: return error_reply(403, "refused");
    default: return error_reply(404, "there is no such thing");
  }
}

}  // namespace dunlin
