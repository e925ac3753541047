// SPDX-License-Identifier: Apache-2.0
// One server's connections of a RedisClient, and when the next may be attempted. [worker]
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "core/net/redis_client.h"
#include "core/net/redis_connection.h"

namespace dunlin {

struct RedisClient::Pool {
  Pool(const RedisServer& its_server, std::size_t its_most) : server(its_server), most(its_most), tls(nullptr, nullptr) {}

  const RedisServer& server;
  const std::size_t most;  // connections
  TlsContext tls;
  std::vector<std::shared_ptr<RedisConnection>> connections;
  std::size_t pending = 0;
  unsigned failures = 0;          // attempts in a row that came to nothing
  std::int64_t retry_at_ms = 0;   // no attempt before
  std::string trouble;            // why the last one failed
  std::array<std::uint64_t, static_cast<std::size_t>(Fate::count_)> fates{};

  void count(Fate fate) { ++fates[static_cast<std::size_t>(fate)]; }
};

}  // namespace dunlin
