// SPDX-License-Identifier: Apache-2.0
// SpanClock: nanoseconds for durations that are only figures. It reads the processor's counter where the kernel keeps its
// own time by that, and costs half of what the steady clock does there; elsewhere it is the steady clock. Used by one
// thread. Deadlines are no business of it.
#pragma once

#include <cstdint>

#include "core/base/clock.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace dunlin {

class SpanClock {
 public:
  SpanClock();

  std::int64_t now_ns() {
    if (rate_ == 0) return learn();
    return base_.ns + static_cast<std::int64_t>(static_cast<double>(counter() - base_.ticks) * rate_);
  }

 private:
  // Both clocks at one moment, which took `gap` ticks to read.
  struct Moment {
    std::uint64_t ticks = 0, gap = 0;
    std::int64_t ns = 0;
  };

  static std::uint64_t counter() {
#if defined(__x86_64__)
    return __rdtsc();
#else
    return 0;
#endif
  }
  static Moment moment();
  // The steady clock's time; and the rate, once enough of it has gone by.
  std::int64_t learn();

  bool trusted_;
  Moment base_;
  double rate_ = 0;  // nanoseconds a tick; 0: not known
};

}  // namespace dunlin
