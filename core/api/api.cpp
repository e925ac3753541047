// SPDX-License-Identifier: Apache-2.0
#include "core/api/api.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/api/metrics_text.h"
#include "core/api/parameters.h"
#include "core/base/json.h"

namespace dunlin {
namespace {

std::string error_json(int code, std::string_view why) {
  return fmt::format(R"({{"E":{{"c":{},"m":{}}}}})", code, json::quote(why));
}

std::string error_json(ApiCode code, std::string_view why) { return error_json(static_cast<int>(code), why); }

const char* why_not_sent(SendStatus status) {
  return status == SendStatus::full      ? "the connection reads too slowly"
         : status == SendStatus::failed  ? "the endpoint's protocol could not encode it"
         : status == SendStatus::timeout ? "the connection's worker did not report in time"
                                         : "no such connection";
}

constexpr std::string_view kPrometheus = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace

constexpr Api::Route Api::kRoutes[] = {
    {"POST", "/v1/mesh/publish", Role::write, false, &Api::publish, "publish to a channel"},
    {"POST", "/v1/mesh/send", Role::write, false, &Api::send, "send to one connection"},
    {"GET", "/metrics", Role::read, false, &Api::metrics, "figures, as Prometheus text"},
    {"GET", "/version", Role::read, true, &Api::version, "which APIs are served"},
    {"GET", "/v1/nodes", Role::read, true, &Api::nodes, "the nodes of the cluster"},
};

void ApiHost::serve_module(std::size_t, const HttpCall&, HttpResponder responder) {
  responder.answer({.status = 404, .body = error_json(404, "no module serves it"), .headers = {}});
}

Api::Api(const Config& config, ApiHost& host, Log& log)
    : host_(host), log_(log), access_(config.access) {}

HttpServer::Settings Api::settings(const Config& config) {
  return {.max_body = config.api_body, .request = config.api_timeout};
}

void Api::serve(const HttpCall& call, HttpResponder responder) { route(call, responder, false); }
void Api::serve_directory(const HttpCall& call, HttpResponder responder) { route(call, responder, true); }

void Api::route(const HttpCall& call, const HttpResponder& responder, bool directory) {
  std::vector<std::string_view> allowed;
  for (const Route& row : kRoutes) {
    if (row.path != call.path || (directory && !row.directory)) continue;
    allowed.push_back(row.method);
    if (row.method == "GET") allowed.push_back("HEAD");
    if (row.method != call.method && !(row.method == "GET" && call.method == "HEAD")) continue;
    if (!directory && !admit(call, row.role, responder)) return;
    // /version, too: a load balancer that asks for it takes the node out. Figures are served to the end.
    if (host_.draining() && row.handle != &Api::metrics)
      return answer(responder, 503, error_json(503, "the server is stopping"), "Retry-After: 5\r\n");
    return (this->*row.handle)(call, responder);
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
    if (row.role && !admit(call, *row.role, responder)) return true;
    if (host_.draining()) {
      answer(responder, 503, error_json(503, "the server is stopping"), "Retry-After: 5\r\n");
    } else {
      host_.serve_module(i, call, responder);
    }
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

bool Api::admit(const HttpCall& call, Role role, const HttpResponder& responder) {
  std::string why;
  const Access::Verdict verdict = access_.check(call, role, why);
  if (verdict == Access::Verdict::ok) return true;
  const int status = verdict == Access::Verdict::unknown ? 401 : verdict == Access::Verdict::forbidden ? 403 : 429;
  log_.warn("API call refused", {{"peer", call.peer}, {"path", call.path}, {"status", status}, {"why", why}});
  answer(responder, status, error_json(status, why),
         status == 401   ? "WWW-Authenticate: Basic realm=\"dunlin\"\r\n"
         : status == 429 ? "Retry-After: 60\r\n"
                         : "");
  return false;
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

// The parameters of a call, read by `parameters`; nothing: the caller has been told what was wrong.
template <class Parameters>
std::optional<Parameters> Api::read(const HttpCall& call, const HttpResponder& responder,
                                    Result<Parameters> (*parameters)(const json::Value&)) {
  const auto body = json::parse(call.body);
  auto given = body ? parameters(*body) : fail(Errc::bad_input, "the body is not JSON: " + body.error().why);
  if (given) return std::move(*given);
  answer(responder, 400, error_json(ApiCode::bad_parameters, given.error().why));
  return std::nullopt;
}

void Api::publish(const HttpCall& call, const HttpResponder& responder) {
  const auto given = read(call, responder, &publish_parameters);
  if (!given) return;
  host_.mesh().publish(given->channel, given->message, [this, responder](Tally tally) {
    answer(responder, 200, fmt::format(R"({{"E":null,"r":{{"s":{},"f":{}}}}})", tally.success, tally.fail));
  });
}

void Api::send(const HttpCall& call, const HttpResponder& responder) {
  const auto given = read(call, responder, &send_parameters);
  if (!given) return;
  host_.mesh().send(given->client, given->message, [this, responder](SendStatus status) {
    answer(responder, 200, status == SendStatus::sent ? R"({"E":null,"r":{"s":true}})"
                                                      : error_json(ApiCode::send_failed, why_not_sent(status)));
  });
}

void Api::metrics(const HttpCall&, const HttpResponder& responder) {
  host_.collect([this, responder](std::vector<Sample> samples) {
    count(200);
    responder.answer({.status = 200, .body = metrics_text(samples), .type = kPrometheus, .headers = {}});
  });
}

void Api::version(const HttpCall&, const HttpResponder& responder) {
  answer(responder, 200, R"({"apis":["v1"],"name":"dunlin","version":")" DUNLIN_VERSION R"("})");
}

void Api::nodes(const HttpCall&, const HttpResponder& responder) {
  std::string list;
  for (const NodeInfo& node : host_.nodes())
    list += fmt::format(
        R"({}{{"id":{},"name":{},"api_server":{},"version":{},"workers":{},"connections":{},"started_at":{}}})",
        list.empty() ? "" : ",", json::quote(node.id), json::quote(node.name), json::quote(node.api_server),
        json::quote(node.version), node.workers, node.connections, node.started_at_ms / 1000);
  answer(responder, 200, fmt::format(R"({{"nodes":[{}]}})", list));
}

void Api::collect(std::vector<Sample>& out) const {
  for (const auto& [status, count] : answered_)
    out.push_back({.name = "dunlin_api_answers_total", .help = "Answers of the HTTP API, by status",
                   .type = MetricType::counter, .labels = {{"status", std::to_string(status)}},
                   .value = static_cast<double>(count), .buckets = {}});
  out.push_back({.name = "dunlin_api_login_failures_total", .help = "Wrong credentials at the API",
                 .type = MetricType::counter, .labels = {}, .value = static_cast<double>(access_.failures()),
                 .buckets = {}});
}

}  // namespace dunlin
