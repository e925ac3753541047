// SPDX-License-Identifier: Apache-2.0
#include "plugins/lua/instance.h"

#include <stdexcept>
#include <utility>

#include "plugins/lua/auth_answer.h"
#include "plugins/lua/handlers.h"

namespace dunlin::lua {

Instance::Instance(const Host& host, const Settings& settings)
    : host_(host), settings_(settings), figures_(host, kFigures) {
  std::string error;
  engine_ = Engine::load(host_, settings, error);
  if (!engine_) throw std::runtime_error(error);
  engine_->timers().set_owner(*this);
  watch_files();
}

// The host calls nobody back from here on: what it has not answered by now, it never will.
Instance::~Instance() {
  while (!suspended_.empty()) drop(*suspended_.begin()->first);
}

dunlin_verdict Instance::start(Handler handler, dunlin_conn conn, dunlin_ticket ticket, Push push) {
  return begin(std::make_unique<Run>(*this, engine_, handler, conn, ticket), push);
}

void Instance::start_timer(std::shared_ptr<Engine> engine, std::shared_ptr<void> token, Push push) {
  auto run = std::make_unique<Run>(*this, std::move(engine), Handler::timer, 0, 0);
  run->token = std::move(token);
  begin(std::move(run), push);
}

dunlin_verdict Instance::begin(std::unique_ptr<Run> run, Push push) {
  figures_.add(Figure::runs);
  int arguments = 0;
  std::string error;
  if (!prepare(*run, push, arguments, error)) {
    if (run->coroutine.state) run->engine->give_back(run->coroutine, true);
    return fail(*run, error);
  }
  Run& started = *run;
  if (const auto verdict = advance(started, arguments)) return *verdict;
  if (started.ticket != 0) by_ticket_.emplace(started.ticket, &started);
  suspended_.emplace(&started, std::move(run));
  figures_.set(Figure::waiting, static_cast<std::int64_t>(suspended_.size()));
  return DUNLIN_PENDING;
}

bool Instance::prepare(Run& run, Push push, int& arguments, std::string& error) {
  run.coroutine = run.engine->take_coroutine();
  if (!run.coroutine.state) {
    error = "not enough memory for a coroutine";
    return false;
  }
  return run.engine->protect(
      [&](lua_State*) {
        lua_State* state = run.coroutine.state;
        // A timer's function is pushed with its arguments.
        if (run.handler != Handler::timer) {
          lua_rawgeti(state, LUA_REGISTRYINDEX, run.engine->handler(run.handler).ref);
        }
        push(state);
        arguments = lua_gettop(state) - 1;
      },
      error);
}

std::optional<dunlin_verdict> Instance::advance(Run& run, int arguments) {
  Engine& engine = *run.engine;
  lua_State* state = run.coroutine.state;
  engine.set_running(&run);
  engine.meter().resume(run.used, state);
  int results = 0;
  const int status = lua_resume(state, engine.main(), arguments, &results);
  run.used = engine.meter().save();
  engine.set_running(nullptr);
  if (engine_.get() == &engine) figures_.set(Figure::memory, static_cast<std::int64_t>(engine.memory()));
  if (status == LUA_YIELD && results == 1 && is_suspension(state, -1)) {
    lua_pop(state, 1);
    return std::nullopt;
  }
  if (status == LUA_OK && run.then != LUA_NOREF) {  // returned, but not done
    lua_settop(state, 0);
    return std::nullopt;
  }
  dunlin_verdict verdict = DUNLIN_DENY;
  if (status == LUA_OK) {
    verdict = succeed(run, results);
  } else if (status == LUA_YIELD) {
    verdict = fail(run, "coroutine.yield outside of a coroutine of the script");
  } else {
    verdict = fail(run, describe_error(run));
  }
  abandon(run);
  // One that was stopped is left to the collector: its to-be-closed variables would run unwatched (Meter::stopped).
  if (status != LUA_OK && !run.used.over) lua_resetthread(state);
  engine.give_back(run.coroutine, status == LUA_OK);
  return verdict;
}

dunlin_verdict Instance::succeed(Run& run, int results) {
  if (run.handler != Handler::authenticate) return DUNLIN_ALLOW;
  std::string error;
  const bool answered = run.engine->protect(
      [&](lua_State*) { answer_auth(run.coroutine.state, results, host_, run.ticket); }, error);
  return answered ? DUNLIN_PENDING : fail(run, error);
}

bool Instance::call(Handler handler, dunlin_conn conn, FunctionRef<void(lua_State*, Run&)> push, Push take) {
  Run run(*this, engine_, handler, conn, 0);
  Engine& engine = *run.engine;
  figures_.add(Figure::runs);
  engine.set_running(&run);
  engine.meter().resume({}, engine.main());
  std::string error;
  const bool good = engine.protect(
      [&](lua_State* state) {
        lua_pushcfunction(state, traceback);
        lua_rawgeti(state, LUA_REGISTRYINDEX, engine.handler(handler).ref);
        push(state, run);
        if (lua_pcall(state, lua_gettop(state) - 2, 1, 1) != LUA_OK) lua_error(state);
        take(state);
      },
      error);
  run.used = engine.meter().save();
  engine.set_running(nullptr);
  if (!good) fail(run, error);
  return good;
}

std::string Instance::describe_error(Run& run) {
  std::string text, error;
  const bool described = run.engine->protect(
      [&](lua_State* main) {
        lua_State* state = run.coroutine.state;
        const char* message = luaL_tolstring(state, -1, nullptr);
        luaL_traceback(main, state, message, 0);
        text = lua_tostring(main, -1);
      },
      error);
  return described ? text : error;
}

dunlin_verdict Instance::fail(Run& run, const std::string& what) {
  figures_.add(run.used.over ? Figure::stopped : Figure::errors);
  host_.log(DUNLIN_LOG_ERROR, std::string(handler_name(run.handler)) + ": " + what, run.conn);
  if (run.handler == Handler::authenticate) return kFault;
  const bool closes = run.handler != Handler::close && run.handler != Handler::encode;
  if (closes) Conn(host_, run.conn).close(1011, "script error");
  return DUNLIN_DENY;
}

void Instance::abandon(Run& run) {
  if (run.then != LUA_NOREF) luaL_unref(run.engine->main(), LUA_REGISTRYINDEX, std::exchange(run.then, LUA_NOREF));
  if (run.wait) std::exchange(run.wait, nullptr)->run = nullptr;
}

Wait* Instance::begin_wait(Run& run) {
  if (run.wait) run.wait->run = nullptr;  // a coroutine of the script's own that nobody resumes
  Wait& wait = waits_.emplace_front(*this, run);
  wait.self = waits_.begin();
  return run.wait = &wait;
}

void Instance::drop_wait(Wait* wait) {
  if (wait->run) wait->run->wait = nullptr;
  waits_.erase(wait->self);
}

void Instance::end_wait(Wait* wait, Push push) {
  Instance& self = wait->instance;
  Run* run = wait->run;
  self.drop_wait(wait);
  if (!run) return;
  lua_State* state = run->coroutine.state;
  const bool anew = run->then != LUA_NOREF;
  const int before = lua_gettop(state) + (anew ? 1 : 0);
  std::string error;
  std::optional<dunlin_verdict> verdict;
  const auto fill = [&](lua_State*) {
    if (anew) {
      lua_rawgeti(state, LUA_REGISTRYINDEX, run->then);
      luaL_unref(state, LUA_REGISTRYINDEX, std::exchange(run->then, LUA_NOREF));
    }
    push(state);
  };
  if (run->engine->protect(fill, error)) {
    verdict = self.advance(*run, lua_gettop(state) - before);
    if (!verdict) return;
    run->coroutine = {};  // advance gave it back
  } else {
    verdict = self.fail(*run, error);
  }
  const dunlin_ticket ticket = run->ticket;
  self.drop(*run);
  if (ticket != 0 && *verdict != DUNLIN_PENDING) self.host_.tickets()->answer(self.host_.raw(), ticket, *verdict, nullptr);
}

void Instance::cancel(dunlin_ticket ticket) {
  if (const auto found = by_ticket_.find(ticket); found != by_ticket_.end()) drop(*found->second);
}

void Instance::drop(Run& run) {
  if (run.wait) {
    Wait& wait = *std::exchange(run.wait, nullptr);
    wait.run = nullptr;
    if (wait.timer.running() || wait.http.running()) drop_wait(&wait);
  }
  abandon(run);
  if (run.coroutine.state) {
    // Its to-be-closed variables are closed here, within a budget of their own.
    run.engine->meter().resume({}, run.coroutine.state);
    lua_resetthread(run.coroutine.state);
    run.engine->meter().save();
    run.engine->give_back(run.coroutine, false);
  }
  by_ticket_.erase(run.ticket);
  suspended_.erase(&run);  // destroys it
  figures_.set(Figure::waiting, static_cast<std::int64_t>(suspended_.size()));
}

void Instance::watch_files() {
  if (settings_.reload_ms == 0) return;
  const auto period = static_cast<std::uint64_t>(settings_.reload_ms);
  reload_timer_.start(host_, period, period, [this] { reload(); });
}

void Instance::reload() {
  if (!(failed_ ? *failed_ : engine_->files()).changed()) return;
  std::string error;
  FileWatch tried;
  std::shared_ptr<Engine> fresh = Engine::load(host_, settings_, error, &tried);
  if (!fresh) {
    failed_ = std::move(tried);
    figures_.add(Figure::reload_failures);
    if (settings_.notes.first(error)) {
      host_.log(DUNLIN_LOG_ERROR, "the changed script is no good, the old one stays in force: " + error);
    }
    return;
  }
  failed_.reset();
  engine_->timers().stop();
  engine_ = std::move(fresh);
  engine_->timers().set_owner(*this);
  figures_.add(Figure::reloads);
  settings_.notes.first("");
  host_.log(DUNLIN_LOG_INFO, "reloaded " + settings_.entry);
}

}  // namespace dunlin::lua
