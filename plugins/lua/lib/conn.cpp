// SPDX-License-Identifier: Apache-2.0
// The connection object of scripts: an id and its methods. A stale id gives "the connection has left", never a crash.
#include <utility>

#include "plugins/lua/instance.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

dunlin_conn check_conn(lua_State* state) {
  return *static_cast<const dunlin_conn*>(luaL_checkudata(state, 1, kConnMetatable));
}

const Host& host_of(lua_State* state) { return Engine::of(state).host(); }

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
  lua_pushinteger(state, static_cast<lua_Integer>(check_conn(state)));
  return 1;
}

int remote_addr(lua_State* state) {
  const dunlin_conn conn = check_conn(state);
  const Host& host = host_of(state);
  dunlin_str text{};
  const dunlin_status status = host.conn->info(host.self, conn, DUNLIN_CONN_REMOTE_ADDR, &text);
  if (status != DUNLIN_OK) return value_failed(state, status);
  push(state, view(text));
  return 1;
}

int context(lua_State* state) {
  const dunlin_conn conn = check_conn(state);
  const Host& host = host_of(state);
  dunlin_str json{};
  const dunlin_status status = host.context->all(host.self, conn, &json);
  if (status != DUNLIN_OK) return value_failed(state, status);
  std::string error;
  return json_push(state, view(json), error, Bytes::kept) ? 1 : fail_with(state, error);
}

int context_value(lua_State* state) {
  const dunlin_conn conn = check_conn(state);
  const std::string_view key = to_view(state, 2);
  const Host& host = host_of(state);
  dunlin_str json{};
  const dunlin_status status = host.context->get(host.self, conn, str(key), &json);
  if (status == DUNLIN_E_NOT_FOUND) return lua_pushnil(state), 1;
  if (status != DUNLIN_OK) return value_failed(state, status);
  std::string error;
  return json_push(state, view(json), error, Bytes::kept) ? 1 : fail_with(state, error);
}

int set_context(lua_State* state) {
  const dunlin_conn conn = check_conn(state);
  luaL_checktype(state, 2, LUA_TTABLE);
  std::string json, error;
  if (!json_write(state, 2, json, error, Bytes::kept)) return push(state, error), 1;
  if (json.front() != '{') return lua_pushliteral(state, "a context is a table with named fields, not a list"), 1;
  const Host& host = host_of(state);
  return outcome(state, host.context->replace(host.self, conn, str(json)));
}

int set_context_value(lua_State* state) {
  const dunlin_conn conn = check_conn(state);
  const std::string_view key = to_view(state, 2);
  luaL_checkany(state, 3);
  std::string json, error;
  if (!json_write(state, 3, json, error, Bytes::kept)) return push(state, error), 1;
  const Host& host = host_of(state);
  return outcome(state, host.context->set(host.self, conn, str(key), str(json)));
}

void context_came(void* user, dunlin_status status, dunlin_str value) {
  Instance::end_wait(static_cast<Wait*>(user), [&](lua_State* state) {
    std::string error;
    if (status != DUNLIN_OK) {
      value_failed(state, status);
    } else if (!json_push(state, view(value), error, Bytes::kept)) {
      fail_with(state, error);
    }
  });
}

int wait_context_value(lua_State* state) {
  constexpr lua_Integer kHour = 60 * 60 * 1000;
  const dunlin_conn conn = check_conn(state);
  const std::string_view key = to_view(state, 2);
  const lua_Integer timeout = luaL_optinteger(state, 3, kHour);
  luaL_argcheck(state, timeout > 0, 3, "milliseconds over 0 are wanted");
  Run& run = waiting_run(state, "conn:wait_context_value");
  const Host& host = host_of(state);
  Wait* wait = run.instance.begin_wait(run);
  const dunlin_status status =
      host.context->wait(host.self, conn, str(key), static_cast<std::uint64_t>(timeout), context_came, wait);
  if (status == DUNLIN_OK) return suspend(state);
  run.instance.drop_wait(wait);
  return value_failed(state, status);
}

using ChannelCall = dunlin_status (*)(const dunlin_host*, dunlin_conn, dunlin_str);

// Does it for each channel up to the first that fails.
int each_channel(lua_State* state, dunlin_conn conn, ChannelCall call, dunlin_status tolerated) {
  const int last = lua_gettop(state);
  luaL_checkstring(state, 2);
  for (int i = 2; i <= last; ++i) {
    const dunlin_status status = call(host_of(state).self, conn, str(to_view(state, i)));
    if (status != DUNLIN_OK && status != tolerated) return outcome(state, status);
  }
  return outcome(state, DUNLIN_OK);
}

void guards_agreed(void* user, dunlin_conn, dunlin_status status) {
  Instance::end_wait(static_cast<Wait*>(user), [&](lua_State* state) { outcome(state, status); });
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
  const dunlin_conn conn = check_conn(state);
  for (int i = first; i <= last; ++i) {
    const Host& host = host_of(state);
    const dunlin_str channel = str(to_view(state, i));
    dunlin_status status = host.channel->subscribe(host.self, conn, channel);
    if (status == DUNLIN_E_DENIED && host.subscribe) {
      Run& run = waiting_run(state, "conn:subscribe");
      Wait* wait = run.instance.begin_wait(run);
      status = host.subscribe->request(host.self, conn, channel, guards_agreed, wait);
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
  return each_channel(state, check_conn(state), host_of(state).channel->unsubscribe, DUNLIN_E_NOT_FOUND);
}

int send(lua_State* state) {
  const dunlin_conn conn = check_conn(state);
  const std::string_view data = to_view(state, 2);
  const Host& host = host_of(state);
  return outcome(state, host.conn->send(host.self, conn, check_kind(state, 3), str(data)));
}

int close(lua_State* state) {
  const dunlin_conn conn = check_conn(state);
  const lua_Integer code = luaL_optinteger(state, 2, 1000);
  const std::string_view reason = lua_isnoneornil(state, 3) ? std::string_view() : to_view(state, 3);
  luaL_argcheck(state, code >= 1000 && code <= 4999, 2, "a code from 1000 to 4999 is wanted");
  luaL_argcheck(state, reason.size() <= 123, 3, "over 123 bytes");
  const Host& host = host_of(state);
  return outcome(state, host.conn->close(host.self, conn, static_cast<std::int32_t>(code), str(reason)));
}

void logged_in(void* user, dunlin_conn, dunlin_verdict verdict, dunlin_status status) {
  Instance::end_wait(static_cast<Wait*>(user), [&](lua_State* state) {
    const bool ok = verdict == DUNLIN_ALLOW;
    lua_pushboolean(state, ok);
    if (ok) return;
    // A refusal that gives no reason is a refusal all the same.
    outcome(state, status == DUNLIN_OK ? DUNLIN_E_DENIED : status);
  });
}

int authenticate(lua_State* state) {
  const dunlin_conn conn = check_conn(state);
  const dunlin_credentials credentials{str(to_view(state, 2)), DUNLIN_LOGIN_MESSAGE, 0};
  const bool suspends = lua_isnoneornil(state, 3);
  if (!suspends) luaL_checktype(state, 3, LUA_TFUNCTION);
  Run& run = suspends ? waiting_run(state, "conn:authenticate") : handler_run(state, "conn:authenticate");
  if (!suspends) go_on_with(state, run, 3);
  const Host& host = host_of(state);
  Wait* wait = run.instance.begin_wait(run);
  const dunlin_status status = host.conn->authenticate(host.self, conn, &credentials, logged_in, wait);
  if (status == DUNLIN_OK && suspends) return suspend(state);
  lua_pushboolean(state, status == DUNLIN_OK);
  if (status == DUNLIN_OK) return 1;
  run.instance.drop_wait(wait);
  if (!suspends) luaL_unref(state, LUA_REGISTRYINDEX, std::exchange(run.then, LUA_NOREF));
  return 1 + outcome(state, status);
}

int uid(lua_State* state) {
  const dunlin_conn conn = check_conn(state);
  const Host& host = host_of(state);
  dunlin_uid found{};
  const dunlin_status status = host.conn->uid(host.self, conn, &found);
  if (status == DUNLIN_E_NOT_FOUND) return lua_pushnil(state), 1;
  if (status != DUNLIN_OK) return value_failed(state, status);
  push_uid(state, found);
  return 1;
}

int conn_tostring(lua_State* state) {
  push(state, "conn " + std::to_string(check_conn(state)));
  return 1;
}

int conn_equal(lua_State* state) {
  const auto* other = static_cast<const dunlin_conn*>(luaL_checkudata(state, 2, kConnMetatable));
  lua_pushboolean(state, check_conn(state) == *other);
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
