// SPDX-License-Identifier: Apache-2.0
// Commands to the Redis servers that the configuration names: dunlin.redis/1. [worker]
#pragma once

#include "dunlin/hpp/host.hpp"

namespace dunlin::plugin {

// Does the configuration name such a server? "": any.
inline bool has_redis(const Host& host, std::string_view server = {}) {
  return host.need<dunlin_redis>(DUNLIN_EXT_REDIS).find(host.raw(), str(server)) == DUNLIN_OK;
}

// One command; destroying it takes it back. Neither copied nor moved.
class RedisCall {
 public:
  using Done = std::function<void(dunlin_status, const dunlin_redis_value&)>;
  // `server` "": the one called default. `timeout_ms` 0: as configured. Throws StatusError. `done` may destroy the call.
  RedisCall(const Host& host, std::string_view server, const std::vector<std::string>& arguments, Done done,
            std::uint64_t timeout_ms = 0)
      : host_(host), redis_(host.need<dunlin_redis>(DUNLIN_EXT_REDIS)), done_(std::move(done)) {
    std::vector<dunlin_str> argv;
    for (const std::string& argument : arguments) argv.push_back(str(argument));
    const auto came = [](void* self, dunlin_status status, const dunlin_redis_value* value) {
      static_cast<RedisCall*>(self)->came(status, *value);
    };
    const dunlin_status status =
        redis_.command(host_.raw(), str(server), argv.data(), argv.size(), timeout_ms, came, this, &id_);
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

}  // namespace dunlin::plugin
