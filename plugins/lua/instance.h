// SPDX-License-Identifier: Apache-2.0
// Instance: the module on one worker. It starts runs, resumes them when what they wait for has come, and turns their
// outcome into verdicts. [worker]
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "plugins/lua/engine.h"
#include "plugins/lua/figures.h"
#include "plugins/lua/run.h"
#include "plugins/lua/scratch.h"

namespace dunlin::lua {

class Instance {
 public:
  // Not a verdict: refuses with "try later".
  static constexpr dunlin_verdict kFault = -1;

  // Throws std::runtime_error when the script cannot be loaded. REQUIRES: both outlive the instance
  Instance(const Host& host, const Settings& settings);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  const Host& host() const { return host_; }
  const Engine& engine() const { return *engine_; }
  Scratch& scratch() { return scratch_; }

  // Pushes the arguments of a handler on a coroutine's stack.
  using Push = FunctionRef<void(lua_State*)>;
  // Calls a handler. REQUIRES: the script defines it.
  dunlin_verdict start(Handler handler, dunlin_conn conn, dunlin_ticket ticket, Push push);

  // Calls a handler that may not wait; `take` finds what it returned on top of the stack. False: it failed, or `take`
  // raised an error, which has been dealt with as any other. REQUIRES: the script defines it; none is running
  bool call(Handler handler, dunlin_conn conn, FunctionRef<void(lua_State*, Run&)> push, Push take);
  // Calls the function that `push` pushes, for a timer of `engine`; `token` is let go when it has ended.
  void start_timer(std::shared_ptr<Engine> engine, std::shared_ptr<void> token, Push push);

  // For functions of Lua that wait: a record for the callback, which stays where it is …
  Wait* begin_wait(Run& run);
  // … given up when the host refused the request …
  void drop_wait(Wait* wait);
  // … and what the callback does: `push` puts on the stack what the function returns, if somebody still waits.
  static void end_wait(Wait* wait, Push push);

  // The ticket is void: its coroutine ends here.
  void cancel(dunlin_ticket ticket);

 private:
  dunlin_verdict begin(std::unique_ptr<Run> run, Push push);
  bool prepare(Run& run, Push push, int& arguments, std::string& error);
  // The outcome, or nothing while the run waits.
  std::optional<dunlin_verdict> advance(Run& run, int arguments);
  dunlin_verdict succeed(Run& run, int results);
  dunlin_verdict fail(Run& run, const std::string& what);
  std::string describe_error(Run& run);
  // Nobody waits any more: neither what the host calls back nor the function that was to go on.
  static void abandon(Run& run);
  void drop(Run& run);
  void watch_files();
  void reload();

  const Host& host_;
  const Settings& settings_;
  Figures figures_;
  std::shared_ptr<Engine> engine_;
  std::unordered_map<Run*, std::unique_ptr<Run>> suspended_;
  std::unordered_map<dunlin_ticket, Run*> by_ticket_;
  std::list<Wait> waits_;
  Scratch scratch_;
  std::optional<FileWatch> failed_;  // what a reload that came to nothing had read
  plugin::Timer reload_timer_;
};

}  // namespace dunlin::lua
