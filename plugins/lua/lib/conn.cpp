// SPDX-License-Identifier: Apache-2.0
// The connection object of scripts: an id and its methods. A stale id gives "the connection has left", never a crash.
#include <utility>

#include "plugins/lua/instance.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

const Host& host_of(lua_State* state) { return Engine::of(state).host(); }

Conn check_conn(lua_State* state) {
  return {host_of(state), *static_cast<const dunlin_conn*>(luaL_checkudata(state, 1, kConnMetatable))};
}

// What a call that gives `err` or nil returns: nothing, or the error in words and in one word.
int outcome(lua_State* state, dunlin_status status) {
  if (status == DUNLIN_OK) return lua_pushnil(state), 1;
  lua_pushstring(state, status_text(status));
  lua_pushstring(state, status_kind(status));
  return 2;
}

int value_failed(lua_State* state, dunlin_status status) {
  lua_pushnil(state);
  return 1 + outcome(state, status);
}

int client_id(lua_State* state) {
  lua_pushinteger(state, static_cast<lua_Integer>(check_conn(state).id()));
  return 1;
}

int remote_addr(lua_State* state) {
  const auto text = check_conn(state).info(DUNLIN_CONN_REMOTE_ADDR);
  if (!text) return value_failed(state, text.status);
  push(state, *text);
  return 1;
}

int push_context(lua_State* state, const plugin::Found& json) {
  if (!json) return value_failed(state, json.status);
  std::string error;
  return json_push(state, *json, error, Bytes::kept) ? 1 : fail_with(state, error);
}

int context(lua_State* state) {
  const Conn conn = check_conn(state);
  return push_context(state, plugin::whole_context(host_of(state), conn));
}

int context_value(lua_State* state) {
  const Conn conn = check_conn(state);
  const auto json = plugin::context(host_of(state), conn, to_view(state, 2));
  return json.status == DUNLIN_E_NOT_FOUND ? (lua_pushnil(state), 1) : push_context(state, json);
}

int set_context(lua_State* state) {
  const Conn conn = check_conn(state);
  luaL_checktype(state, 2, LUA_TTABLE);
  std::string json, error;
  if (!json_write(state, 2, json, error, Bytes::kept)) return push(state, error), 1;
  if (json.front() != '{') return lua_pushliteral(state, "a context is a table with named fields, not a list"), 1;
  return outcome(state, plugin::replace_context(host_of(state), conn, json));
}

int set_context_value(lua_State* state) {
  const Conn conn = check_conn(state);
  const std::string_view key = to_view(state, 2);
  luaL_checkany(state, 3);
  std::string json, error;
  if (!json_write(state, 3, json, error, Bytes::kept)) return push(state, error), 1;
  return outcome(state, plugin::set_context(host_of(state), conn, key, json));
}

int wait_context_value(lua_State* state) {
  constexpr lua_Integer kHour = 60 * 60 * 1000;
  const Conn conn = check_conn(state);
  const std::string_view key = to_view(state, 2);
  const lua_Integer timeout = luaL_optinteger(state, 3, kHour);
  luaL_argcheck(state, timeout > 0, 3, "milliseconds over 0 are wanted");
  Run& run = waiting_run(state, "conn:wait_context_value");
  Wait* wait = run.instance.begin_wait(run);
  const auto came = [wait](dunlin_status status, std::string_view json) {
    Instance::end_wait(wait, [&](lua_State* waiting) {
      if (status == DUNLIN_OK) push_context(waiting, {json, status});
      else value_failed(waiting, status);
    });
  };
  const dunlin_status status =
      plugin::wait_context(host_of(state), conn, key, static_cast<std::uint64_t>(timeout), came);
  if (status == DUNLIN_OK) return suspend(state);
  run.instance.drop_wait(wait);
  return value_failed(state, status);
}

int subscribe_from(lua_State* state, int first, int last);

// The guards have spoken about the channel at `context`; what they said is above the arguments.
int subscribe_on(lua_State* state, int, lua_KContext context) {
  const int asked = static_cast<int>(context >> 16), last = static_cast<int>(context & 0xffff);
  if (!lua_isnil(state, last + 1)) return lua_gettop(state) - last;
  lua_settop(state, last);
  return subscribe_from(state, asked + 1, last);
}

// Where the endpoint has guards it waits for them, one channel after the other.
int subscribe_from(lua_State* state, int first, int last) {
  const Conn conn = check_conn(state);
  const Host& host = host_of(state);
  for (int i = first; i <= last; ++i) {
    const std::string_view channel = to_view(state, i);
    dunlin_status status = plugin::subscribe(host, conn, channel);
    if (status == DUNLIN_E_DENIED && host.find<dunlin_subscribe>()) {
      Run& run = waiting_run(state, "conn:subscribe");
      Wait* wait = run.instance.begin_wait(run);
      status = plugin::subscribe(host, conn, channel, [wait](dunlin_status said) {
        Instance::end_wait(wait, [said](lua_State* waiting) { outcome(waiting, said); });
      });
      if (status == DUNLIN_OK) return suspend_then(state, static_cast<lua_KContext>(i) << 16 | last, subscribe_on);
      run.instance.drop_wait(wait);
    }
    if (status != DUNLIN_OK) return outcome(state, status);
  }
  return outcome(state, DUNLIN_OK);
}

int subscribe(lua_State* state) {
  luaL_checkstring(state, 2);
  return subscribe_from(state, 2, lua_gettop(state));
}

int unsubscribe(lua_State* state) {
  const Conn conn = check_conn(state);
  const int last = lua_gettop(state);
  luaL_checkstring(state, 2);
  for (int i = 2; i <= last; ++i) {  // up to the first that fails
    const dunlin_status status = plugin::unsubscribe(host_of(state), conn, to_view(state, i));
    if (status != DUNLIN_OK && status != DUNLIN_E_NOT_FOUND) return outcome(state, status);
  }
  return outcome(state, DUNLIN_OK);
}

int send(lua_State* state) {
  const Conn conn = check_conn(state);
  const std::string_view data = to_view(state, 2);
  return outcome(state, conn.send(data, check_kind(state, 3)));
}

int close(lua_State* state) {
  const Conn conn = check_conn(state);
  const lua_Integer code = luaL_optinteger(state, 2, 1000);
  const std::string_view reason = lua_isnoneornil(state, 3) ? std::string_view() : to_view(state, 3);
  luaL_argcheck(state, code >= 1000 && code <= 4999, 2, "a code from 1000 to 4999 is wanted");
  luaL_argcheck(state, reason.size() <= 123, 3, "over 123 bytes");
  return outcome(state, conn.close(static_cast<std::int32_t>(code), reason));
}

void push_login(lua_State* state, dunlin_verdict verdict, dunlin_status status) {
  const bool ok = verdict == DUNLIN_ALLOW;
  lua_pushboolean(state, ok);
  // A refusal that gives no reason is a refusal all the same.
  if (!ok) outcome(state, status == DUNLIN_OK ? DUNLIN_E_DENIED : status);
}

int authenticate(lua_State* state) {
  const Conn conn = check_conn(state);
  const std::string_view token = to_view(state, 2);
  const bool suspends = lua_isnoneornil(state, 3);
  if (!suspends) luaL_checktype(state, 3, LUA_TFUNCTION);
  Run& run = suspends ? waiting_run(state, "conn:authenticate") : handler_run(state, "conn:authenticate");
  if (!suspends) go_on_with(state, run, 3);
  Wait* wait = run.instance.begin_wait(run);
  const dunlin_status status = conn.authenticate(token, [wait](dunlin_verdict verdict, dunlin_status why) {
    Instance::end_wait(wait, [&](lua_State* waiting) { push_login(waiting, verdict, why); });
  });
  if (status == DUNLIN_OK && suspends) return suspend(state);
  lua_pushboolean(state, status == DUNLIN_OK);
  if (status == DUNLIN_OK) return 1;
  run.instance.drop_wait(wait);
  if (!suspends) luaL_unref(state, LUA_REGISTRYINDEX, std::exchange(run.then, LUA_NOREF));
  return 1 + outcome(state, status);
}

int uid(lua_State* state) {
  const Conn conn = check_conn(state);
  const Host& host = host_of(state);
  dunlin_uid found{};
  const dunlin_status status = host.conns()->uid(host.raw(), conn.id(), &found);
  if (status == DUNLIN_E_NOT_FOUND) return lua_pushnil(state), 1;
  if (status != DUNLIN_OK) return value_failed(state, status);
  push_uid(state, found);
  return 1;
}

int conn_tostring(lua_State* state) {
  push(state, "conn " + std::to_string(check_conn(state).id()));
  return 1;
}

int conn_equal(lua_State* state) {
  const auto* other = static_cast<const dunlin_conn*>(luaL_checkudata(state, 2, kConnMetatable));
  lua_pushboolean(state, check_conn(state).id() == *other);
  return 1;
}

constexpr luaL_Reg kMethods[] = {{"client_id", client_id},
                                 {"remote_addr", remote_addr},
                                 {"context", context},
                                 {"context_value", context_value},
                                 {"set_context", set_context},
                                 {"set_context_value", set_context_value},
                                 {"wait_context_value", wait_context_value},
                                 {"subscribe", subscribe},
                                 {"unsubscribe", unsubscribe},
                                 {"send", send},
                                 {"close", close},
                                 {"authenticate", authenticate},
                                 {"uid", uid},
                                 {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {{"__tostring", conn_tostring}, {"__eq", conn_equal}, {nullptr, nullptr}};

}  // namespace

void push_conn(lua_State* state, dunlin_conn conn) {
  *static_cast<dunlin_conn*>(lua_newuserdatauv(state, sizeof conn, 0)) = conn;
  luaL_setmetatable(state, kConnMetatable);
}

void push_uid(lua_State* state, const dunlin_uid& uid) {
  if (uid.kind == DUNLIN_UID_NUMBER) return push_digits(state, view(uid.text));
  push(state, view(uid.text));
}

void open_conn(lua_State* state) {
  luaL_newmetatable(state, kConnMetatable);
  luaL_setfuncs(state, kMeta, 0);
  luaL_newlib(state, kMethods);
  lua_setfield(state, -2, "__index");
  lua_pushboolean(state, 0);
  lua_setfield(state, -2, "__metatable");
  lua_pop(state, 1);
}

}  // namespace dunlin::lua
