// SPDX-License-Identifier: Apache-2.0
// What the host keeps for one module instance: its timers, requests, tasks and figures. Each is implemented beside the
// table of functions that serves it (host_timer.cpp and so on).
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/metrics.h"
#include "core/plugin/cache.h"
#include "core/plugin/services.h"
#include "dunlin/dunlin.h"

namespace dunlin {

class Instance;

// [worker] Ids are the instance's own: a module cannot stop another's timer.
class InstanceTimers {
 public:
  std::uint64_t start(Instance& instance, Millis after, Millis every, dunlin_timer_fn fn, void* user);
  bool stop(Services& services, std::uint64_t id);
  void stop_all(Services& services);

 private:
  void fired(Instance& instance, std::uint64_t id);
  struct Ticking {
    std::uint64_t service_id;
    dunlin_timer_fn fn;
    void* user;
    bool once;
    dunlin_ticket cause;  // of who started it
  };
  std::unordered_map<std::uint64_t, Ticking> running_;
  std::uint64_t next_ = 1;
};

// [worker]
class InstanceRequests {
 public:
  std::uint64_t start(Instance& instance, HttpRequest request, dunlin_http_fn fn, void* user);
  bool cancel(Services& services, std::uint64_t id);
  void cancel_all(Services& services);

 private:
  std::unordered_map<std::uint64_t, std::uint64_t> running_;  // ours to the service's
  std::uint64_t next_ = 1;
};

// Commands to Redis servers. [worker]
class InstanceCommands {
 public:
  dunlin_status start(Instance& instance, std::string_view server, std::vector<std::string> argv, Millis timeout,
                      dunlin_redis_fn fn, void* user, std::uint64_t& id);
  bool cancel(Services& services, std::uint64_t id);
  void cancel_all(Services& services);

 private:
  std::unordered_map<std::uint64_t, std::uint64_t> running_;  // ours to the service's
  std::uint64_t next_ = 1;
};

// What comes back to the worker from other threads. Every fn that was accepted is called before `destroy`.
class InstanceTasks {
 public:
  using Task = std::pair<dunlin_task_fn, void*>;

  dunlin_status post(Instance& instance, dunlin_task_fn fn, void* user);  // [any-thread]
  void offload(Instance& instance, dunlin_task_fn work, dunlin_task_fn then, void* user);  // [worker]

  // [worker] Accepts nothing more, runs what was accepted, and waits for what is on the pool.
  void finish(Instance& instance);
  bool busy() const { return !jobs_.empty(); }  // [worker] something is on the pool

 private:
  // One piece of work on the pool; the pool, the worker and the instance each hold it.
  struct Job {
    std::mutex mutex;
    std::condition_variable worked;
    bool has_worked = false;  // under mutex
    bool is_done = false;     // [worker]
    dunlin_task_fn done = nullptr;
    void* user = nullptr;
  };

  void run_posted(Instance& instance);
  void done(Instance& instance, const std::shared_ptr<Job>& job);

  std::mutex mutex_;
  std::vector<Task> posted_;  // under mutex_
  bool closed_ = false;       // under mutex_
  std::vector<std::shared_ptr<Job>> jobs_;  // [worker]
};

// What this instance waits for of the cache that it shares. [worker]
class InstanceCache {
 public:
  dunlin_status fetch(Instance& instance, std::string_view key, Millis timeout, dunlin_cache_fn fn, void* user,
                      std::uint64_t& flight);
  // Keeps a value that is lent, to the end of the turn.
  std::string_view keep(Instance& instance, SharedCache::Value value);
  void stop(Instance& instance);

 private:
  struct Waiting {
    dunlin_cache_fn fn;
    void* user;
    std::uint64_t timer;
  };
  void told(Instance& instance, std::uint64_t id, dunlin_status status, const SharedCache::Value& value);

  std::unordered_map<std::uint64_t, Waiting> waiting_;
  std::vector<SharedCache::Value> kept_;
  bool clearing_ = false;
  std::uint64_t next_ = 1;
};

// The module's own figures. [worker]
class InstanceMetrics {
 public:
  static constexpr std::size_t kMost = 256;
  using Labels = std::vector<std::pair<std::string, std::string>>;

  dunlin_status define(std::uint32_t kind, std::string name, std::string help, Labels labels, std::uint32_t& id);
  void add(std::uint32_t id, std::int64_t value);
  void set(std::uint32_t id, std::int64_t value);
  // Adds the counters of another to these.
  void add_counters(const InstanceMetrics& other);
  // Gauges say which worker they are of; counters add up over the workers.
  void collect(unsigned worker, std::vector<Sample>& out) const;

  struct Figure {
    std::uint32_t kind;
    std::string name, help;
    Labels labels;
    std::int64_t value = 0;
  };
  const std::vector<Figure>& figures() const { return figures_; }  // the id is the index, from 1
  std::uint64_t changes() const { return changes_; }               // grows whenever one of them may have changed

 private:
  Figure* find(std::uint32_t id);
  std::vector<Figure> figures_;
  std::uint64_t changes_ = 0;
};

}  // namespace dunlin
