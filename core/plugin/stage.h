// SPDX-License-Identifier: Apache-2.0
// Stage: what all module instances of one worker share. Outlives the runtime in whatever was posted to the worker and
// has not run; `taker` is empty by then.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/base/crash.h"
#include "core/base/log.h"
#include "core/base/span_clock.h"
#include "core/plugin/answer.h"
#include "core/plugin/services.h"
#include "core/plugin/tickets.h"

namespace dunlin {

class HookScope;

// Where an answer that did not come during its hook goes. [worker]
class AnswerTaker {
 public:
  virtual void take(dunlin_ticket ticket, Answer answer) = 0;

 protected:
  ~AnswerTaker() = default;
};

struct Stage {
  Stage(Services& its_services, Log& its_log, unsigned its_worker, AnswerTaker& its_taker)
      : services(its_services), log(its_log), worker(its_worker), tickets(its_worker), taker(&its_taker) {}

  Services& services;  // [worker], but for post()
  Log& log;
  const unsigned worker;
  TicketTable tickets;
  std::atomic<std::uint64_t> late_answers{0};
  CrashNote* const crash = crash_note();  // of the worker's thread, which makes this
  SpanClock clock;               // [worker] of hooks' durations
  HookScope* running = nullptr;  // [worker] the innermost hook or callback that runs now
  AnswerTaker* taker;            // [worker] nullptr: the runtime is gone
};

}  // namespace dunlin
