// SPDX-License-Identifier: Apache-2.0
// mix.queue.push: hand a message to the backends that pop its topic.
#include <string>

#include "plugins/lua/instance.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

int not_pushed(lua_State* state, dunlin_status status) {
  lua_pushinteger(state, 0);
  lua_pushstring(state, status == DUNLIN_E_FULL ? "the topic is full, or there are too many topics" : status_text(status));
  return 2;
}

int push_outcome(lua_State* state, dunlin_status status, std::uint64_t held) {
  if (status != DUNLIN_OK) return not_pushed(state, status);
  lua_pushinteger(state, static_cast<lua_Integer>(held));
  lua_pushnil(state);
  return 2;
}

// Nobody is told of the outcome: a topic that is full is counted, in dunlin_queue_refused_total.
int push_blindly(lua_State* state, std::string_view topic, const std::string& data) {
  const Run& run = *Engine::of(state).running();
  const Host& host = run.engine->host();
  const dunlin_status status =
      host.find<dunlin_queue>() ? plugin::push(host, run.conn, topic, data) : DUNLIN_E_UNAVAILABLE;
  return status == DUNLIN_OK ? 0 : not_pushed(state, status);
}

int push_message(lua_State* state) {
  const std::string_view topic = to_view(state, 1);
  std::string data, error;
  if (!lua_istable(state, 2)) {
    data = to_view(state, 2);
  } else if (!json_write(state, 2, data, error)) {
    lua_pushinteger(state, 0);
    push(state, error);
    return 2;
  }
  if (goes_without_outcome(state)) return push_blindly(state, topic, data);
  Run& run = waiting_run(state, "mix.queue.push");
  const Host& host = run.engine->host();
  if (!host.find<dunlin_queue>()) return not_pushed(state, DUNLIN_E_UNAVAILABLE);
  Wait* wait = run.instance.begin_wait(run);
  const dunlin_status status = plugin::push(host, run.conn, topic, data, [wait](dunlin_status how, std::uint64_t held) {
    Instance::end_wait(wait, [&](lua_State* waiting) { push_outcome(waiting, how, held); });
  });
  if (status == DUNLIN_OK) return suspend(state);
  run.instance.drop_wait(wait);
  return not_pushed(state, status);
}

// mix.queue.new(topic, size) of the oldest scripts: the bounds of topics are in the configuration.
int new_topic(lua_State* state) {
  luaL_checkstring(state, 1);
  return 0;
}

constexpr luaL_Reg kQueue[] = {{"push", push_message}, {"new", new_topic}, {nullptr, nullptr}};

}  // namespace

void open_mix_queue(lua_State* state) {
  luaL_newlib(state, kQueue);
  lua_setfield(state, -2, "queue");
}

}  // namespace dunlin::lua
