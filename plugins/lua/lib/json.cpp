// SPDX-License-Identifier: Apache-2.0
// mix.json_encode, mix.json_decode, and the values that stand for what Lua lacks: null, empty array, big integer.
#include "plugins/lua/lib/json_marks.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

constexpr char kNull = 0, kEmptyArray = 0;  // their addresses are the marks

int json_encode(lua_State* state) {
  luaL_checkany(state, 1);
  std::string text, error;
  if (!json_write(state, 1, text, error)) return fail_with(state, "json_encode: " + error);
  push(state, text);
  return 1;
}

int json_decode(lua_State* state) {
  std::string error;
  if (!json_push(state, to_view(state, 1), error)) return fail_with(state, "json_decode: " + error);
  return 1;
}

int array(lua_State* state) {
  if (lua_isnoneornil(state, 1)) {
    lua_settop(state, 0);
    lua_newtable(state);
  }
  luaL_checktype(state, 1, LUA_TTABLE);
  lua_settop(state, 1);
  luaL_setmetatable(state, kArrayMetatable);
  return 1;
}

bool is_marked_array(lua_State* state, int index) {
  if (!lua_getmetatable(state, index)) return false;
  luaL_getmetatable(state, kArrayMetatable);
  const bool marked = lua_rawequal(state, -1, -2) != 0;
  lua_pop(state, 2);
  return marked;
}

// Of what json_decode gives: an object, or an array?
int is_object(lua_State* state) {
  lua_pushboolean(state, lua_istable(state, 1) && !is_marked_array(state, 1));
  return 1;
}

int is_array(lua_State* state) {
  const bool empty = lua_touserdata(state, 1) == empty_array_mark();
  lua_pushboolean(state, empty || (lua_istable(state, 1) && is_marked_array(state, 1)));
  return 1;
}

// A number, or an integer that only fits into the object that keeps its digits.
int is_number(lua_State* state) {
  lua_pushboolean(state, lua_type(state, 1) == LUA_TNUMBER || !big_digits(state, 1).empty());
  return 1;
}

int mark_tostring(lua_State* state) {
  const void* what = lua_touserdata(state, 1);
  if (what == null_mark()) return lua_pushliteral(state, "null"), 1;
  if (what == empty_array_mark()) return lua_pushliteral(state, "[]"), 1;
  return lua_pushfstring(state, "userdata: %p", what), 1;
}

int big_tostring(lua_State* state) {
  push(state, big_digits(state, 1));
  return 1;
}

int big_concat(lua_State* state) {
  luaL_tolstring(state, 1, nullptr);
  luaL_tolstring(state, 2, nullptr);
  lua_concat(state, 2);
  return 1;
}

int big_equal(lua_State* state) {
  lua_pushboolean(state, big_digits(state, 1) == big_digits(state, 2));
  return 1;
}

constexpr luaL_Reg kBig[] = {
    {"__tostring", big_tostring}, {"__concat", big_concat}, {"__eq", big_equal}, {nullptr, nullptr}};
constexpr luaL_Reg kMarks[] = {{"__tostring", mark_tostring}, {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {
    {"json_encode", json_encode}, {"json_decode", json_decode}, {"array", array},    {"is_object", is_object},
    {"is_array", is_array},       {"is_number", is_number},     {nullptr, nullptr}};

void hide_metatable(lua_State* state) {
  lua_pushboolean(state, 0);
  lua_setfield(state, -2, "__metatable");
}

}  // namespace

void* null_mark() { return const_cast<char*>(&kNull); }
void* empty_array_mark() { return const_cast<char*>(&kEmptyArray); }
void push_null(lua_State* state) { lua_pushlightuserdata(state, null_mark()); }

std::string_view big_digits(lua_State* state, int index) {
  const void* block = luaL_testudata(state, index, kBigMetatable);
  return block ? std::string_view(static_cast<const char*>(block), lua_rawlen(state, index)) : std::string_view();
}

void open_mix_json(lua_State* state) {
  luaL_setfuncs(state, kFunctions, 0);
  luaL_newmetatable(state, kArrayMetatable);
  lua_pop(state, 1);
  luaL_newmetatable(state, kBigMetatable);
  luaL_setfuncs(state, kBig, 0);
  hide_metatable(state);
  lua_pop(state, 1);
  lua_pushlightuserdata(state, null_mark());
  lua_newtable(state);  // all light userdata share this one
  luaL_setfuncs(state, kMarks, 0);
  hide_metatable(state);
  lua_setmetatable(state, -2);
  lua_setfield(state, -2, "null");
  lua_pushlightuserdata(state, empty_array_mark());
  lua_setfield(state, -2, "empty_array");
}

}  // namespace dunlin::lua
