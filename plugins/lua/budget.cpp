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

// Blocks of so many bytes are counted, and after so many bytes the hook looks: one instruction may copy a long string.
constexpr std::size_t kLarge = 4096;
constexpr std::uint64_t kCopied = 1024 * 1024;

}  // namespace

void* Meter::allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) {
  auto& meter = *static_cast<Meter*>(self);
  const std::size_t had = block ? old_size : 0;  // without a block, old_size is the kind of the object
  if (new_size == 0) {
    std::free(block);
    meter.memory_ -= had;
    return nullptr;
  }
  if (new_size > had && !meter.has_room(new_size - had)) {
    meter.look();  // Lua collects all garbage now and asks again, which takes its time
    return nullptr;
  }
  void* result = std::realloc(block, new_size);
  if (!result) return nullptr;
  meter.memory_ += new_size - had;
  if (new_size >= kLarge) meter.copied_ += new_size;
  if (meter.memory_ > meter.ceiling_ || meter.copied_ > kCopied) meter.look();
  return result;
}

bool Meter::has_room(std::size_t more) const {
  if (budget_.state == 0 || stopped()) return true;  // to say why it was stopped takes some
  return memory_ + more <= budget_.state;
}

void Meter::look() {
  copied_ = 0;
  if (running_ && !stopped()) lua_sethook(current_, &Meter::hook, LUA_MASKCOUNT, 1);
}

void Meter::attach(lua_State* state) { lua_sethook(state, &Meter::hook, LUA_MASKCOUNT, kStep); }

void Meter::resume(const Used& used, lua_State* state) {
  used_ = used;
  charged_ = 0;
  slice_start_ns_ = 0;
  running_ = true;
  current_ = state;
  ceiling_ = budget_.memory == 0 ? kNoCeiling : memory_ + budget_.memory;
}

Meter::Used Meter::save() {
  if (slice_start_ns_ != 0) used_.time_ns += cpu_now_ns() - slice_start_ns_;
  slice_start_ns_ = 0;
  used_.instructions += std::exchange(charged_, 0);
  running_ = false;
  ceiling_ = kNoCeiling;
  if (!stopped() && lua_gethookcount(current_) != kStep) attach(current_);  // a look that the slice ended before
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

bool Meter::hoards(lua_State* state) {
  if (memory_ <= ceiling_) return false;
  lua_gc(state, LUA_GCCOLLECT);
  return memory_ > ceiling_;
}

void Meter::settle(lua_State* state) {
  if (!running_) {
    charged_ = 0;
    return;
  }
  if (!stopped()) {
    used_.over = over(std::exchange(charged_, 0));
    if (!stopped()) return;
  }
  charged_ = kStep;  // whatever is charged from now on comes here at once
  stop(state, 1);
}

int Meter::stop(lua_State* state, int level) {
  // A pcall may catch this: from now on the hook raises again at every instruction, until nothing of the run is left.
  lua_sethook(state, &Meter::hook, LUA_MASKCOUNT, 1);
  luaL_where(state, level);
  lua_pushfstring(state, "stopped: it ran over %s", used_.over);
  lua_concat(state, 2);
  return lua_error(state);
}

void Meter::hook(lua_State* state, lua_Debug*) {
  Meter& meter = Engine::of(state).meter();
  if (!meter.stopped()) {
    meter.used_.over = meter.hoards(state) ? "budget.memory" : meter.over(kStep);
    if (!meter.stopped()) {
      if (lua_gethookcount(state) != kStep) attach(state);
      return;
    }
  }
  meter.stop(state);
}

}  // namespace dunlin::lua
