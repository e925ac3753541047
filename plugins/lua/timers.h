// SPDX-License-Identifier: Apache-2.0
// Timers: those of mix.timer, of one engine. They end with it, or when another script has taken over. [worker]
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include <lua.hpp>

#include "plugins/lua/host.h"

namespace dunlin::lua {

class Engine;
class Instance;

class Timers {
 public:
  static constexpr std::size_t kMax = 10'000;

  // REQUIRES: both outlive the timers
  Timers(Engine& engine, const Host& host) : engine_(engine), host_(host) {}
  ~Timers() { stop(); }
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  // Whose runs the calls are. REQUIRES: called before the loop goes on after a timer was started
  void set_owner(Instance& owner) { owner_ = &owner; }

  // Calls the function behind `ref` (taken over) later; `every_ms` 0: once. 0: there are too many. On a host without
  // timers, where a script is only tried, nothing is ever called.
  std::int64_t start(std::int64_t after_ms, std::int64_t every_ms, int ref);
  bool cancel(lua_State* state, std::int64_t id);
  void stop();  // all

 private:
  struct Timer {
    Timers& owner;
    std::int64_t id;
    int ref;
    bool repeats;
    plugin::Timer ticking;
    std::weak_ptr<void> running;  // its last call, while that waits for something
  };

  void call(Timer& timer);

  Engine& engine_;
  const Host& host_;
  Instance* owner_ = nullptr;
  std::map<std::int64_t, std::unique_ptr<Timer>> timers_;
  std::int64_t next_ = 1;
};

}  // namespace dunlin::lua
