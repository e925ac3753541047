// SPDX-License-Identifier: Apache-2.0
// TimerWheel: very many timers that mostly never fire (idle peers, deadlines). Start, restart and stop are O(1); one uv
// timer ticks only while any timer is set. Resolution kTick; never early.
#pragma once

#include <uv.h>

#include <array>
#include <cstdint>
#include <functional>

#include "core/base/clock.h"

namespace dunlin {

class Loop;
class TimerWheel;

// One timer; belongs to whoever embeds it. Destroying it stops it. [worker]
class Timer {
 public:
  Timer() = default;
  explicit Timer(std::function<void()> fire) : fire_(std::move(fire)) {}
  ~Timer() { stop(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void on_fire(std::function<void()> fire) { fire_ = std::move(fire); }
  void stop();
  bool active() const { return next_ != nullptr; }

 private:
  friend class TimerWheel;
  Timer* next_ = nullptr;  // in a circle through the slot's head
  Timer* previous_ = nullptr;
  TimerWheel* wheel_ = nullptr;
  std::int64_t due_ = 0;  // in ticks
  std::function<void()> fire_;
};

// Two levels of 256 slots: 10 ms ticks, then rounds of 2.56 s; what is further away waits in the last slot that it can
// reach and is placed anew from there.
class TimerWheel {
 public:
  static constexpr std::int64_t kTick = 10;  // ms

  explicit TimerWheel(Loop& loop);
  ~TimerWheel();  // stops every timer
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // (Re)starts `timer`: it fires once, `after` from now. A timer may restart or destroy itself, and others, as it fires.
  void start(Timer& timer, Millis after);

  void close();  // before the loop ends; start() does nothing from here on

 private:
  friend class Timer;
  static constexpr std::int64_t kSlots = 256;

  void place(Timer& timer);
  void tick();
  void advance();
  void drain(Timer& head, bool fire);
  std::int64_t now() const;

  uv_timer_t* ticker_;  // deleted by its close callback, after the wheel
  Loop& loop_;
  std::array<Timer, kSlots> near_, far_;
  std::int64_t current_;  // the tick that has been handled last
  std::uint64_t set_ = 0;
  bool ticking_ = false;
  bool closed_ = false;
};

}  // namespace dunlin
