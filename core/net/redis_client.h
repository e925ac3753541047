// SPDX-License-Identifier: Apache-2.0
// RedisClient: commands of one worker to the Redis servers of the configuration. A server's connections are pooled and made
// when they are needed; commands are pipelined on the least busy. Where a connection cannot be made, commands fail at once
// until the next attempt is due (with growing, jittered pauses). hiredis reads the replies; the sockets, TLS and all
// waiting are ours (docs/decisions/0007 says why). [worker]
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/log.h"
#include "core/base/metrics.h"
#include "core/base/redis_types.h"
#include "core/loop/loop.h"
#include "core/loop/timer_wheel.h"
#include "core/net/tls.h"

namespace dunlin {

class RedisConnection;

class RedisClient {
 public:
  using Done = std::function<void(const RedisReply&)>;
  static constexpr std::size_t kMostPending = 10'000;  // commands of one server
  enum class Submitted { yes, unknown_server, refused, full };

  // `share`: of how many workers' pools this is one.
  RedisClient(Loop& loop, TimerWheel& wheel, Log& log, const std::vector<RedisServer>& servers, unsigned share);
  ~RedisClient();  // REQUIRES: close() has been called
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;

  // The name "" is the server called default, or else the first.
  bool knows(std::string_view name) const;
  // `done` is called once, later, unless the command is cancelled. No timeout: the server's. REQUIRES: !argv.empty()
  Submitted command(std::string_view name, const std::vector<std::string>& argv, Millis timeout, Done done,
                    std::uint64_t& id);
  bool cancel(std::uint64_t id);

  // Forgets every command and closes every connection.
  void close();

  void collect(std::vector<Sample>& out) const;

 private:
  friend class RedisConnection;
  enum class Fate : std::uint8_t { answered, error, timeout, unavailable, full, count_ };
  struct Pool;
  struct Pending {
    Pool* pool;
    std::weak_ptr<RedisConnection> on;
    Done done;
    Timer deadline;
  };

  Pool* find(std::string_view name) const;
  std::shared_ptr<RedisConnection> choose(Pool& pool);
  void finish(std::uint64_t id, const RedisReply& reply);
  void fail_later(std::uint64_t id, std::string why);
  void expired(std::uint64_t id);

  // From connections.
  void replied(std::uint64_t id, RedisReply reply) { finish(id, reply); }
  void connected(Pool& pool);
  void ended(RedisConnection& connection, Pool& pool, bool was_ready, const std::string& why,
             const std::vector<std::uint64_t>& orphans);

  Loop& loop_;
  TimerWheel& wheel_;
  Log& log_;
  const unsigned share_;
  std::vector<std::unique_ptr<Pool>> pools_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Pending>> pending_;
  std::uint64_t next_ = 1;
  std::shared_ptr<int> alive_ = std::make_shared<int>();  // what is deferred asks whether we are there
};

}  // namespace dunlin
