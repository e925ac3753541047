// SPDX-License-Identifier: Apache-2.0
// Engine: one Lua state with a script loaded into it, its sandbox and its budgets. [worker], or [setup] for a trial.
//
// The Lua library is the one that is built as C++ (lua5.4-c++): an error in Lua is a C++ exception, so that it unwinds
// through our functions and runs their destructors. It never leaves a lua_pcall or lua_resume.
//
// An engine never changes its script: a reload makes another, and the old one lives until its last handler ended.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <lua.hpp>

#include "plugins/lua/budget.h"
#include "plugins/lua/file_watch.h"
#include "plugins/lua/function_ref.h"
#include "plugins/lua/host.h"
#include "plugins/lua/settings.h"
#include "plugins/lua/timers.h"

namespace dunlin::lua {

class Run;

// The functions a script may define. Rows of kHandlerNames (handlers.cpp), in this order.
enum class Handler : std::uint8_t {
  handshake,
  message,
  close,
  authenticate,
  timer,
  connect,  // this and the following: raw TCP endpoints
  input,
  decode,
  encode,
  count
};

// In which form a handler's parameters were declared: see docs/lua-api.md, "The two forms of a handler".
enum class Form : std::uint8_t { client_id, conn };

struct HandlerSlot {
  int ref = LUA_NOREF;  // into the registry
  Form form = Form::client_id;
  int parameters = 0;  // how many it declares
  explicit operator bool() const { return ref != LUA_NOREF; }
};

// A coroutine of an engine, kept alive by a reference in the registry.
struct Coroutine {
  lua_State* state = nullptr;
  int ref = LUA_NOREF;
};

class Engine : public std::enable_shared_from_this<Engine> {
 public:
  // Loads and runs the script's top level. On failure `error` has Lua's message with file and line.
  // REQUIRES: host and settings outlive the engine.
  // `tried` gets the files that were read or looked for, whatever came of it.
  static std::unique_ptr<Engine> load(const Host& host, const Settings& settings, std::string& error,
                                      FileWatch* tried = nullptr);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // The engine that a state (or any coroutine of it) belongs to.
  static Engine& of(lua_State* state) { return **static_cast<Engine**>(lua_getextraspace(state)); }

  // Runs `body` on the main state, catching errors of Lua: true and no trace, or false and the message in `error`.
  bool protect(FunctionRef<void(lua_State*)> body, std::string& error);

  // A coroutine with an empty stack; {} when memory is out.
  Coroutine take_coroutine();
  // REQUIRES: it ended, or was reset. `clean`: it ended without an error and may be used again.
  void give_back(Coroutine coroutine, bool clean);

  const Host& host() const { return host_; }
  const Settings& settings() const { return settings_; }
  const HandlerSlot& handler(Handler which) const { return handlers_[static_cast<std::size_t>(which)]; }
  lua_State* main() { return state_; }
  Meter& meter() { return meter_; }
  std::uint64_t memory() const { return meter_.memory(); }

  // Who runs now; nullptr while the top level of the script does.
  Run* running() const { return running_; }
  void set_running(Run* run) { running_ = run; }

  FileWatch& files() { return files_; }
  Timers& timers() { return timers_; }

 private:
  Engine(const Host& host, const Settings& settings);
  bool start(std::string& error);
  bool run_script(std::string& error);
  void find_handlers(lua_State* state, int table);

  const Host& host_;
  const Settings& settings_;
  Meter meter_;
  lua_State* state_ = nullptr;
  Run* running_ = nullptr;
  HandlerSlot handlers_[static_cast<std::size_t>(Handler::count)];
  std::vector<Coroutine> idle_;
  FileWatch files_;
  Timers timers_;
};

}  // namespace dunlin::lua
