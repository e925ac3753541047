// SPDX-License-Identifier: Apache-2.0
#include "core/loop/loop.h"

#include <utility>

#include "core/base/check.h"

namespace dunlin {

Loop::Loop() {
  CHECK(uv_loop_init(&loop_) == 0);
  check_.data = prepare_.data = this;
  uv_check_init(&loop_, &check_);
  uv_prepare_init(&loop_, &prepare_);
  uv_idle_init(&loop_, &idle_);
  uv_check_start(&check_, [](uv_check_t* handle) { static_cast<Loop*>(handle->data)->end_turn(); });
  uv_prepare_start(&prepare_, [](uv_prepare_t* handle) { static_cast<Loop*>(handle->data)->end_turn(); });
  // They watch the loop; they do not keep it alive.
  uv_unref(reinterpret_cast<uv_handle_t*>(&check_));
  uv_unref(reinterpret_cast<uv_handle_t*>(&prepare_));
}

Loop::~Loop() {
  turn_end_ = nullptr;
  deferred_.clear();
  uv_close(reinterpret_cast<uv_handle_t*>(&check_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&prepare_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&idle_), nullptr);
  uv_run(&loop_, UV_RUN_DEFAULT);
  CHECK(uv_loop_close(&loop_) == 0);
}

void Loop::run() { uv_run(&loop_, UV_RUN_DEFAULT); }

void Loop::poll() { uv_run(&loop_, UV_RUN_NOWAIT); }

void Loop::stop() { uv_stop(&loop_); }

void Loop::defer(Task task) {
  if (deferred_.empty()) uv_idle_start(&idle_, [](uv_idle_t*) {});
  deferred_.push_back(std::move(task));
}

void Loop::offload(Task work, Task done) {
  struct Job {
    uv_work_t request{};
    Task work, done;
  };
  auto* job = new Job{.work = std::move(work), .done = std::move(done)};
  job->request.data = job;
  const int queued = uv_queue_work(
      &loop_, &job->request, [](uv_work_t* request) { static_cast<Job*>(request->data)->work(); },
      [](uv_work_t* request, int) {
        auto* finished = static_cast<Job*>(request->data);
        finished->done();
        delete finished;
      });
  CHECK(queued == 0);
}

void Loop::end_turn() {
  if (!deferred_.empty()) {
    // One batch a call: a task that defers again gets its turn next time, so that none can starve the sockets.
    std::vector<Task> batch = std::exchange(deferred_, {});
    for (Task& task : batch) task();
    if (deferred_.empty()) uv_idle_stop(&idle_);
  }
  if (turn_end_) turn_end_();
}

}  // namespace dunlin
