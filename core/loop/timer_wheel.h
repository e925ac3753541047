// SPDX-License-Identifier: Apache-2.0
// TimerWheel: very many timers that mostly never fire (idle peers, deadlines). Start, restart and stop are O(1); one uv
// timer ticks only while any timer is set. Resolution kTick; never early.
#pragma once

#include <uv.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

#include "core/base/clock.h"

namespace dunlin {

class Loop;
class TimerWheel;

// What a timer calls. A connection has several timers and most capture one pointer: that one lies in place of a
// std::function's 32 bytes, anything larger in an allocation of its own.
class TimerCall {
 public:
  TimerCall() = default;
  template <class Call>
  explicit TimerCall(Call call) {
    if constexpr (sizeof(Call) <= sizeof(void*) && std::is_trivially_copyable_v<Call>) {
      new (state_) Call(std::move(call));
      run_ = [](void* state, bool destroy) {
        if (!destroy) (*static_cast<Call*>(state))();
      };
    } else {
      new (state_) Call*(new Call(std::move(call)));
      run_ = [](void* state, bool destroy) {
        Call* kept = *static_cast<Call**>(state);
        destroy ? delete kept : static_cast<void>((*kept)());
      };
    }
  }
  TimerCall(TimerCall&& other) noexcept : run_(std::exchange(other.run_, nullptr)) {
    std::memcpy(state_, other.state_, sizeof state_);
  }
  TimerCall& operator=(TimerCall other) noexcept {
    std::swap(state_, other.state_);
    std::swap(run_, other.run_);
    return *this;
  }
  ~TimerCall() {
    if (run_) run_(state_, true);
  }

  explicit operator bool() const { return run_ != nullptr; }
  void operator()() { run_(state_, false); }

 private:
  alignas(void*) unsigned char state_[sizeof(void*)]{};
  void (*run_)(void* state, bool destroy) = nullptr;
};

// One timer; belongs to whoever embeds it. Destroying it stops it. [worker]
class Timer {
 public:
  Timer() = default;
  template <class Call>
  explicit Timer(Call fire) : fire_(std::move(fire)) {}
  ~Timer() { stop(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  template <class Call>
  void on_fire(Call fire) {
    fire_ = TimerCall(std::move(fire));
  }
  void stop();
  bool active() const { return next_ != nullptr; }

 private:
  friend class TimerWheel;
  Timer* next_ = nullptr;  // in a circle through the slot's head
  Timer* previous_ = nullptr;
  TimerWheel* wheel_ = nullptr;
  std::int64_t due_ = 0;  // in ticks
  TimerCall fire_;
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
