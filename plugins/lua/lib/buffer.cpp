// SPDX-License-Identifier: Apache-2.0
// `buf`, the argument of protocol_input: what has arrived on a raw TCP connection and belongs to no packet yet. It is
// read where it lies, so it is there while protocol_input runs and no longer.
#include "plugins/lua/lib/lib.h"
#include "plugins/lua/run.h"

namespace dunlin::lua {
namespace {

constexpr char kBufferMetatable[] = "dunlin.buffer";

struct Buffer {
  std::size_t position;  // bytes that read() has given
};

Buffer& check_buffer(lua_State* state, std::string_view& bytes) {
  auto* buffer = static_cast<Buffer*>(luaL_checkudata(state, 1, kBufferMetatable));
  const Run* run = Engine::of(state).running();
  if (!run || run->buffer != buffer) luaL_error(state, "a buffer is there while its protocol_input runs, and no longer");
  bytes = run->unread;
  return *buffer;
}

// buf:tostring() → all of it, read or not
int to_string(lua_State* state) {
  std::string_view bytes;
  check_buffer(state, bytes);
  push(state, bytes);
  return 1;
}

// buf:read(n) → the next n bytes; or nil and why, and nothing is read
int read(lua_State* state) {
  std::string_view bytes;
  Buffer& buffer = check_buffer(state, bytes);
  const lua_Integer wanted = luaL_checkinteger(state, 2);
  luaL_argcheck(state, wanted >= 0, 2, "a number of bytes is wanted");
  const std::string_view rest = bytes.substr(buffer.position);
  if (static_cast<std::uint64_t>(wanted) > rest.size()) return fail_with(state, "so many bytes have not arrived yet");
  push(state, rest.substr(0, static_cast<std::size_t>(wanted)));
  buffer.position += static_cast<std::size_t>(wanted);
  return 1;
}

int position(lua_State* state) {
  std::string_view bytes;
  lua_pushinteger(state, static_cast<lua_Integer>(check_buffer(state, bytes).position));
  return 1;
}

int length(lua_State* state) {
  std::string_view bytes;
  check_buffer(state, bytes);
  lua_pushinteger(state, static_cast<lua_Integer>(bytes.size()));
  return 1;
}

constexpr luaL_Reg kMethods[] = {
    {"tostring", to_string}, {"read", read}, {"position", position}, {"length", length}, {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {{"__tostring", to_string}, {"__len", length}, {nullptr, nullptr}};

}  // namespace

void push_buffer(lua_State* state, Run& run, std::string_view unread) {
  run.buffer = new (lua_newuserdatauv(state, sizeof(Buffer), 0)) Buffer{0};
  run.unread = unread;
  luaL_setmetatable(state, kBufferMetatable);
}

void open_buffer(lua_State* state) {
  luaL_newmetatable(state, kBufferMetatable);
  luaL_setfuncs(state, kMeta, 0);
  luaL_newlib(state, kMethods);
  lua_setfield(state, -2, "__index");
  lua_pushboolean(state, 0);
  lua_setfield(state, -2, "__metatable");
  lua_pop(state, 1);
}

}  // namespace dunlin::lua
