// SPDX-License-Identifier: Apache-2.0
// Commands to the Redis servers that the configuration names: dunlin.redis/1. [worker]
#pragma once

#include "dunlin/hpp/host.hpp"

namespace dunlin::plugin {

// Does the configuration name such a server? "": any.
inline bool has_redis(const Host& host, std::string_view server = {}) {
  return host.need<dunlin_redis>().find(host.raw(), str(server)) == DUNLIN_OK;
}

namespace detail {

inline dunlin_status command(const dunlin_redis& redis, const Host& host, std::string_view server,
                             const std::vector<std::string>& arguments, std::uint64_t timeout_ms, dunlin_redis_fn fn, void* user,
                             std::uint64_t& id) {
  std::vector<dunlin_str> argv;
  argv.reserve(arguments.size());
  for (const std::string& argument : arguments) argv.push_back(str(argument));
  return redis.command(host.raw(), str(server), argv.data(), argv.size(), timeout_ms, fn, user, &id);
}

}  // namespace detail

// One command of whose answer nobody is told.
inline dunlin_status tell_redis(const Host& host, std::string_view server, const std::vector<std::string>& arguments,
                                std::uint64_t timeout_ms = 0) {
  std::uint64_t id = 0;
  const auto forget = [](void*, dunlin_status, const dunlin_redis_value*) {};
  return detail::command(host.need<dunlin_redis>(), host, server, arguments, timeout_ms, forget, nullptr, id);
}

// One command; destroying it takes it back: nobody is told of the answer then. Neither copied nor moved.
class RedisCall {
 public:
  using Done = std::function<void(dunlin_status, const dunlin_redis_value&)>;
  RedisCall() = default;  // none yet
  // `server` "": the one called default. `timeout_ms` 0: as configured. Throws StatusError. `done` may destroy the call.
  RedisCall(const Host& host, std::string_view server, const std::vector<std::string>& arguments, Done done,
            std::uint64_t timeout_ms = 0) {
    const dunlin_status status = start(host, server, arguments, std::move(done), timeout_ms);
    if (status != DUNLIN_OK) throw StatusError("redis command", status);
  }
  ~RedisCall() { cancel(); }
  RedisCall(const RedisCall&) = delete;
  RedisCall& operator=(const RedisCall&) = delete;

  // One that is under way is taken back first. What it returns: dunlin/ext/redis.h; DUNLIN_E_NOT_FOUND also without dunlin.redis/1.
  dunlin_status start(const Host& host, std::string_view server, const std::vector<std::string>& arguments, Done done,
                      std::uint64_t timeout_ms = 0) {
    cancel();
    const auto* redis = host.find<dunlin_redis>();
    if (!redis) return DUNLIN_E_NOT_FOUND;
    const auto came = [](void* self, dunlin_status status, const dunlin_redis_value* value) {
      static_cast<RedisCall*>(self)->came(status, *value);
    };
    const dunlin_status status = detail::command(*redis, host, server, arguments, timeout_ms, came, this, id_);
    if (status != DUNLIN_OK) return status;
    log_ = host.logger();
    redis_ = redis;
    done_ = std::move(done);
    return DUNLIN_OK;
  }
  void cancel() {
    if (const auto* redis = std::exchange(redis_, nullptr)) redis->cancel(log_.self, id_);
  }
  bool running() const { return redis_ != nullptr; }

 private:
  void came(dunlin_status status, const dunlin_redis_value& value) noexcept {
    redis_ = nullptr;
    const Done done = std::move(done_);
    const detail::Logger log = log_;
    caught(log, "an exception in the answer of Redis", [&] { done(status, value); });
  }
  detail::Logger log_;
  const dunlin_redis* redis_ = nullptr;  // nullptr: none is under way
  Done done_;
  std::uint64_t id_ = 0;
};

}  // namespace dunlin::plugin
