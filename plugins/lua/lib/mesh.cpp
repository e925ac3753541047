// SPDX-License-Identifier: Apache-2.0
// mix.mesh: publish to a channel, send to a connection, on any node. Both wait for the outcome.
#include "plugins/lua/instance.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

int not_published(lua_State* state, dunlin_status status) {
  lua_pushinteger(state, 0);
  lua_pushinteger(state, 0);
  lua_pushstring(state, status_text(status));
  return 3;
}

// Set off, and nobody will tell how many got it: nothing is returned.
int check_set_off(lua_State* state, dunlin_status status) { return status == DUNLIN_OK ? 0 : not_published(state, status); }

int publish(lua_State* state) {
  const std::string_view channel = to_view(state, 1);
  const std::string_view data = to_view(state, 2);
  const std::uint32_t kind = check_kind(state, 3);
  if (goes_without_outcome(state)) {
    return check_set_off(state, plugin::publish(Engine::of(state).host(), channel, data, kind));
  }
  Run& run = waiting_run(state, "mix.mesh.publish");
  Wait* wait = run.instance.begin_wait(run);
  const auto published = [wait](std::uint64_t success, std::uint64_t fail) {
    Instance::end_wait(wait, [&](lua_State* waiting) {
      lua_pushinteger(waiting, static_cast<lua_Integer>(success));
      lua_pushinteger(waiting, static_cast<lua_Integer>(fail));
    });
  };
  const dunlin_status status = plugin::publish(run.engine->host(), channel, data, kind, published);
  if (status == DUNLIN_OK) return suspend(state);
  run.instance.drop_wait(wait);
  return not_published(state, status);
}

int push_status(lua_State* state, dunlin_status status) {
  if (status == DUNLIN_OK) return lua_pushnil(state), 1;
  lua_pushstring(state, status_text(status));
  return 1;
}

// A client id: an integer, or its digits.
dunlin_conn check_client_id(lua_State* state, int index) {
  int exact = 0;
  const lua_Integer id = lua_tointegerx(state, index, &exact);
  luaL_argexpected(state, exact && id > 0, index, "client id");
  return static_cast<dunlin_conn>(id);
}

int send(lua_State* state) {
  const dunlin_conn conn = check_client_id(state, 1);
  const std::string_view data = to_view(state, 2);
  const std::uint32_t kind = check_kind(state, 3);
  if (goes_without_outcome(state)) {
    return push_status(state, plugin::send(Engine::of(state).host(), conn, data, kind));
  }
  Run& run = waiting_run(state, "mix.mesh.send");
  Wait* wait = run.instance.begin_wait(run);
  const auto sent = [wait](dunlin_status how) {
    Instance::end_wait(wait, [how](lua_State* waiting) { push_status(waiting, how); });
  };
  const dunlin_status status = plugin::send(run.engine->host(), conn, data, kind, sent);
  if (status == DUNLIN_OK) return suspend(state);
  run.instance.drop_wait(wait);
  return push_status(state, status);
}

constexpr luaL_Reg kMesh[] = {{"publish", publish}, {"send", send}, {nullptr, nullptr}};

struct StatusRow {
  dunlin_status status;
  const char *kind, *text;
};

constexpr StatusRow kStatuses[] = {
    {DUNLIN_E_INVALID, "invalid", "an argument is wrong: a malformed name, text that is not UTF-8, out of range"},
    {DUNLIN_E_GONE, "gone", "the connection has left"},
    {DUNLIN_E_FULL, "full", "over a limit"},
    {DUNLIN_E_NOT_FOUND, "not_found", "there is no such thing"},
    {DUNLIN_E_TIMEOUT, "timeout", "it took too long"},
    {DUNLIN_E_UNAVAILABLE, "unavailable", "not to be reached now, try later"},
    {DUNLIN_E_NO_MEMORY, "no_memory", "out of memory"},
    {DUNLIN_E_DENIED, "denied", "refused"},
    {DUNLIN_E_FAILED, "failed", "failed; the log says why"},
};

const StatusRow& row_of(dunlin_status status) {
  for (const StatusRow& row : kStatuses) {
    if (row.status == status) return row;
  }
  return kStatuses[std::size(kStatuses) - 1];
}

}  // namespace

const char* status_text(dunlin_status status) { return row_of(status).text; }
const char* status_kind(dunlin_status status) { return row_of(status).kind; }

std::uint32_t check_kind(lua_State* state, int index) {
  static constexpr const char* kKinds[] = {"text", "binary", nullptr};
  return luaL_checkoption(state, index, "text", kKinds) == 0 ? DUNLIN_TEXT : DUNLIN_BINARY;
}

void open_mix_mesh(lua_State* state) {
  luaL_newlib(state, kMesh);
  lua_setfield(state, -2, "mesh");
}

}  // namespace dunlin::lua
