// SPDX-License-Identifier: Apache-2.0
// Asking HTTP servers: dunlin.http/1. [worker]
#pragma once

#include <optional>

#include "dunlin/hpp/host.hpp"

namespace dunlin::plugin {

struct HttpRequest {
  std::string method = "GET", url, body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::uint32_t timeout_ms = 0;       // 0: 10 s
  std::uint32_t flags = 0;            // DUNLIN_HTTP_NO_VERIFY …
  std::string ca_file = {};           // PEM of the accepted authorities; empty: the system's
  std::uint32_t max_body = 0;         // of the answer; 0: 1 MiB
  std::uint32_t max_connections = 0;  // to one host from this worker; 0: 16
};

// Views live until `done` returns.
struct HttpResponse {
  dunlin_status status;  // DUNLIN_OK: the server answered, with `code`
  int code;
  std::string_view body, error;
  std::string_view url = {};  // where it came from, after redirects
  const dunlin_pair* headers = nullptr;
  std::size_t header_count = 0;

  // The first of that name, in lower case.
  std::optional<std::string_view> header(std::string_view name) const {
    for (std::size_t i = 0; i < header_count; ++i)
      if (view(headers[i].name) == name) return view(headers[i].value);
    return std::nullopt;
  }
};

// One request; destroying it cancels it. Neither copied nor moved.
class HttpCall {
 public:
  using Done = std::function<void(const HttpResponse&)>;
  HttpCall() = default;  // none yet
  // Throws StatusError. `done` may destroy the call.
  HttpCall(const Host& host, const HttpRequest& request, Done done) {
    const dunlin_status status = start(host, request, std::move(done));
    if (status != DUNLIN_OK) throw StatusError("http request", status);
  }
  ~HttpCall() { cancel(); }
  HttpCall(const HttpCall&) = delete;
  HttpCall& operator=(const HttpCall&) = delete;

  // One that is under way is cancelled first. DUNLIN_E_INVALID: the request. DUNLIN_E_NOT_FOUND: this host has no client.
  dunlin_status start(const Host& host, const HttpRequest& request, Done done) {
    cancel();
    const auto* http = host.find<dunlin_http>();
    if (!http) return DUNLIN_E_NOT_FOUND;
    std::vector<dunlin_pair> headers;
    for (const auto& [name, value] : request.headers) headers.push_back({str(name), str(value)});
    dunlin_http_request raw{};
    raw.method = str(request.method);
    raw.url = str(request.url);
    raw.body = str(request.body);
    raw.headers = headers.data();
    raw.header_count = headers.size();
    raw.ca_file = str(request.ca_file);
    raw.timeout_ms = request.timeout_ms;
    raw.max_body = request.max_body;
    raw.flags = request.flags;
    raw.max_connections = request.max_connections;
    const auto came = [](void* self, const dunlin_http_response* response) {
      static_cast<HttpCall*>(self)->came(*response);
    };
    const dunlin_status status = http->request(host.raw(), &raw, came, this, &id_);
    if (status != DUNLIN_OK) return status;
    log_ = host.logger();
    http_ = http;
    done_ = std::move(done);
    return DUNLIN_OK;
  }
  void cancel() {
    if (const auto* http = std::exchange(http_, nullptr)) http->cancel(log_.self, id_);
  }
  bool running() const { return http_ != nullptr; }

 private:
  void came(const dunlin_http_response& raw) noexcept {
    http_ = nullptr;
    const Done done = std::move(done_);
    const detail::Logger log = log_;
    const HttpResponse response{raw.status, raw.code, view(raw.body), view(raw.error), view(raw.url), raw.headers, raw.header_count};
    caught(log, "an exception in the answer of an HTTP request", [&] { done(response); });
  }
  detail::Logger log_;
  const dunlin_http* http_ = nullptr;  // nullptr: none is under way
  Done done_;
  std::uint64_t id_ = 0;
};

}  // namespace dunlin::plugin
