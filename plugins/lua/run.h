// SPDX-License-Identifier: Apache-2.0
// Run: one call of a script's function in a coroutine, from the hook that asked until it has returned.
// Wait: what a run waits for, as the host's callback knows it. [worker]
#pragma once

#include <list>
#include <memory>
#include <string_view>

#include "plugins/lua/engine.h"

namespace dunlin::lua {

class Instance;
class Run;

// Each ends in Instance::end_wait; the run may be gone by then.
struct Wait {
  Wait(Instance& owner, Run& who) : instance(owner), run(&who) {}

  Instance& instance;
  Run* run;  // nullptr: nobody waits any more
  std::list<Wait>::iterator self;
  plugin::Timer timer;     // what is taken back when the run is dropped;
  plugin::HttpCall http;
  plugin::RedisCall redis;  // a command is carried out all the same, once it was given
};

class Run {
 public:
  Run(Instance& owner, std::shared_ptr<Engine> script, Handler what, dunlin_conn who, dunlin_ticket which)
      : instance(owner), engine(std::move(script)), handler(what), conn(who), ticket(which) {}

  Instance& instance;
  std::shared_ptr<Engine> engine;
  Coroutine coroutine;
  Handler handler;
  dunlin_conn conn;
  dunlin_ticket ticket;  // 0: nobody waits for the outcome
  Meter::Used used;
  Wait* wait = nullptr;
  int then = LUA_NOREF;  // a function that goes on when the wait has ended, where nothing was suspended
  const void* buffer = nullptr;  // protocol_input's argument, and what it reads
  std::string_view unread;
  std::string_view packet;  // of a raw TCP connection, while protocol_decode runs
  std::shared_ptr<void> token;  // of who wants to know when the run has ended
};

// For functions that wait without suspending, which costs the throw of an exception: the function at `index` is the rest of
// the handler; it is given what the callback pushes. Raises an error of Lua where nothing can wait.
Run& handler_run(lua_State* state, const char* function);
void go_on_with(lua_State* state, Run& run, int index);
// For functions that wait. The run that `state` belongs to; raises an error of Lua where nothing can wait.
Run& waiting_run(lua_State* state, const char* function);
// A handler that may not wait (protocol_input, protocol_encode) can still set off what has an effect: it does without the
// outcome.
bool goes_without_outcome(lua_State* state);
// `return suspend(state);`: the function returns to the script what the callback pushes later.
int suspend(lua_State* state);
// As suspend(), but the stack stays, the callback pushes on it, and `then` goes on from there.
int suspend_then(lua_State* state, lua_KContext context, lua_KFunction then);
// What a coroutine yields that waits, told apart from what a script yields itself.
bool is_suspension(lua_State* state, int index);

}  // namespace dunlin::lua
