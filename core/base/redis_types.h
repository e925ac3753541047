// SPDX-License-Identifier: Apache-2.0
// What goes to and comes from a Redis server.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/clock.h"

namespace dunlin {

// The server as the configuration names it.
struct RedisServer {
  std::string name;
  std::string host = "127.0.0.1";
  std::uint16_t port = 6379;
  std::string user, password;  // empty: not asked for
  std::uint32_t database = 0;
  bool tls = false;
  std::string ca;            // PEM of the accepted authorities, absolute; empty: the system's
  std::uint32_t pool = 20;   // connections of the node, shared out among its workers
  Millis timeout{5000};      // for a command's reply, and for a connection to be made
};

struct RedisValue {
  enum class Kind : std::uint8_t { nil, string, integer, status, error, list };  // as in dunlin/ext/redis.h
  Kind kind = Kind::nil;
  std::int64_t integer = 0;
  std::string text;
  std::vector<RedisValue> items;
};

struct RedisReply {
  int outcome = 0;  // a dunlin_status: OK, or why there is no answer, which `value` says as an error
  RedisValue value;
};

}  // namespace dunlin
