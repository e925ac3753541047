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

void pushed(void* user, dunlin_status status, std::uint64_t held) {
  Instance::end_wait(static_cast<Wait*>(user), [&](lua_State* state) {
    if (status != DUNLIN_OK) {
      not_pushed(state, status);
      return;
    }
    lua_pushinteger(state, static_cast<lua_Integer>(held));
    lua_pushnil(state);
  });
}

// The data as text: a table becomes JSON.
std::string text_at(lua_State* state, int index) {
  if (lua_type(state, index) != LUA_TTABLE) return std::string(to_view(state, index));
  std::string out, error;
  if (!json_write(state, index, out, error)) luaL_error(state, "%s", error.c_str());
  return out;
}

int push_message(lua_State* state) {
  const std::string_view topic = to_view(state, 1);
  const std::string data = text_at(state, 2);
  Run& run = waiting_run(state, "mix.queue.push");
  const Host& host = run.engine->host();
  if (!host.queue) return not_pushed(state, DUNLIN_E_UNAVAILABLE);
  Wait* wait = run.instance.begin_wait(run);
  const dunlin_status status = host.queue->push(host.self, run.conn, str(topic), str(data), pushed, wait);
  if (status == DUNLIN_OK) return suspend(state);
  run.instance.drop_wait(wait);
  return not_pushed(state, status);
}

constexpr luaL_Reg kQueue[] = {{"push", push_message}, {nullptr, nullptr}};

}  // namespace

void open_mix_queue(lua_State* state) {
  luaL_newlib(state, kQueue);
  lua_setfield(state, -2, "queue");
}

}  // namespace dunlin::lua
