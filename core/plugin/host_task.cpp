// SPDX-License-Identifier: Apache-2.0
// dunlin.task/1
#include <algorithm>

#include "core/plugin/host_call.h"

namespace dunlin {

dunlin_status InstanceTasks::post(Instance& instance, dunlin_task_fn fn, void* user) {
  // Under the lock, so that finish() either sees the task or has closed the door before it came.
  const std::lock_guard lock(mutex_);
  if (closed_) return DUNLIN_E_UNAVAILABLE;
  if (posted_.empty()) {  // one wake-up for many
    const bool woken = instance.services().post([self = instance.weak_from_this()] {
      if (const auto alive = self.lock()) alive->tasks().run_posted(*alive);
    });
    if (!woken) return DUNLIN_E_UNAVAILABLE;
  }
  posted_.emplace_back(fn, user);
  return DUNLIN_OK;
}

void InstanceTasks::run_posted(Instance& instance) {
  std::vector<Task> batch;
  {
    const std::lock_guard lock(mutex_);
    batch.swap(posted_);
  }
  for (const auto& [fn, user] : batch) {
    HookScope scope(instance, Hook::task);
    fn(user);
  }
}

void InstanceTasks::offload(Instance& instance, dunlin_task_fn work, dunlin_task_fn then, void* user) {
  auto job = std::make_shared<Job>();
  job->done = then;
  job->user = user;
  jobs_.push_back(job);
  instance.services().offload(
      [job, work, user, module = instance.module()] {
        {
          const CrashStack stack;
          const CrashScope scope(crash_note(), module.c_str(), hook_name(Hook::offload));
          work(user);
        }
        const std::lock_guard lock(job->mutex);
        job->has_worked = true;
        job->worked.notify_all();
      },
      [job, self = instance.weak_from_this()] {
        if (const auto alive = self.lock()) alive->tasks().done(*alive, job);
      });
}

void InstanceTasks::done(Instance& instance, const std::shared_ptr<Job>& job) {
  if (std::exchange(job->is_done, true)) return;  // finish() was faster
  std::erase(jobs_, job);
  HookScope scope(instance, Hook::offload);
  job->done(job->user);
}

void InstanceTasks::finish(Instance& instance) {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  run_posted(instance);
  while (!jobs_.empty()) {
    const std::shared_ptr<Job> job = jobs_.front();
    {
      std::unique_lock lock(job->mutex);
      job->worked.wait(lock, [&] { return job->has_worked; });
    }
    done(instance, job);  // which may offload again
  }
}

namespace {

dunlin_status post(const dunlin_host* host, dunlin_task_fn fn, void* user) noexcept {
  return on_any_thread(host, [&](Instance& instance) {
    return fn ? instance.tasks().post(instance, fn, user) : DUNLIN_E_INVALID;
  });
}

dunlin_status offload(const dunlin_host* host, dunlin_task_fn work, dunlin_task_fn done, void* user) noexcept {
  return on_worker(host, [&](Instance& instance) {
    if (!work || !done) return DUNLIN_E_INVALID;
    if (!instance.alive()) return DUNLIN_E_UNAVAILABLE;
    instance.tasks().offload(instance, work, done, user);
    return DUNLIN_OK;
  });
}

}  // namespace

const dunlin_task kTaskTable = {post, offload};

}  // namespace dunlin
