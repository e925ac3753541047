// SPDX-License-Identifier: Apache-2.0
// The host with what it offers: log, timers, HTTP, metrics, tasks, and a connection's getters. What has a life (a timer, a
// request) is an object: destroying it ends it.
#pragma once

#include <optional>

#include "dunlin/hpp/base.hpp"

namespace dunlin::plugin {

// Pointers to the tables, looked up once; nullptr where this host has none. Copy freely.
class Host {
 public:
  explicit Host(const dunlin_host* self)
      : self_(self), tickets_(find<dunlin_ticket_api>(DUNLIN_EXT_TICKET)), log_(find<dunlin_log>(DUNLIN_EXT_LOG)),
        conns_(find<dunlin_conn_api>(DUNLIN_EXT_CONN)) {}

  const dunlin_host* raw() const { return self_; }
  const dunlin_ticket_api* tickets() const { return tickets_; }
  const dunlin_conn_api* conns() const { return conns_; }
  template <class Table>
  const Table* find(const char* id) const {
    return static_cast<const Table*>(self_->get_extension(self_, id));
  }
  // Throws StatusError where this host has none: name it in Info::required to be told at load.
  template <class Table>
  const Table& need(const char* id) const {
    const auto* table = find<Table>(id);
    if (!table) throw StatusError(id, DUNLIN_E_NOT_FOUND);
    return *table;
  }
  void log(std::uint32_t level, std::string_view text, dunlin_conn about = 0) const {
    if (log_) log_->write(self_, level, about, str(text));
  }

 private:
  const dunlin_host* self_;
  const dunlin_ticket_api* tickets_;
  const dunlin_log* log_;
  const dunlin_conn_api* conns_;
};

// A connection: an id, and what can be asked about it during a hook. Views live until the hook returns.
class Conn {
 public:
  Conn(const Host& host, dunlin_conn id) : host_(&host), id_(id) {}
  dunlin_conn id() const { return id_; }
  std::optional<std::string_view> header(std::string_view name) const { return get(&dunlin_conn_api::header, name); }
  std::optional<std::string_view> query(std::string_view name) const { return get(&dunlin_conn_api::query, name); }
  std::optional<std::string_view> cookie(std::string_view name) const { return get(&dunlin_conn_api::cookie, name); }
  std::optional<std::string_view> option(std::string_view name) const { return get(&dunlin_conn_api::option, name); }
  std::optional<std::string_view> info(std::uint32_t what) const {
    dunlin_str out{};
    if (!host_->conns() || host_->conns()->info(host_->raw(), id_, what, &out) != DUNLIN_OK) return std::nullopt;
    return view(out);
  }
  std::optional<std::string_view> uid() const {
    dunlin_uid out{};
    if (!host_->conns() || host_->conns()->uid(host_->raw(), id_, &out) != DUNLIN_OK) return std::nullopt;
    return view(out.text);
  }
  dunlin_status send(std::string_view data, std::uint32_t kind = DUNLIN_TEXT) const {
    return host_->conns() ? host_->conns()->send(host_->raw(), id_, kind, str(data)) : DUNLIN_E_NOT_FOUND;
  }
  dunlin_status close(std::int32_t code, std::string_view reason = {}) const {
    return host_->conns() ? host_->conns()->close(host_->raw(), id_, code, str(reason)) : DUNLIN_E_NOT_FOUND;
  }

 private:
  using Getter = dunlin_status (*dunlin_conn_api::*)(const dunlin_host*, dunlin_conn, dunlin_str, dunlin_str*) DUNLIN_NOTHROW;
  std::optional<std::string_view> get(Getter getter, std::string_view name) const {
    dunlin_str out{};
    if (!host_->conns() || (host_->conns()->*getter)(host_->raw(), id_, str(name), &out) != DUNLIN_OK) return std::nullopt;
    return view(out);
  }
  const Host* host_;
  dunlin_conn id_;
};

struct Credentials {
  std::string_view token;
  std::uint32_t source;  // DUNLIN_LOGIN_MESSAGE or _HANDSHAKE
};

struct Message {
  std::string_view data;
  std::uint32_t kind;  // DUNLIN_TEXT or _BINARY
};

// Runs what may throw and says in the log that it did; false: it threw.
template <class Call>
bool caught(const Host& host, const char* what, Call call) noexcept {
  try {
    call();
    return true;
  } catch (const std::exception& error) {
    host.log(DUNLIN_LOG_ERROR, what);
    host.log(DUNLIN_LOG_ERROR, error.what());
  } catch (...) {
    host.log(DUNLIN_LOG_ERROR, what);
  }
  return false;
}

// Calls back later; destroying it stops it. Lives where it is: neither copied nor moved.
class Timer {
 public:
  // Throws StatusError.
  Timer(const Host& host, std::uint64_t after_ms, std::uint64_t every_ms, std::function<void()> fire)
      : host_(host), timers_(host.need<dunlin_timer>(DUNLIN_EXT_TIMER)), fire_(std::move(fire)) {
    const auto fired = [](void* self) { static_cast<Timer*>(self)->run(); };
    const dunlin_status status = timers_.start(host_.raw(), after_ms, every_ms, fired, this, &id_);
    if (status != DUNLIN_OK) throw StatusError("timer", status);
  }
  ~Timer() { timers_.stop(host_.raw(), id_); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

 private:
  void run() noexcept {
    const auto fire = fire_;  // it may destroy this timer
    const Host host = host_;
    caught(host, "an exception in a timer", fire);
  }
  const Host host_;
  const dunlin_timer& timers_;
  std::function<void()> fire_;
  std::uint64_t id_ = 0;
};

struct HttpRequest {
  std::string method = "GET", url, body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::uint32_t timeout_ms = 0;  // 0: 10 s
  std::uint32_t flags = 0;
};

struct HttpResponse {
  dunlin_status status;  // DUNLIN_OK: the server answered, with `code`
  int code;
  std::string_view body, error;
};

// One request; destroying it cancels it. Neither copied nor moved.
class HttpCall {
 public:
  using Done = std::function<void(const HttpResponse&)>;
  // Throws StatusError. `done` may destroy the call.
  HttpCall(const Host& host, const HttpRequest& request, Done done)
      : host_(host), http_(host.need<dunlin_http>(DUNLIN_EXT_HTTP)), done_(std::move(done)) {
    std::vector<dunlin_pair> headers;
    for (const auto& [name, value] : request.headers) headers.push_back({str(name), str(value)});
    dunlin_http_request raw{};
    raw.method = str(request.method);
    raw.url = str(request.url);
    raw.body = str(request.body);
    raw.headers = headers.data();
    raw.header_count = headers.size();
    raw.timeout_ms = request.timeout_ms;
    raw.flags = request.flags;
    const auto came = [](void* self, const dunlin_http_response* response) {
      static_cast<HttpCall*>(self)->came(*response);
    };
    const dunlin_status status = http_.request(host_.raw(), &raw, came, this, &id_);
    if (status != DUNLIN_OK) throw StatusError("http request", status);
  }
  ~HttpCall() {
    if (id_ != 0) http_.cancel(host_.raw(), id_);
  }
  HttpCall(const HttpCall&) = delete;
  HttpCall& operator=(const HttpCall&) = delete;

 private:
  void came(const dunlin_http_response& raw) noexcept {
    id_ = 0;
    const Done done = std::move(done_);
    const Host host = host_;
    const HttpResponse response{raw.status, raw.code, view(raw.body), view(raw.error)};
    caught(host, "an exception in the answer of an HTTP request", [&] { done(response); });
  }
  const Host host_;
  const dunlin_http& http_;
  Done done_;
  std::uint64_t id_ = 0;
};

// A counter of the module's own on GET /metrics; its name ends in "_total".
class Counter {
 public:
  Counter(const Host& host, std::string_view name, std::string_view help)
      : host_(host), metrics_(host.need<dunlin_metrics>(DUNLIN_EXT_METRICS)) {
    const dunlin_status status =
        metrics_.define(host_.raw(), DUNLIN_METRIC_COUNTER, str(name), str(help), nullptr, 0, &id_);
    if (status != DUNLIN_OK) throw StatusError("counter", status);
  }
  void add(std::int64_t by = 1) const { metrics_.add(host_.raw(), id_, by); }

 private:
  Host host_;
  const dunlin_metrics& metrics_;
  std::uint32_t id_ = 0;
};

// Runs `task` on this worker; from any thread. What it captures must be safe to destroy there.
inline dunlin_status post(const Host& host, std::function<void()> task) {
  struct Job {
    Host host;
    std::function<void()> task;
  };
  auto job = std::make_unique<Job>(Job{host, std::move(task)});
  const auto run = [](void* user) {
    const std::unique_ptr<Job> mine(static_cast<Job*>(user));
    caught(mine->host, "an exception in a posted task", mine->task);
  };
  const dunlin_status status = host.need<dunlin_task>(DUNLIN_EXT_TASK).post(host.raw(), run, job.get());
  if (status == DUNLIN_OK) job.release();  // it always runs
  return status;
}

}  // namespace dunlin::plugin
