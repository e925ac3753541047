// SPDX-License-Identifier: Apache-2.0
// dunlin.http/1
#include <algorithm>

#include "core/plugin/abi_text.h"
#include "core/plugin/host_call.h"

namespace dunlin {
namespace {

constexpr std::size_t kMaxHeaders = 256;
constexpr std::uint32_t kFlags = DUNLIN_HTTP_NO_VERIFY | DUNLIN_HTTP_FOLLOW | DUNLIN_HTTP_PUBLIC;

// A header that carried a line break would be two.
bool one_header_line(const dunlin_str& text) {
  if (!sound(text)) return false;
  const auto breaks = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
  return std::none_of(text.data, text.data + text.size, breaks);
}

bool valid_method(const dunlin_str& method) {
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-'; };
  return sound(method) && method.size > 0 && method.size <= 32 &&
         std::all_of(method.data, method.data + method.size, letter);
}

bool valid(const dunlin_http_request& request) {
  const std::string_view url = sound(request.url) ? view(request.url) : std::string_view{};
  if (!valid_method(request.method) || !one_header_line(request.url) || !sound(request.body)) return false;
  if (!url.starts_with("http://") && !url.starts_with("https://")) return false;
  if (!sound(request.ca_file) || (request.flags & ~kFlags) != 0) return false;
  if (request.header_count > kMaxHeaders || (request.header_count > 0 && !request.headers)) return false;
  return std::all_of(request.headers, request.headers + request.header_count, [](const dunlin_pair& header) {
    return one_header_line(header.name) && header.name.size > 0 && one_header_line(header.value);
  });
}

// REQUIRES: valid(given)
HttpRequest copy(const dunlin_http_request& given) {
  HttpRequest request;
  request.method = view(given.method);
  request.url = view(given.url);
  request.body = view(given.body);
  request.ca_file = view(given.ca_file);
  for (std::size_t i = 0; i < given.header_count; ++i)
    request.headers.emplace_back(view(given.headers[i].name), view(given.headers[i].value));
  if (given.timeout_ms) request.timeout = Millis{given.timeout_ms};
  if (given.max_body) request.max_body = given.max_body;
  if (given.max_connections) request.max_connections = given.max_connections;
  request.verify = (given.flags & DUNLIN_HTTP_NO_VERIFY) == 0;
  request.follow = (given.flags & DUNLIN_HTTP_FOLLOW) != 0;
  request.public_only = (given.flags & DUNLIN_HTTP_PUBLIC) != 0;
  return request;
}

void hand(const HttpResponse& response, dunlin_http_fn fn, void* user) {
  std::vector<dunlin_pair> headers;
  headers.reserve(response.headers.size());
  for (const auto& [name, value] : response.headers) headers.push_back({lend(name), lend(value)});
  const dunlin_http_response given{lend(response.error), lend(response.body), lend(response.url), headers.data(),
                                   headers.size(),       static_cast<dunlin_status>(response.outcome), response.code};
  fn(user, &given);
}

}  // namespace

std::uint64_t InstanceRequests::start(Instance& instance, HttpRequest request, dunlin_http_fn fn, void* user) {
  const std::uint64_t id = next_++;
  auto done = instance.guarded_patiently(Hook::http, [fn, user](const HttpResponse& response) { hand(response, fn, user); });
  const auto answered = [this, id, done](const HttpResponse& response) {
    if (running_.erase(id) > 0) done(response);  // cancelled before the instance goes, hence `this` is there
  };
  running_[id] = instance.services().http_request(std::move(request), answered);
  return id;
}

bool InstanceRequests::cancel(Services& services, std::uint64_t id) {
  const auto found = running_.find(id);
  if (found == running_.end()) return false;
  services.http_cancel(found->second);
  running_.erase(found);
  return true;
}

void InstanceRequests::cancel_all(Services& services) {
  for (const auto& [id, service_id] : running_) services.http_cancel(service_id);
  running_.clear();
}

namespace {

dunlin_status request(const dunlin_host* host, const dunlin_http_request* given, dunlin_http_fn fn, void* user,
                      std::uint64_t* id) noexcept {
  return on_worker(host, [&](Instance& instance) {
    if (!given || !fn || !id || !valid(*given)) return DUNLIN_E_INVALID;
    *id = instance.requests().start(instance, copy(*given), fn, user);
    return DUNLIN_OK;
  });
}

dunlin_status cancel(const dunlin_host* host, std::uint64_t id) noexcept {
  return on_worker(host, [&](Instance& instance) {
    return instance.requests().cancel(instance.services(), id) ? DUNLIN_OK : DUNLIN_E_GONE;
  });
}

}  // namespace

const dunlin_http kHttpTable = {request, cancel};

}  // namespace dunlin
