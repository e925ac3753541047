// SPDX-License-Identifier: Apache-2.0
// More of what the host offers: context, channels, Redis, the pool, gauges. Whatever throws in a callback is caught and
// logged. All [worker].
#pragma once

#include "dunlin/hpp/host.hpp"

namespace dunlin::plugin {

// Values kept with a connection, each as JSON text. The view lives until the hook returns; nothing: it is not set.
inline std::optional<std::string_view> context(const Host& host, Conn conn, std::string_view key) {
  dunlin_str out{};
  const dunlin_status status = host.need<dunlin_context>(DUNLIN_EXT_CONTEXT).get(host.raw(), conn.id(), str(key), &out);
  if (status != DUNLIN_OK) return std::nullopt;
  return view(out);
}
inline dunlin_status set_context(const Host& host, Conn conn, std::string_view key, std::string_view json) {
  return host.need<dunlin_context>(DUNLIN_EXT_CONTEXT).set(host.raw(), conn.id(), str(key), str(json));
}

// On an endpoint with guards: DUNLIN_E_DENIED; use dunlin.subscribe/1 there.
inline dunlin_status subscribe(const Host& host, Conn conn, std::string_view channel) {
  return host.need<dunlin_channel>(DUNLIN_EXT_CHANNEL).subscribe(host.raw(), conn.id(), str(channel));
}
inline dunlin_status unsubscribe(const Host& host, Conn conn, std::string_view channel) {
  return host.need<dunlin_channel>(DUNLIN_EXT_CHANNEL).unsubscribe(host.raw(), conn.id(), str(channel));
}
// Without the counts; who wants them calls dunlin.channel/1.
inline dunlin_status publish(const Host& host, std::string_view channel, std::string_view data, std::uint32_t kind = DUNLIN_TEXT) {
  return host.need<dunlin_channel>(DUNLIN_EXT_CHANNEL).publish(host.raw(), str(channel), kind, str(data), nullptr, nullptr);
}

// Runs `work` on a thread of the pool, then `done` on this worker. `work` may call [any-thread] services only.
inline dunlin_status offload(const Host& host, std::function<void()> work, std::function<void()> done) {
  struct Job {
    Host host;
    std::function<void()> work, done;
  };
  auto job = std::make_unique<Job>(Job{host, std::move(work), std::move(done)});
  const auto run = [](void* user) {
    auto& mine = *static_cast<Job*>(user);
    caught(mine.host, "an exception in work on the pool", mine.work);
  };
  const auto ran = [](void* user) {
    const std::unique_ptr<Job> mine(static_cast<Job*>(user));
    caught(mine->host, "an exception after work on the pool", mine->done);
  };
  const dunlin_status status = host.need<dunlin_task>(DUNLIN_EXT_TASK).offload(host.raw(), run, ran, job.get());
  if (status == DUNLIN_OK) job.release();  // `ran` always comes
  return status;
}

// One command; destroying it takes it back. Neither copied nor moved.
class RedisCall {
 public:
  using Done = std::function<void(dunlin_status, const dunlin_redis_value&)>;
  // `server` "": the one called default. Throws StatusError. `done` may destroy the call.
  RedisCall(const Host& host, std::string_view server, const std::vector<std::string>& arguments, Done done)
      : host_(host), redis_(host.need<dunlin_redis>(DUNLIN_EXT_REDIS)), done_(std::move(done)) {
    std::vector<dunlin_str> argv;
    for (const std::string& argument : arguments) argv.push_back(str(argument));
    const auto came = [](void* self, dunlin_status status, const dunlin_redis_value* value) {
      static_cast<RedisCall*>(self)->came(status, *value);
    };
    const dunlin_status status = redis_.command(host_.raw(), str(server), argv.data(), argv.size(), 0, came, this, &id_);
    if (status != DUNLIN_OK) throw StatusError("redis command", status);
  }
  ~RedisCall() {
    if (id_ != 0) redis_.cancel(host_.raw(), id_);
  }
  RedisCall(const RedisCall&) = delete;
  RedisCall& operator=(const RedisCall&) = delete;

 private:
  void came(dunlin_status status, const dunlin_redis_value& value) noexcept {
    id_ = 0;
    const Done done = std::move(done_);
    const Host host = host_;
    caught(host, "an exception in the answer of Redis", [&] { done(status, value); });
  }
  const Host host_;
  const dunlin_redis& redis_;
  Done done_;
  std::uint64_t id_ = 0;
};

// A gauge of the module's own on GET /metrics.
class Gauge {
 public:
  Gauge(const Host& host, std::string_view name, std::string_view help)
      : host_(host), metrics_(host.need<dunlin_metrics>(DUNLIN_EXT_METRICS)) {
    const dunlin_status status = metrics_.define(host_.raw(), DUNLIN_METRIC_GAUGE, str(name), str(help), nullptr, 0, &id_);
    if (status != DUNLIN_OK) throw StatusError("gauge", status);
  }
  void set(std::int64_t value) const { metrics_.set(host_.raw(), id_, value); }
  void add(std::int64_t by) const { metrics_.add(host_.raw(), id_, by); }

 private:
  Host host_;
  const dunlin_metrics& metrics_;
  std::uint32_t id_ = 0;
};

}  // namespace dunlin::plugin
