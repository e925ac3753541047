// SPDX-License-Identifier: Apache-2.0
// HookWatch: sees a hook that does not return. Its own worker cannot say so; the server's thread looks at the workers' notes
// (core/base/crash.h) once a second, and says which module holds which worker, after 2, 4, 8 … seconds.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "core/base/crash.h"
#include "core/base/log.h"
#include "core/loop/timer_wheel.h"

namespace dunlin {

class HookWatch {
 public:
  // `held`: how many workers are held now.
  HookWatch(TimerWheel& wheel, Log& log, std::atomic<std::uint64_t>& held)
      : wheel_(wheel), log_(log), held_(held), timer_([this] { look(); }) {}

  // REQUIRES: the notes live until stop()
  void start(std::vector<const CrashNote*> workers);
  void stop() { timer_.stop(); }

 private:
  struct Seen {
    const CrashNote* note;
    std::uint64_t entered;  // the call that ran when we looked last; 0: none
    unsigned seconds, next_line;
  };
  void look();
  void look_at(Seen& seen);

  TimerWheel& wheel_;
  Log& log_;
  std::atomic<std::uint64_t>& held_;
  Timer timer_;
  std::vector<Seen> workers_;
};

}  // namespace dunlin
