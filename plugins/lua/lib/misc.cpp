// SPDX-License-Identifier: Apache-2.0
// mix.log, mix.server, mix.websocket, mix.sleep, mix.uuid.
#include <openssl/rand.h>

#include "plugins/lua/instance.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

dunlin_conn current_conn(lua_State* state) {
  const Run* run = Engine::of(state).running();
  return run ? run->conn : 0;
}

int write_log(lua_State* state) {
  const lua_Integer level = luaL_checkinteger(state, 1);
  luaL_argcheck(state, level >= DUNLIN_LOG_DEBUG && level <= DUNLIN_LOG_ERROR, 1, "a level such as mix.INFO is wanted");
  const Host& host = Engine::of(state).host();
  const bool written = host.logs(static_cast<std::uint32_t>(level));
  if (written) {
    luaL_tolstring(state, 2, nullptr);
    host.log(static_cast<std::uint32_t>(level), to_view(state, -1), current_conn(state));
  }
  lua_pushboolean(state, written);
  return 1;
}

// A script's print goes where a person looks: into the log.
int print(lua_State* state) {
  const int count = lua_gettop(state);
  std::string line;
  for (int i = 1; i <= count; ++i) {
    if (i > 1) line += '\t';
    luaL_tolstring(state, i, nullptr);
    line += to_view(state, -1);
    lua_pop(state, 1);
  }
  Engine::of(state).host().log(DUNLIN_LOG_INFO, line, current_conn(state));
  return 0;
}

int server_option(lua_State* state) {
  const std::string_view name = to_view(state, 1);
  const dunlin_conn conn = current_conn(state);
  const auto json = Conn(Engine::of(state).host(), conn).option(name);
  if (!json) return lua_pushnil(state), 1;
  std::string error;
  return json_push(state, *json, error) ? 1 : fail_with(state, error);
}

int websocket(lua_State* state) {
  const dunlin_conn conn = current_conn(state);
  if (conn == 0) return luaL_error(state, "mix.websocket: there is no connection here; call it in a handler");
  push_conn(state, conn);
  return 1;
}

int sleep(lua_State* state) {
  const lua_Number wanted = luaL_checknumber(state, 1);
  luaL_argcheck(state, wanted >= 0 && wanted <= 86'400'000, 1, "milliseconds from 0 to a day are wanted");
  Run& run = waiting_run(state, "mix.sleep");
  Wait* wait = run.instance.begin_wait(run);
  const auto wake = [wait] { Instance::end_wait(wait, [](lua_State*) {}); };
  if (wait->timer.start(run.engine->host(), static_cast<std::uint64_t>(wanted), 0, wake) == DUNLIN_OK) return suspend(state);
  run.instance.drop_wait(wait);
  return luaL_error(state, "mix.sleep: no timer is to be had");
}

// RFC 9562, version 4.
int uuid(lua_State* state) {
  static constexpr char kHex[] = "0123456789abcdef";
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return luaL_error(state, "mix.uuid: no random bytes are to be had");
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
  char text[36];
  std::size_t at = 0;
  for (std::size_t i = 0; i < sizeof bytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
    text[at++] = kHex[bytes[i] >> 4];
    text[at++] = kHex[bytes[i] & 15];
  }
  lua_pushlstring(state, text, sizeof text);
  return 1;
}

struct Level {
  const char *name, *global;
  std::uint32_t value;
};
constexpr Level kLevels[] = {{"DEBUG", "mix_DEBUG", DUNLIN_LOG_DEBUG},
                             {"INFO", "mix_INFO", DUNLIN_LOG_INFO},
                             {"WARN", "mix_WARN", DUNLIN_LOG_WARN},
                             {"ERROR", "mix_ERROR", DUNLIN_LOG_ERROR}};
constexpr luaL_Reg kFunctions[] = {
    {"log", write_log}, {"websocket", websocket}, {"sleep", sleep}, {"uuid", uuid}, {nullptr, nullptr}};
constexpr luaL_Reg kServer[] = {{"option", server_option}, {nullptr, nullptr}};

}  // namespace

void open_mix_misc(lua_State* state) {
  luaL_setfuncs(state, kFunctions, 0);
  luaL_newlib(state, kServer);
  lua_setfield(state, -2, "server");
  for (const Level& level : kLevels) {
    lua_pushinteger(state, level.value);
    lua_pushvalue(state, -1);
    lua_setfield(state, -3, level.name);
    lua_setglobal(state, level.global);
  }
  lua_register(state, "mix_log", write_log);
  lua_register(state, "print", print);
}

}  // namespace dunlin::lua
