// SPDX-License-Identifier: Apache-2.0
// mix.shared: values and counters that the workers of a node share. Nothing here waits.
#include <time.h>

#include "plugins/lua/engine.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

SharedStore& store_of(lua_State* state) { return Engine::of(state).settings().shared; }

std::int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

std::string_view check_key(lua_State* state) {
  const std::string_view key = to_view(state, 1);
  luaL_argcheck(state, !key.empty() && key.size() <= 1024, 1, "a key of 1 to 1024 bytes is wanted");
  return key;
}

std::int64_t check_ttl(lua_State* state, int index) {
  constexpr lua_Integer kYear = 365LL * 24 * 60 * 60 * 1000;
  const lua_Integer ttl = luaL_optinteger(state, index, 0);
  luaL_argcheck(state, ttl >= 0 && ttl <= kYear, index, "milliseconds from 0 (for ever) to a year are wanted");
  return ttl;
}

// The value at 2 as JSON text; a wrong one is an error of the script, as it is in conn:set_context_value.
bool value_at(lua_State* state, std::string& json, std::string& error) {
  luaL_checkany(state, 2);
  return json_write(state, 2, json, error, Bytes::kept);
}

int get(lua_State* state) {
  const auto json = store_of(state).get(check_key(state), now_ms());
  if (!json) return lua_pushnil(state), 1;
  std::string error;
  return json_push(state, *json, error, Bytes::kept) ? 1 : fail_with(state, error);
}

// mix.shared.set(key, value [, ttl_ms]) → err; nil as the value removes the key
int set(lua_State* state) {
  const std::string_view key = check_key(state);
  const std::int64_t ttl = check_ttl(state, 3);
  std::string json, error;
  if (!value_at(state, json, error)) return push(state, error), 1;
  if (json == "null") {
    store_of(state).remove(key, now_ms());
    return lua_pushnil(state), 1;
  }
  if (store_of(state).set(key, std::move(json), ttl, now_ms()) == SharedStore::Outcome::done) {
    return lua_pushnil(state), 1;
  }
  lua_pushliteral(state, "mix.shared is full");
  lua_pushliteral(state, "full");
  return 2;
}

// mix.shared.add(key, value [, ttl_ms]) → true; false, "exists" or false, err
int add(lua_State* state) {
  const std::string_view key = check_key(state);
  const std::int64_t ttl = check_ttl(state, 3);
  std::string json, error;
  if (!value_at(state, json, error)) return lua_pushboolean(state, 0), push(state, error), 2;
  const auto outcome = store_of(state).set(key, std::move(json), ttl, now_ms(), true);
  lua_pushboolean(state, outcome == SharedStore::Outcome::done);
  if (outcome == SharedStore::Outcome::done) return 1;
  lua_pushstring(state, outcome == SharedStore::Outcome::exists ? "exists" : "mix.shared is full");
  return 2;
}

// mix.shared.incr(key [, by [, ttl_ms]]) → the sum; nil, err
int incr(lua_State* state) {
  const std::string_view key = check_key(state);
  const lua_Integer by = luaL_optinteger(state, 2, 1);
  const std::int64_t ttl = check_ttl(state, 3);
  std::int64_t value = 0;
  switch (store_of(state).add(key, by, ttl, now_ms(), value)) {
    case SharedStore::Outcome::done:
      lua_pushinteger(state, value);
      return 1;
    case SharedStore::Outcome::no_integer:
      return fail_with(state, "the value is no integer, or the sum is over 64 bits");
    default:
      return fail_with(state, "mix.shared is full");
  }
}

int remove(lua_State* state) {
  lua_pushboolean(state, store_of(state).remove(check_key(state), now_ms()));
  return 1;
}

constexpr luaL_Reg kShared[] = {{"get", get}, {"set", set}, {"add", add}, {"incr", incr}, {"delete", remove},
                                {nullptr, nullptr}};

}  // namespace

void open_mix_shared(lua_State* state) {
  luaL_newlib(state, kShared);
  lua_setfield(state, -2, "shared");
}

}  // namespace dunlin::lua
