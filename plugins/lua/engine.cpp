// SPDX-License-Identifier: Apache-2.0
#include "plugins/lua/engine.h"

#include "plugins/lua/handlers.h"
#include "plugins/lua/lib/lib.h"
#include "plugins/lua/source51.h"

namespace dunlin::lua {
namespace {

int call_body(lua_State* state) {
  const auto* body = static_cast<const FunctionRef<void(lua_State*)>*>(lua_touserdata(state, 1));
  lua_settop(state, 0);
  (*body)(state);
  return 0;
}

}  // namespace

Engine::Engine(const Host& host, const Settings& settings)
    : host_(host), settings_(settings), meter_(settings.budget), timers_(*this, host) {}

Engine::~Engine() {
  if (!state_) return;
  timers_.stop();
  lua_sethook(state_, nullptr, 0, 0);
  lua_close(state_);
}

std::unique_ptr<Engine> Engine::load(const Host& host, const Settings& settings, std::string& error,
                                     FileWatch* tried) {
  std::unique_ptr<Engine> engine(new Engine(host, settings));
  const bool good = engine->start(error);
  if (tried) *tried = engine->files_;
  return good ? std::move(engine) : nullptr;
}

bool Engine::start(std::string& error) {
  state_ = lua_newstate(&Meter::allocate, &meter_);
  if (!state_) {
    error = "there is no memory for a Lua state";
    return false;
  }
  *static_cast<Engine**>(lua_getextraspace(state_)) = this;
  if (!protect([](lua_State* state) { open_libraries(state); }, error)) return false;
  Meter::attach(state_);
  return run_script(error);
}

bool Engine::protect(FunctionRef<void(lua_State*)> body, std::string& error) {
  lua_pushcfunction(state_, call_body);
  lua_pushlightuserdata(state_, &body);
  if (lua_pcall(state_, 1, 0, 0) == LUA_OK) return true;
  const char* message = lua_tostring(state_, -1);
  error = message ? message : "an error that is no text";
  lua_pop(state_, 1);
  return false;
}

bool Engine::run_script(std::string& error) {
  meter_.resume({}, state_);
  const bool good = protect(
      [this](lua_State* state) {
        files_.add(settings_.file);
        if (load_file(state, settings_.file.c_str()) != LUA_OK) lua_error(state);
        lua_pushcfunction(state, traceback);
        lua_insert(state, 1);
        if (lua_pcall(state, 0, 1, 1) != LUA_OK) lua_error(state);
        find_handlers(state, lua_gettop(state));
      },
      error);
  meter_.save();
  return good;
}

void Engine::find_handlers(lua_State* state, int table) {
  bool conn_script = false;  // on_message names a second parameter: a script of the earlier form
  const bool returned = lua_istable(state, table);
  for (std::size_t i = 0; i < std::size(handlers_); ++i) {
    const char* name = handler_name(static_cast<Handler>(i));
    if (!returned || lua_getfield(state, table, name) != LUA_TFUNCTION) lua_getglobal(state, name);
    if (!lua_isfunction(state, -1)) continue;
    if (static_cast<Handler>(i) == Handler::message) conn_script = parameters_of(state, -1).count >= 2;
    lua_pushvalue(state, -1);
    handlers_[i].ref = luaL_ref(state, LUA_REGISTRYINDEX);
  }
  for (std::size_t i = 0; i < std::size(handlers_); ++i) {
    if (!handlers_[i]) continue;
    lua_rawgeti(state, LUA_REGISTRYINDEX, handlers_[i].ref);
    const Parameters parameters = parameters_of(state, -1);
    handlers_[i].form = form_of(static_cast<Handler>(i), parameters, conn_script);
    handlers_[i].parameters = parameters.count;
    lua_pop(state, 1);
  }
}

Coroutine Engine::take_coroutine() {
  if (!idle_.empty()) {
    const Coroutine coroutine = idle_.back();
    idle_.pop_back();
    return coroutine;
  }
  Coroutine made;
  std::string error;
  protect(
      [&made](lua_State* state) {
        made.state = lua_newthread(state);
        made.ref = luaL_ref(state, LUA_REGISTRYINDEX);
      },
      error);
  return made.ref == LUA_NOREF ? Coroutine{} : made;
}

void Engine::give_back(Coroutine coroutine, bool clean) {
  constexpr std::size_t kIdle = 64;
  if (clean && idle_.size() < kIdle) {
    lua_settop(coroutine.state, 0);
    idle_.push_back(coroutine);
    return;
  }
  luaL_unref(state_, LUA_REGISTRYINDEX, coroutine.ref);
}

}  // namespace dunlin::lua
