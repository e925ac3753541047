// SPDX-License-Identifier: Apache-2.0
// mix.redis: commands to the Redis servers of the configuration. A command looks blocking and suspends its handler only.
#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "plugins/lua/instance.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

constexpr char kRedisMetatable[] = "dunlin.redis";

// Within a list a null is mix.null, since a table cannot hold nil, and an error a table with `err`.
void push_value(lua_State* state, const dunlin_redis_value& value, bool within) {
  luaL_checkstack(state, 4, "a reply of Redis is nested too deeply");
  switch (value.kind) {
    case DUNLIN_REDIS_STRING:
    case DUNLIN_REDIS_STATUS:
      return push(state, view(value.text));
    case DUNLIN_REDIS_INTEGER:
      return lua_pushinteger(state, value.integer);
    case DUNLIN_REDIS_ERROR:
      lua_createtable(state, 0, 1);
      push(state, view(value.text));
      return lua_setfield(state, -2, "err");
    case DUNLIN_REDIS_LIST:
      lua_createtable(state, static_cast<int>(std::min<std::size_t>(value.item_count, 1 << 20)), 0);
      for (std::size_t i = 0; i < value.item_count; ++i) {
        push_value(state, value.items[i], true);
        lua_rawseti(state, -2, static_cast<lua_Integer>(i + 1));
      }
      return;
    default:
      return within ? push_null(state) : lua_pushnil(state);
  }
}

void replied(void* user, dunlin_status status, const dunlin_redis_value* value) {
  Instance::end_wait(static_cast<Wait*>(user), [&](lua_State* state) {
    if (status != DUNLIN_OK || value->kind == DUNLIN_REDIS_ERROR) {
      fail_with(state, view(value->text));
    } else {
      push_value(state, *value, false);
    }
  });
}

// A string, or a number in its shortest exact form: 5 for 5.0.
std::string check_argument(lua_State* state, int index) {
  if (lua_type(state, index) == LUA_TNUMBER && !lua_isinteger(state, index)) {
    char text[32];
    const auto written = std::to_chars(text, text + sizeof text, lua_tonumber(state, index));
    return {text, written.ptr};
  }
  luaL_argexpected(state, lua_isstring(state, index), index, "string or number");
  return std::string(to_view(state, index));
}

dunlin_status start(const Host& host, std::string_view server, const std::vector<std::string>& arguments, dunlin_redis_fn fn,
                    void* user) {
  std::vector<dunlin_str> argv;
  argv.reserve(arguments.size());
  for (const std::string& argument : arguments) argv.push_back(str(argument));
  std::uint64_t id = 0;
  return host.redis->command(host.self, str(server), argv.data(), argv.size(), 0, fn, user, &id);
}

int not_started(lua_State* state, dunlin_status status, const std::string& command) {
  if (status == DUNLIN_E_DENIED)
    return fail_with(state, command + " needs a connection of its own, and those of Redis are shared");
  if (status == DUNLIN_E_FULL) return fail_with(state, "too many commands to Redis are under way");
  return fail_with(state, status == DUNLIN_E_NOT_FOUND ? "the configuration names no such Redis server" : status_text(status));
}

int submit(lua_State* state, std::string_view server, const std::vector<std::string>& arguments, const char* function) {
  Run& run = waiting_run(state, function);
  Wait* wait = run.instance.begin_wait(run);
  const dunlin_status status = start(run.engine->host(), server, arguments, replied, wait);
  if (status == DUNLIN_OK) return suspend(state);
  run.instance.drop_wait(wait);
  return not_started(state, status, arguments[0]);
}

// Nobody is told of the outcome; it is counted, in dunlin_redis_commands_total.
int submit_blindly(lua_State* state, const std::vector<std::string>& arguments) {
  const auto forget = [](void*, dunlin_status, const dunlin_redis_value*) {};
  const dunlin_status status = start(Engine::of(state).host(), "", arguments, forget, nullptr);
  return status == DUNLIN_OK ? 0 : not_started(state, status, arguments[0]);
}

// redis:command(name, …) → value, err
int command(lua_State* state) {
  luaL_checkudata(state, 1, kRedisMetatable);
  const int last = lua_gettop(state);
  luaL_argcheck(state, to_view(state, 2).size() > 0, 2, "the name of a command is wanted");
  std::vector<std::string> arguments;
  for (int i = 2; i <= last; ++i) arguments.push_back(check_argument(state, i));
  lua_getiuservalue(state, 1, 1);
  const std::string server(to_view(state, -1));
  return submit(state, server, arguments, "redis:command");
}

// mix.redis.connection(name) → redis, err
int connection(lua_State* state) {
  const std::string_view name = to_view(state, 1);
  const Host& host = Engine::of(state).host();
  // The script's top level may ask, too: in its trial load there are no connections, and any name will do.
  const dunlin_status status = host.redis ? host.redis->find(host.self, str(name)) : DUNLIN_OK;
  if (status != DUNLIN_OK || name.empty())
    return fail_with(state, "the configuration names no Redis server \"" + std::string(name) + "\"");
  lua_newuserdatauv(state, 0, 1);
  lua_pushvalue(state, 1);
  lua_setiuservalue(state, -2, 1);
  luaL_setmetatable(state, kRedisMetatable);
  return 1;
}

// What queue.pop would have made of it, so that a consumer knows whose it is and where it came from.
bool as_event(lua_State* state, std::string& out, std::string& error) {
  std::string topic, data;
  if (!json_write(state, 1, topic, error) || !json_write(state, 2, data, error)) return false;
  const Run* run = Engine::of(state).running();
  out = "{\"c\":\"" + std::to_string(run ? run->conn : 0) + "\",\"t\":" + topic + ",\"d\":" + data + "}";
  return true;
}

// mix.redis.push(topic, data) → n, err
int push_topic(lua_State* state) {
  std::vector<std::string> arguments{"LPUSH", std::string(to_view(state, 1)), {}};
  const bool table = lua_istable(state, 2);
  if (!table) arguments[2] = check_argument(state, 2);
  std::string error;
  const bool written = Engine::of(state).settings().push_events ? as_event(state, arguments[2], error)
                                                                : !table || json_write(state, 2, arguments[2], error);
  if (!written) return fail_with(state, error);
  if (goes_without_outcome(state)) return submit_blindly(state, arguments);
  return submit(state, "", arguments, "mix.redis.push");
}

// What the oldest scripts have instead of redis:command, for the server called default.
int get(lua_State* state) { return submit(state, "", {"GET", check_argument(state, 1)}, "mix.redis.get"); }
int llen(lua_State* state) { return submit(state, "", {"LLEN", check_argument(state, 1)}, "mix.redis.llen"); }

// set(key, value [, expiry in seconds])
int set(lua_State* state) {
  std::vector<std::string> arguments{"SET", check_argument(state, 1), check_argument(state, 2)};
  if (!lua_isnoneornil(state, 3) && lua_tonumber(state, 3) != 0) {
    arguments.emplace_back("EX");
    arguments.push_back(check_argument(state, 3));
  }
  return submit(state, "", arguments, "mix.redis.set");
}

int add(lua_State* state, const char* command, const char* function) {
  return submit(state, "", {command, check_argument(state, 1), lua_isnoneornil(state, 2) ? "1" : check_argument(state, 2)},
                function);
}
int incr(lua_State* state) { return add(state, "INCRBY", "mix.redis.incr"); }
int decr(lua_State* state) { return add(state, "DECRBY", "mix.redis.decr"); }

constexpr luaL_Reg kRedis[] = {{"connection", connection}, {"push", push_topic}, {"get", get},   {"set", set},
                               {"llen", llen},             {"incr", incr},       {"decr", decr}, {nullptr, nullptr}};
constexpr luaL_Reg kMethods[] = {{"command", command}, {nullptr, nullptr}};

}  // namespace

void open_mix_redis(lua_State* state) {
  luaL_newmetatable(state, kRedisMetatable);
  luaL_newlib(state, kMethods);
  lua_setfield(state, -2, "__index");
  lua_pushboolean(state, 0);
  lua_setfield(state, -2, "__metatable");
  lua_pop(state, 1);
  luaL_newlib(state, kRedis);
  lua_setfield(state, -2, "redis");
}

}  // namespace dunlin::lua
