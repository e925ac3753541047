// SPDX-License-Identifier: Apache-2.0
// Budgets: what keeps a script that never ends, or that hoards memory, from harming anybody else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include <lua.hpp>

#include "plugins/lua/settings.h"

namespace dunlin::lua {

// Counts what the current run has used. A count hook of Lua calls it every kStep instructions, in every coroutine. What a
// function of a library does between two instructions the hook does not see: those whose work is not bounded by a
// constant tell it here, by charge().
//
// It is the state's allocator, too. What would make the state larger than it may be is refused, which Lua turns into an
// error of the script. A run that takes more than its own share is looked at by the hook at its next instruction: when
// there is as much without what can be collected, it is stopped. So is one that copies much between two instructions.
class Meter {
 public:
  static constexpr int kStep = 10'000;

  explicit Meter(const Budget& budget) : budget_(budget) {}

  // A lua_Alloc; `self` is a Meter.
  static void* allocate(void* self, void* block, std::size_t old_size, std::size_t new_size);
  std::uint64_t memory() const { return memory_; }  // of the state, in bytes

  // Sets the hook on `state`; coroutines made from it inherit it.
  static void attach(lua_State* state);

  // A run begins with nothing used. What it used is carried from one slice to the next by `save` and `resume`, but for
  // memory: whose it is that has become garbage between two slices, nobody knows.
  struct Used {
    std::int64_t instructions = 0;
    std::int64_t time_ns = 0;
    const char* over = nullptr;  // the budget that it was stopped for
  };
  // `state`: what runs in this slice.
  void resume(const Used& used, lua_State* state);
  Used save();

  // While a coroutine of the script's own runs.
  class Inside {
   public:
    Inside(Meter& meter, lua_State* inner) : meter_(meter), outer_(std::exchange(meter.current_, inner)) {}
    ~Inside() { meter_.current_ = outer_; }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    Meter& meter_;
    lua_State* outer_;
  };

  // Counts work of a library function as so many instructions; raises in `state` when the budget is used up, as the hook
  // does. Between save() and resume() there is no run whose work it could be: nothing is counted.
  void charge(lua_State* state, std::size_t instructions) {
    charged_ += static_cast<std::int64_t>(instructions);
    if (charged_ >= kStep) settle(state);
  }

  // An error that is raised inside of a hook leaves hooks off in its coroutine until a pcall catches it. What would run
  // code of the script before that, unwatched, has to ask here first: message handlers, and closing a coroutine.
  bool stopped() const { return used_.over != nullptr; }
  // Raises what stopped the run once more, and again at every instruction of `state` from now on. `level`: of the function
  // whose line the error names, as luaL_where has it.
  int stop(lua_State* state, int level = 0);

 private:
  static void hook(lua_State* state, lua_Debug* record);
  // The budget that is used up, with so many instructions more, or nullptr.
  const char* over(std::int64_t instructions);
  bool has_room(std::size_t more) const;
  // Whether the run has more than its memory, without what can be collected, which it is here. From the hook only.
  bool hoards(lua_State* state);
  void look();  // at the next instruction
  void settle(lua_State* state);

  static constexpr std::uint64_t kNoCeiling = std::numeric_limits<std::uint64_t>::max();

  const Budget& budget_;
  Used used_;
  bool running_ = false;
  lua_State* current_ = nullptr;
  std::uint64_t memory_ = 0;
  std::uint64_t ceiling_ = kNoCeiling;  // of memory_, in this slice
  std::uint64_t copied_ = 0;  // into large blocks, since the last look
  std::int64_t charged_ = 0;  // and not added to used_ yet
  std::int64_t slice_start_ns_ = 0;  // 0: this slice has not been looked at yet
};

}  // namespace dunlin::lua
