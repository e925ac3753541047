// SPDX-License-Identifier: Apache-2.0
#include "core/api/api.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/api/metrics_text.h"
#include "core/base/clock.h"
#include "core/base/json.h"

namespace dunlin {
namespace {

std::string error_json(int code, std::string_view why) {
  return fmt::format(R"({{"E":{{"c":{},"m":{}}}}})", code, json::quote(why));
}

constexpr std::string_view kPrometheus = "text/plain; version=0.0.4; charset=utf-8";

// A call that outlives its request.
struct KeptCall {
  explicit KeptCall(const HttpCall& call)
      : method(call.method), path(call.path), query(call.query), body(call.body), peer(call.peer), headers(call.headers) {}
  HttpCall view() const {
    return {.method = method, .path = path, .query = query, .body = body, .peer = peer, .headers = headers};
  }
  std::string method, path, query, body, peer;
  std::vector<std::pair<std::string, std::string>> headers;
};

}  // namespace

constexpr Api::Route Api::kRoutes[] = {
    {"POST", "/v1/mesh/publish", Role::write, false, &Api::method, "mesh.publish", "publish to a channel"},
    {"POST", "/v1/mesh/send", Role::write, false, &Api::method, "mesh.send", "send to one connection"},
    {"POST", "/v1/conn/call", Role::write, false, &Api::method, "conn.call", "do something to one connection"},
    {"POST", "/v1/queue/push", Role::write, false, &Api::method, "queue.push", "push to a topic"},
    {"GET", "/ws/v1", Role::either, false, &Api::websocket, "", "the WebSocket API"},
    {"GET", "/metrics", Role::read, false, &Api::metrics, "", "figures, as Prometheus text"},
    {"GET", "/version", Role::read, true, &Api::version, "", "which APIs are served"},
    {"GET", "/v1/nodes", Role::read, true, &Api::nodes, "", "the nodes of the cluster"},
};

void ApiHost::serve_module(std::size_t, const HttpCall&, HttpResponder responder) {
  responder.answer({.status = 404, .body = error_json(404, "no module serves it"), .headers = {}});
}

Api::Api(const Config& config, const std::string& node, ApiHost& host, Log& log)
    : node_(node), host_(host), log_(log),
      access_(config.access, [this](std::function<void()> work, std::function<void()> done) {
        host_.offload(std::move(work), std::move(done));
      }) {}

HttpServer::Settings Api::settings(const Config& config) {
  return {.max_body = config.api_body, .max_socket_waiting = config.api_outbox, .request = config.api_timeout};
}

void Api::serve(const HttpCall& call, HttpResponder responder) { route(call, responder, false); }
void Api::serve_directory(const HttpCall& call, HttpResponder responder) { route(call, responder, true); }

void Api::route(const HttpCall& call, const HttpResponder& responder, bool directory) {
  const auto is_there = [&](const Route& row) { return row.path == call.path && (!directory || row.directory); };
  for (const Route& row : kRoutes) {
    if (!is_there(row) || (row.method != call.method && !(row.method == "GET" && call.method == "HEAD"))) continue;
    const auto who = directory ? Access::Decision{} : admit(call, row.role, responder);
    // /version, too: a load balancer that asks for it takes the node out. Figures are served to the end.
    if (!who || (row.handle != &Api::metrics && stopping(responder))) return;
    return (this->*row.handle)(call, responder, row, *who);
  }
  std::vector<std::string_view> allowed;
  for (const Route& row : kRoutes) {
    if (!is_there(row)) continue;
    allowed.push_back(row.method);
    if (row.method == "GET") allowed.push_back("HEAD");
  }
  if (!allowed.empty()) return not_allowed(call, responder, allowed);
  if (!directory && route_to_module(call, responder)) return;
  answer(responder, 404, error_json(404, fmt::format("there is no {}", call.path)));
}

void Api::not_allowed(const HttpCall& call, const HttpResponder& responder, const std::vector<std::string_view>& allowed) {
  answer(responder, 405, error_json(405, fmt::format("{} is not served there", call.method)),
         fmt::format("Allow: {}\r\n", fmt::join(allowed, ", ")));
}

bool Api::route_to_module(const HttpCall& call, const HttpResponder& responder) {
  std::vector<std::string_view> allowed;
  const std::vector<ModuleRoute> rows = host_.module_routes();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const ModuleRoute& row = rows[i];
    if (row.path.ends_with('/') ? !call.path.starts_with(row.path) : call.path != row.path) continue;
    allowed.push_back(row.method);
    if (row.method == "GET") allowed.push_back("HEAD");
    if (row.method != call.method && !(row.method == "GET" && call.method == "HEAD")) continue;
    if ((!row.role || admit(call, *row.role, responder)) && !stopping(responder)) host_.serve_module(i, call, responder);
    return true;
  }
  if (!allowed.empty()) not_allowed(call, responder, allowed);
  return !allowed.empty();
}

void Api::answer_module(const HttpResponder& responder, std::string type, int status, std::string body,
                        std::string headers) {
  count(status);
  responder.answer({.status = status, .body = std::move(body), .type = type, .headers = std::move(headers)});
}

std::optional<Access::Decision> Api::admit(const HttpCall& call, Role role, const HttpResponder& responder) {
  auto decision = access_.check(call, role);
  if (!decision) {
    access_.wait(call, [this, kept = std::make_shared<KeptCall>(call), responder] { route(kept->view(), responder, false); });
    return std::nullopt;
  }
  if (decision->verdict == Access::Verdict::ok) return decision;
  refuse(call, responder, *decision);
  return std::nullopt;
}

void Api::refuse(const HttpCall& call, const HttpResponder& responder, const Access::Decision& decision) {
  const int status = decision.verdict == Access::Verdict::unknown     ? 401
                     : decision.verdict == Access::Verdict::forbidden ? 403
                                                                      : 429;
  log_.warn("API call refused", {{"peer", call.peer}, {"path", call.path}, {"status", status}, {"why", decision.why}});
  answer(responder, status, error_json(status, decision.why),
         status == 401   ? "WWW-Authenticate: Basic realm=\"dunlin\"\r\n"
         : status == 429 ? "Retry-After: 60\r\n"
                         : "");
}

bool Api::stopping(const HttpResponder& responder) {
  if (!host_.draining()) return false;
  answer(responder, 503, error_json(503, "the server is stopping"), "Retry-After: 5\r\n");
  return true;
}

void Api::count(int status) {
  const auto same = [&](const Answered& answered) { return answered.status == status; };
  const auto row = std::find_if(answered_.begin(), answered_.end(), same);
  if (row == answered_.end()) {
    answered_.push_back({status, 1});
  } else {
    ++row->count;
  }
}

std::string Api::refused(int status, std::string_view why) {
  count(status);
  return error_json(status == 400 ? static_cast<int>(ApiCode::bad_parameters) : status, why);
}

void Api::answer(const HttpResponder& responder, int status, std::string body, std::string headers) {
  count(status);
  responder.answer({.status = status, .body = std::move(body), .headers = std::move(headers)});
}

void Api::method(const HttpCall& call, const HttpResponder& responder, const Route& route, const Access::Decision&) {
  const auto body = json::parse(call.body);
  if (!body)
    return answer(responder, 400, error_json(static_cast<int>(ApiCode::bad_parameters), "the body is not JSON: " + body.error().why));
  find_method(route.call)->run(host_, *body, [this, responder](ApiReply reply) {
    answer(responder, reply.status, std::move(reply.members.insert(0, 1, '{').append(1, '}')));
  });
}

void Api::metrics(const HttpCall&, const HttpResponder& responder, const Route&, const Access::Decision&) {
  host_.collect([this, responder](std::vector<Sample> samples) {
    count(200);
    responder.answer({.status = 200, .body = metrics_text(samples), .type = kPrometheus, .headers = {}});
  });
}

void Api::version(const HttpCall&, const HttpResponder& responder, const Route&, const Access::Decision&) {
  answer(responder, 200, R"({"apis":["v1"],"name":"dunlin","version":")" DUNLIN_VERSION R"("})");
}

void Api::nodes(const HttpCall&, const HttpResponder& responder, const Route&, const Access::Decision&) {
  std::string list;
  const std::int64_t now = unix_ms();
  for (const NodeInfo& node : host_.nodes())
    list += fmt::format(
        R"({}{{"id":{},"name":{},"api_server":{},"version":{},"workers":{},"connections":{},"started_at":{},"uptime":{}}})",
        list.empty() ? "" : ",", json::quote(node.id), json::quote(node.name), json::quote(node.api_server),
        json::quote(node.version), node.workers, node.connections, node.started_at_ms / 1000,
        std::max<std::int64_t>(now - node.started_at_ms, 0) / 1000);
  answer(responder, 200, fmt::format(R"({{"nodes":[{}]}})", list));
}

void Api::websocket(const HttpCall& call, const HttpResponder& responder, const Route&, const Access::Decision& who) {
  const WebSocketOffer offer = websocket_offer(call);
  if (offer.status != 101)
    return answer(responder, offer.status, error_json(offer.status == 400 ? 101 : offer.status, offer.why),
                  offer.status == 426 ? "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" : "");
  const AccessUser* user = access_.find(who.user);
  count(101);
  responder.answer({.status = 101, .body = {},
                    .headers = fmt::format("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n",
                                           offer.accept),
                    .user = std::make_shared<SocketSession>(host_, sessions_, node_, who, user ? user->password : "")});
}

void Api::reconfigure(const Config& config) {
  access_.replace(config.access);
  for (SocketSession* session : sessions_.open) session->on_access_changed(access_);
}

void Api::collect(std::vector<Sample>& out) const {
  const auto counter = [&](const char* name, const char* help, std::uint64_t value) {
    out.push_back({.name = name, .help = help, .type = MetricType::counter, .labels = {},
                   .value = static_cast<double>(value), .buckets = {}});
  };
  for (const auto& [status, count] : answered_)
    out.push_back({.name = "dunlin_api_answers_total", .help = "Answers of the HTTP API, by status",
                   .type = MetricType::counter, .labels = {{"status", std::to_string(status)}},
                   .value = static_cast<double>(count), .buckets = {}});
  counter("dunlin_api_login_failures_total", "Wrong credentials at the API", access_.failures());
  counter("dunlin_api_socket_requests_total", "Requests over the WebSocket API", sessions_.requests);
  counter("dunlin_api_socket_refused_total", "Requests over the WebSocket API that were malformed or not allowed",
          sessions_.refused);
  counter("dunlin_queue_events_total", "Messages of topics sent to consumers", sessions_.events);
}

}  // namespace dunlin
