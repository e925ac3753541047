// SPDX-License-Identifier: Apache-2.0
// NumberedTimers: timers by number, for those who start them and can embed none: the plugin ABI's. [worker]
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include "core/base/clock.h"
#include "core/loop/timer_wheel.h"

namespace dunlin {

class NumberedTimers {
 public:
  explicit NumberedTimers(TimerWheel& wheel) : wheel_(wheel) {}

  // Fires `after` from now, and then each `every`, if that is not 0. Numbers are never 0, and never used again.
  std::uint64_t start(Millis after, Millis every, std::function<void()> fire);
  // It does not fire any more. False: it has, or there is none of that number.
  bool stop(std::uint64_t number) { return timers_.erase(number) > 0; }

 private:
  struct Ticking {
    Timer timer;
    Millis every{0};
    std::function<void()> fire;
  };
  void fired(std::uint64_t number);

  TimerWheel& wheel_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Ticking>> timers_;
  std::uint64_t next_ = 1;
};

}  // namespace dunlin
