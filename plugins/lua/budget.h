// SPDX-License-Identifier: Apache-2.0
// Budgets: what keeps a script that never ends, or that hoards memory, from harming anybody else.
#pragma once

#include <cstddef>
#include <cstdint>

#include <lua.hpp>

#include "plugins/lua/settings.h"

namespace dunlin::lua {

// Counts a state's memory; over the limit Lua is told that there is none, which it turns into an error of the script.
struct Memory {
  std::uint64_t used = 0;
  std::uint64_t limit = 0;  // 0: none

  // A lua_Alloc; `self` is a Memory.
  static void* allocate(void* self, void* block, std::size_t old_size, std::size_t new_size);
};

// Counts what the current run has used. A count hook of Lua calls it every kStep instructions, in every coroutine. What a
// function of a library does between two instructions the hook does not see: those whose work is not bounded by a
// constant tell it here, by charge().
class Meter {
 public:
  static constexpr int kStep = 10'000;

  explicit Meter(const Budget& budget) : budget_(budget) {}

  // Sets the hook on `state`; coroutines made from it inherit it.
  static void attach(lua_State* state);

  // A run begins with nothing used. What it used is carried from one slice to the next by `save` and `resume`.
  struct Used {
    std::int64_t instructions = 0;
    std::int64_t time_ns = 0;
    bool stopped = false;
  };
  void resume(const Used& used);
  Used save();

  // Counts work of a library function as so many instructions; raises in `state` when the budget is used up, as the hook
  // does. Between save() and resume() there is no run whose work it could be: nothing is counted.
  void charge(lua_State* state, std::size_t instructions) {
    charged_ += static_cast<std::int64_t>(instructions);
    if (charged_ >= kStep) settle(state);
  }

  // An error that is raised inside of a hook leaves hooks off in its coroutine until a pcall catches it. What would run
  // code of the script before that, unwatched, has to ask here first: message handlers, and closing a coroutine.
  bool stopped() const { return used_.stopped; }
  // Raises what stopped the run once more, and again at every instruction of `state` from now on. `level`: of the function
  // whose line the error names, as luaL_where has it.
  static int stop(lua_State* state, const char* what = "its budget", int level = 0);

 private:
  static void hook(lua_State* state, lua_Debug* record);
  const char* over(std::int64_t instructions);  // the budget that is used up with so many more, or nullptr
  void settle(lua_State* state);

  const Budget& budget_;
  Used used_;
  bool running_ = false;
  std::int64_t charged_ = 0;  // and not added to used_ yet
  std::int64_t slice_start_ns_ = 0;  // 0: this slice has not been looked at yet
};

}  // namespace dunlin::lua
