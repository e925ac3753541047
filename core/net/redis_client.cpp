// SPDX-License-Identifier: Apache-2.0
#include "core/net/redis_client.h"

#include <algorithm>
#include <cctype>
#include <random>
#include <utility>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/net/redis_pool.h"
#include "dunlin/base.h"

namespace dunlin {
namespace {

constexpr std::int64_t kFirstPause = 50, kLongestPause = 5000;  // ms

// What changes or needs the connection itself, which others share.
constexpr const char* kRefused[] = {"MULTI",      "EXEC",         "DISCARD",    "WATCH", "UNWATCH", "SUBSCRIBE", "UNSUBSCRIBE",
                                    "PSUBSCRIBE", "PUNSUBSCRIBE", "SSUBSCRIBE", "SUNSUBSCRIBE",     "MONITOR",   "SELECT",
                                    "AUTH",       "HELLO",        "RESET",      "QUIT",  "SYNC",    "PSYNC",     "CLIENT"};

bool refused(std::string command) {
  for (char& c : command) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return std::any_of(std::begin(kRefused), std::end(kRefused), [&](const char* one) { return command == one; });
}

// Doubled with each failure, and spread by half, so that many workers do not come back at once.
std::int64_t pause_after(unsigned failures) {
  const std::int64_t pause = std::min(kFirstPause << std::min(failures, 10u), kLongestPause);
  return pause / 2 + static_cast<std::int64_t>(std::random_device{}() % static_cast<unsigned>(pause));
}

RedisReply failed(int outcome, std::string why) {
  RedisReply reply;
  reply.outcome = outcome;
  reply.value.kind = RedisValue::Kind::error;
  reply.value.text = std::move(why);
  return reply;
}

}  // namespace

RedisClient::RedisClient(Loop& loop, TimerWheel& wheel, Log& log, const std::vector<RedisServer>& servers,
                         unsigned share)
    : loop_(loop), wheel_(wheel), log_(log), share_(share) {
  for (const RedisServer& server : servers)
    pools_.push_back(std::make_unique<Pool>(server, std::max<std::size_t>(server.pool / std::max(share_, 1u), 1)));
}

RedisClient::~RedisClient() { CHECK(pending_.empty()); }

RedisClient::Pool* RedisClient::find(std::string_view name) const {
  if (name.empty()) {
    Pool* by_default = find("default");
    return by_default || pools_.empty() ? by_default : pools_.front().get();
  }
  for (const auto& pool : pools_)
    if (pool->server.name == name) return pool.get();
  return nullptr;
}

bool RedisClient::knows(std::string_view name) const { return find(name) != nullptr; }

RedisClient::Submitted RedisClient::command(std::string_view name, const std::vector<std::string>& argv, Millis timeout,
                                            Done done, std::uint64_t& id) {
  Pool* pool = find(name);
  if (!pool) return Submitted::unknown_server;
  if (refused(argv.front())) return Submitted::refused;
  if (pool->pending >= kMostPending) {
    pool->count(Fate::full);
    return Submitted::full;
  }
  id = next_++;
  auto& pending = *(pending_[id] = std::make_unique<Pending>());
  pending.pool = pool;
  pending.done = std::move(done);
  ++pool->pending;
  const std::shared_ptr<RedisConnection> connection = choose(*pool);
  if (!connection) {
    fail_later(id, pool->trouble);
    return Submitted::yes;
  }
  pending.on = connection;
  pending.deadline.on_fire([this, id] { expired(id); });
  wheel_.start(pending.deadline, timeout.count() > 0 ? timeout : pool->server.timeout);
  connection->send(id, RedisConnection::format(argv));
  return Submitted::yes;
}

// An idle one; a new one, if there may be more; the least busy. None: a new one is not to be attempted yet.
std::shared_ptr<RedisConnection> RedisClient::choose(Pool& pool) {
  std::shared_ptr<RedisConnection> best;
  for (const auto& connection : pool.connections)
    if (connection->usable() && (!best || connection->load() < best->load())) best = connection;
  if (best && best->load() == 0) return best;
  const bool room = pool.connections.size() < pool.most && steady_ms() >= pool.retry_at_ms;
  if (!room) {
    if (!best && pool.connections.size() >= pool.most) pool.trouble = "the Redis server does not answer";
    return best;
  }
  // While the first attempt after a failure is under way nobody else makes another.
  if (best && pool.failures > 0) return best;
  auto made = std::make_shared<RedisConnection>(*this, pool);
  pool.connections.push_back(made);
  made->start();
  return made->usable() ? made : best;
}

void RedisClient::finish(std::uint64_t id, const RedisReply& reply) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;  // nobody waits any more
  const std::unique_ptr<Pending> finished = std::move(found->second);
  pending_.erase(found);
  --finished->pool->pending;
  finished->pool->count(reply.outcome == DUNLIN_E_TIMEOUT                     ? Fate::timeout
                        : reply.outcome != DUNLIN_OK                          ? Fate::unavailable
                        : reply.value.kind == RedisValue::Kind::error ? Fate::error
                                                                              : Fate::answered);
  finished->done(reply);
}

void RedisClient::fail_later(std::uint64_t id, std::string why) {
  loop_.defer([this, alive = std::weak_ptr<int>(alive_), id, why = std::move(why)] {
    if (alive.lock()) finish(id, failed(DUNLIN_E_UNAVAILABLE, why));
  });
}

void RedisClient::expired(std::uint64_t id) {
  const std::shared_ptr<RedisConnection> connection = pending_.at(id)->on.lock();
  finish(id, failed(DUNLIN_E_TIMEOUT, "the Redis server did not answer in time"));
  if (connection) connection->give_up(id, true);
}

bool RedisClient::cancel(std::uint64_t id) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return false;
  --found->second->pool->pending;
  const std::shared_ptr<RedisConnection> connection = found->second->on.lock();
  pending_.erase(found);
  if (connection) connection->give_up(id, false);
  return true;
}

void RedisClient::connected(Pool& pool) {
  if (std::exchange(pool.failures, 0) > 0) log_.info("Redis is back", {{"name", pool.server.name}});
  pool.retry_at_ms = 0;
}

void RedisClient::ended(RedisConnection& connection, Pool& pool, bool was_ready, const std::string& why,
                        const std::vector<std::uint64_t>& orphans) {
  std::erase_if(pool.connections, [&](const auto& one) { return one.get() == &connection; });
  if (!was_ready) {
    if (pool.failures == 0) log_.warn("Redis cannot be reached", {{"name", pool.server.name}, {"why", why}});
    pool.retry_at_ms = steady_ms() + pause_after(pool.failures);
    ++pool.failures;
    pool.trouble = why;
  }
  // Never from inside the call that submitted one of them.
  for (const std::uint64_t id : orphans) fail_later(id, why);
}

void RedisClient::close() {
  alive_.reset();
  for (const auto& pool : pools_) {
    for (const auto& connection : pool->connections) connection->close();
    pool->connections.clear();
    pool->pending = 0;
  }
  pending_.clear();
}

void RedisClient::collect(std::vector<Sample>& out) const {
  constexpr const char* kFates[] = {"answered", "error", "timeout", "unavailable", "full"};
  for (const auto& pool : pools_) {
    for (std::size_t i = 0; i < pool->fates.size(); ++i)
      out.push_back({.name = "dunlin_redis_commands_total", .help = "Commands to Redis servers, by outcome",
                     .labels = {{"server", pool->server.name}, {"outcome", kFates[i]}},
                     .value = static_cast<double>(pool->fates[i]), .buckets = {}});
    out.push_back({.name = "dunlin_redis_connections", .help = "Connections to Redis servers",
                   .type = MetricType::gauge, .labels = {{"server", pool->server.name}},
                   .value = static_cast<double>(pool->connections.size()), .buckets = {}});
  }
}

}  // namespace dunlin
