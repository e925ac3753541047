// SPDX-License-Identifier: Apache-2.0
#include "plugins/lua/budget.h"

#include <time.h>

#include <cstdlib>
#include <utility>

#include "plugins/lua/engine.h"

namespace dunlin::lua {
namespace {

std::int64_t cpu_now_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

void* Memory::allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) {
  auto& memory = *static_cast<Memory*>(self);
  const std::size_t had = block ? old_size : 0;  // without a block, old_size is the kind of the object
  if (new_size == 0) {
    std::free(block);
    memory.used -= had;
    return nullptr;
  }
  if (new_size > had && memory.limit != 0 && memory.used + (new_size - had) > memory.limit) return nullptr;
  void* result = std::realloc(block, new_size);
  if (result) memory.used += new_size - had;
  return result;
}

void Meter::attach(lua_State* state) { lua_sethook(state, &Meter::hook, LUA_MASKCOUNT, kStep); }

void Meter::resume(const Used& used) {
  used_ = used;
  charged_ = 0;
  slice_start_ns_ = 0;
  running_ = true;
}

Meter::Used Meter::save() {
  if (slice_start_ns_ != 0) used_.time_ns += cpu_now_ns() - slice_start_ns_;
  slice_start_ns_ = 0;
  used_.instructions += std::exchange(charged_, 0);
  running_ = false;
  return used_;
}

const char* Meter::over(std::int64_t instructions) {
  used_.instructions += instructions;
  if (budget_.instructions != 0 && used_.instructions > budget_.instructions) return "budget.instructions";
  if (budget_.time_ms == 0) return nullptr;
  // The clock is read from the first step on: most handlers end before it, and pay for no system call.
  const std::int64_t now = cpu_now_ns();
  if (slice_start_ns_ == 0) slice_start_ns_ = now;
  return used_.time_ns + (now - slice_start_ns_) > budget_.time_ms * 1'000'000 ? "budget.time" : nullptr;
}

void Meter::settle(lua_State* state) {
  if (!running_) {
    charged_ = 0;
    return;
  }
  if (!used_.stopped) {
    const char* what = over(std::exchange(charged_, 0));
    if (!what) return;
    used_.stopped = true;
    charged_ = kStep;  // whatever is charged from now on comes here at once
    stop(state, what, 1);
  }
  stop(state, "its budget", 1);
}

int Meter::stop(lua_State* state, const char* what, int level) {
  // A pcall may catch this: from now on the hook raises again at every instruction, until nothing of the run is left.
  lua_sethook(state, &Meter::hook, LUA_MASKCOUNT, 1);
  luaL_where(state, level);
  lua_pushfstring(state, "stopped: it ran over %s", what);
  lua_concat(state, 2);
  return lua_error(state);
}

void Meter::hook(lua_State* state, lua_Debug*) {
  Meter& meter = Engine::of(state).meter();
  if (!meter.used_.stopped) {
    const char* what = meter.over(kStep);
    if (!what) {
      if (lua_gethookcount(state) != kStep) attach(state);
      return;
    }
    meter.used_.stopped = true;
    stop(state, what);
  }
  stop(state);
}

}  // namespace dunlin::lua
