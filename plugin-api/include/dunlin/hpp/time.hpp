// SPDX-License-Identifier: Apache-2.0
// Later, and elsewhere: timers, tasks for this worker, work for the pool. dunlin.timer/1, dunlin.task/1.
#pragma once

#include "dunlin/hpp/host.hpp"

namespace dunlin::plugin {

// Calls back later; destroying it stops it. Lives where it is: neither copied nor moved. [worker]
class Timer {
 public:
  // Throws StatusError. `every_ms` 0: once. `fire` may destroy the timer.
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

// Runs `work` on a thread of the pool, then `done` on this worker. `work` may call [any-thread] services only. [worker]
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

}  // namespace dunlin::plugin
