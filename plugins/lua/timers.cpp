// SPDX-License-Identifier: Apache-2.0
#include "plugins/lua/timers.h"

#include "plugins/lua/instance.h"

namespace dunlin::lua {

std::int64_t Timers::start(std::int64_t after_ms, std::int64_t every_ms, int ref) {
  if (timers_.size() >= kMax) return 0;
  const std::int64_t id = next_++;
  auto timer = std::make_unique<Timer>(Timer{*this, id, ref, every_ms != 0, 0, {}});
  if (host_.timer) {
    const dunlin_status status = host_.timer->start(host_.self, static_cast<std::uint64_t>(after_ms),
                                                    static_cast<std::uint64_t>(every_ms), fired, timer.get(),
                                                    &timer->host_id);
    if (status != DUNLIN_OK) return 0;
  }
  timers_.emplace(id, std::move(timer));
  return id;
}

bool Timers::cancel(lua_State* state, std::int64_t id) {
  const auto found = timers_.find(id);
  if (found == timers_.end()) return false;
  if (host_.timer) host_.timer->stop(host_.self, found->second->host_id);
  luaL_unref(state, LUA_REGISTRYINDEX, found->second->ref);
  timers_.erase(found);
  return true;
}

void Timers::stop() {
  for (const auto& [id, timer] : timers_) {
    if (host_.timer) host_.timer->stop(host_.self, timer->host_id);
  }
  timers_.clear();
}

void Timers::fired(void* timer) {
  auto& fired = *static_cast<Timer*>(timer);
  fired.owner.call(fired);
}

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
