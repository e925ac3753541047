// SPDX-License-Identifier: Apache-2.0
// Later, and elsewhere: timers, tasks for this worker, work for the pool. dunlin.timer/1, dunlin.task/1.
#pragma once

#include "dunlin/hpp/host.hpp"

namespace dunlin::plugin {

// Calls back later; destroying it stops it. Lives where it is: neither copied nor moved. [worker]
class Timer {
 public:
  Timer() = default;  // not started
  // Throws StatusError. `every_ms` 0: once. `fire` may destroy the timer.
  Timer(const Host& host, std::uint64_t after_ms, std::uint64_t every_ms, std::function<void()> fire) {
    const dunlin_status status = start(host, after_ms, every_ms, std::move(fire));
    if (status != DUNLIN_OK) throw StatusError("timer", status);
  }
  ~Timer() { stop(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Anew, if it runs. DUNLIN_E_NOT_FOUND: this host has no timers.
  dunlin_status start(const Host& host, std::uint64_t after_ms, std::uint64_t every_ms, std::function<void()> fire) {
    stop();
    const auto* timers = host.find<dunlin_timer>();
    if (!timers) return DUNLIN_E_NOT_FOUND;
    const auto fired = [](void* self) { static_cast<Timer*>(self)->run(); };
    const dunlin_status status = timers->start(host.raw(), after_ms, every_ms, fired, this, &id_);
    if (status != DUNLIN_OK) return status;
    log_ = host.logger();
    timers_ = timers;
    fire_ = std::move(fire);
    once_ = every_ms == 0;
    return DUNLIN_OK;
  }
  void stop() {
    if (const auto* timers = std::exchange(timers_, nullptr)) timers->stop(log_.self, id_);
  }
  bool running() const { return timers_ != nullptr; }

 private:
  void run() noexcept {
    if (once_) timers_ = nullptr;
    const auto fire = fire_;  // it may destroy this timer
    const detail::Logger log = log_;
    caught(log, "an exception in a timer", fire);
  }
  detail::Logger log_;
  const dunlin_timer* timers_ = nullptr;  // nullptr: it does not run
  std::function<void()> fire_;
  std::uint64_t id_ = 0;
  bool once_ = false;
};

// Runs `task` on this worker; from any thread. What it captures must be safe to destroy there.
inline dunlin_status post(const Host& host, std::function<void()> task) {
  struct Job {
    detail::Logger log;
    std::function<void()> task;
  };
  auto job = std::make_unique<Job>(Job{host.logger(), std::move(task)});
  const auto run = [](void* user) {
    const std::unique_ptr<Job> mine(static_cast<Job*>(user));
    caught(mine->log, "an exception in a posted task", mine->task);
  };
  const dunlin_status status = host.need<dunlin_task>().post(host.raw(), run, job.get());
  if (status == DUNLIN_OK) job.release();  // it always runs
  return status;
}

// Runs `work` on a thread of the pool, then `done` on this worker. `work` may call [any-thread] services only. [worker]
inline dunlin_status offload(const Host& host, std::function<void()> work, std::function<void()> done) {
  struct Job {
    detail::Logger log;
    std::function<void()> work, done;
  };
  auto job = std::make_unique<Job>(Job{host.logger(), std::move(work), std::move(done)});
  const auto run = [](void* user) {
    auto& mine = *static_cast<Job*>(user);
    caught(mine.log, "an exception in work on the pool", mine.work);
  };
  const auto ran = [](void* user) {
    const std::unique_ptr<Job> mine(static_cast<Job*>(user));
    caught(mine->log, "an exception after work on the pool", mine->done);
  };
  const dunlin_status status = host.need<dunlin_task>().offload(host.raw(), run, ran, job.get());
  if (status == DUNLIN_OK) job.release();  // `ran` always comes
  return status;
}

}  // namespace dunlin::plugin
