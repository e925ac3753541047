// SPDX-License-Identifier: Apache-2.0
// What a script finds in its Lua state. Each open_ function is called once, protected, on a state with an empty stack
// (open_mix_: with the table `mix` on top, which it fills).
//
// Functions of Lua here may hold C++ objects when they raise: the Lua library throws.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <lua.hpp>

#include "plugins/lua/host.h"

namespace dunlin::lua {

class Run;

void open_libraries(lua_State* state);  // all of the below

void open_sandbox(lua_State* state);     // Lua's own libraries, without what would harm
void open_patterns(lua_State* state);    // string.find and its like that keep to a budget,
void open_tables(lua_State* state);      // table.insert and its like,
void open_sized(lua_State* state);       // and what costs as much as it is given
void open_require(lua_State* state);     // require and package
void open_coroutines(lua_State* state);  // coroutine.resume and wrap that let a waiting call through
void open_lax(lua_State* state);         // what Lua 5.1 was less strict about,
void open_text51(lua_State* state);      // string.format and os.date as it had them,
void open_math51(lua_State* state);      // what its mathematics had,
void open_compat(lua_State* state);      // and the rest of what it had
void open_conn(lua_State* state);        // the metatable of a connection object
void open_buffer(lua_State* state);      // … and of what has arrived on raw TCP
void open_shipped_socket(lua_State* state);  // what the shipped protocols need besides
void open_mix_json(lua_State* state);
void open_mix_codec(lua_State* state);
void open_mix_text(lua_State* state);
void open_mix_mesh(lua_State* state);
void open_mix_socket(lua_State* state);
void open_mix_redis(lua_State* state);
void open_mix_queue(lua_State* state);
void open_mix_http(lua_State* state);
void open_mix_pack(lua_State* state);  // php_pack and
int php_unpack(lua_State* state);
void open_mix_crypto(lua_State* state);  // and, with it, jwt
void open_mix_jwt(lua_State* state);
void open_mix_timer(lua_State* state);
void open_mix_shared(lua_State* state);
void open_mix_misc(lua_State* state);  // log, server, websocket, sleep, uuid

// Shipped modules, by the name `require` knows: their source, or empty.
std::string_view shipped_module(std::string_view name);

// A function that takes the place of a library's; what it replaces is its first upvalue.
struct Replacement {
  const char *library, *name;
  lua_CFunction function;
};
inline void replace(lua_State* state, std::span<const Replacement> rows) {
  for (const Replacement& row : rows) {
    lua_getglobal(state, row.library);
    lua_getfield(state, -1, row.name);
    lua_pushcclosure(state, row.function, 1);
    lua_setfield(state, -2, row.name);
    lua_pop(state, 1);
  }
}

inline std::string_view to_view(lua_State* state, int index) {
  std::size_t size = 0;
  const char* data = luaL_checklstring(state, index, &size);
  return {data, size};
}
inline void push(lua_State* state, std::string_view text) { lua_pushlstring(state, text.data(), text.size()); }
// Where `wanted` is in `text`, in a time that grows with the text alone: that of std::string_view::find grows with the
// product of the two lengths in the worst case.
std::size_t find_text(std::string_view text, std::string_view wanted);
// Of the table on top.
inline void set_field(lua_State* state, const char* name, std::string_view value) {
  push(state, value);
  lua_setfield(state, -2, name);
}
inline int fail_with(lua_State* state, std::string_view why) {
  lua_pushnil(state);
  push(state, why);
  return 2;
}

// JSON. json_push pushes the value and returns true, or pushes nothing and says why not.
//
// Strings of Lua may be any bytes, those of JSON are UTF-8. Where what is written is read by scripts again (contexts, shared
// values), `Bytes::kept` writes others as {"$binary": base64}, and reads that as the string; else they are an error.
enum class Bytes : bool { refused, kept };
bool json_push(lua_State* state, std::string_view text, std::string& error, Bytes bytes = Bytes::refused);
bool json_write(lua_State* state, int index, std::string& out, std::string& error, Bytes bytes = Bytes::refused);
// An integer by its decimal digits: a Lua integer, or, beyond 64 bits, an object that keeps every digit.
void push_digits(lua_State* state, std::string_view digits);
// The digits of such an object; empty: it is none.
std::string_view big_digits(lua_State* state, int index);
// A JSON null, as scripts see it (mix.null).
void push_null(lua_State* state);

// A table of the parameters of "a=1&b=2"; of one that comes twice, the last counts, as in PHP.
void push_query(lua_State* state, std::string_view query);

// Every byte but letters, digits and -._~ as %XX.
std::string percent_encode(std::string_view text);
std::string base64(std::string_view data);
bool base64_decoded(std::string_view text, std::string& out, std::string& error);
std::string hex(std::string_view data);  // two digits a byte, in lower case

// Headers are kept by name as Go writes them, Sec-Websocket-Key. The table on top gets a look-up that knows every case.
std::string header_name(std::string_view name);
void set_headers_metatable(lua_State* state);

// What a failed call of the host means, in words; `kind` in one word, for scripts to compare.
const char* status_text(dunlin_status status);
const char* status_kind(dunlin_status status);

inline constexpr char kConnMetatable[] = "dunlin.conn";
void push_conn(lua_State* state, dunlin_conn conn);
// REQUIRES: `unread` lives until `run` has ended
void push_buffer(lua_State* state, Run& run, std::string_view unread);
void push_uid(lua_State* state, const dunlin_uid& uid);
// "text" (default) or "binary" at `index`.
std::uint32_t check_kind(lua_State* state, int index);

}  // namespace dunlin::lua
