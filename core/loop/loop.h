// SPDX-License-Identifier: Apache-2.0
// Loop: one uv loop, owned by one thread, with two additions: work for later in this turn, and a hook at its end.
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace dunlin {

class Loop {
 public:
  using Task = std::function<void()>;

  Loop();
  ~Loop();  // REQUIRES: every handle that others put on it is closed
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  uv_loop_t* uv() { return &loop_; }
  static std::uint32_t uv_version() { return ::uv_version(); }

  // Runs until stop(), then until every handle has closed.
  void run();
  void stop();
  // One turn, without waiting for anything.
  void poll();

  // Calls `task` before this turn ends, after what is running now has returned: never from inside the caller. [worker]
  void defer(Task task);
  // Is there such work? While there is, the loop does not sleep.
  bool has_deferred() const { return !deferred_.empty(); }

  // Runs `work` on a pool thread, then `done` on this loop. [worker]
  void offload(Task work, Task done);

  // Called once a turn, after all input of the turn was handled and before the loop sleeps: where outboxes are flushed.
  void at_turn_end(Task hook) { turn_end_ = std::move(hook); }

 private:
  void end_turn();

  uv_loop_t loop_{};
  uv_check_t check_{};      // after the turn's I/O …
  uv_prepare_t prepare_{};  // … and before sleeping: timers of the turn have run by then
  uv_idle_t idle_{};        // active while deferred work waits, so that the loop does not sleep on it
  std::vector<Task> deferred_;
  Task turn_end_;
};

}  // namespace dunlin
