// SPDX-License-Identifier: Apache-2.0
#include "plugins/lua/timers.h"

#include "plugins/lua/instance.h"

namespace dunlin::lua {

std::int64_t Timers::start(std::int64_t after_ms, std::int64_t every_ms, int ref) {
  if (timers_.size() >= kMax) return 0;
  const std::int64_t id = next_++;
  std::unique_ptr<Timer> timer(new Timer{*this, id, ref, every_ms != 0, {}, {}});
  const dunlin_status status =
      timer->ticking.start(host_, static_cast<std::uint64_t>(after_ms), static_cast<std::uint64_t>(every_ms),
                           [fired = timer.get()] { fired->owner.call(*fired); });
  if (status != DUNLIN_OK && host_.find<dunlin_timer>()) return 0;
  timers_.emplace(id, std::move(timer));
  return id;
}

bool Timers::cancel(lua_State* state, std::int64_t id) {
  const auto found = timers_.find(id);
  if (found == timers_.end()) return false;
  luaL_unref(state, LUA_REGISTRYINDEX, found->second->ref);
  timers_.erase(found);
  return true;
}

void Timers::stop() { timers_.clear(); }

// The script may cancel the timer, and the reload of its end may be the engine's: nothing is touched after the call.
void Timers::call(Timer& timer) {
  if (!timer.running.expired()) return;  // the last call has not ended: this one is left out
  const auto token = std::make_shared<char>();
  timer.running = token;
  const int ref = timer.ref;
  const bool repeats = timer.repeats;
  const std::shared_ptr<Engine> engine = engine_.shared_from_this();
  if (!repeats) timers_.erase(timer.id);
  owner_->start_timer(engine, token, [ref, repeats](lua_State* state) {
    lua_rawgeti(state, LUA_REGISTRYINDEX, ref);
    if (!repeats) luaL_unref(state, LUA_REGISTRYINDEX, ref);
  });
}

}  // namespace dunlin::lua
