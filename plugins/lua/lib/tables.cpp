// SPDX-License-Identifier: Apache-2.0
// table.insert, remove, move, concat and sort, as Lua 5.4 has them, but within the run's budget: how many elements a table
// has is what its __len says, and a script may have it say anything.
#include <algorithm>
#include <bit>
#include <optional>

#include "plugins/lua/lib/cost.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

// A table, or what has these metamethods and can stand in for one.
void check_table(lua_State* state, int index, std::initializer_list<const char*> metamethods) {
  if (lua_istable(state, index)) return;
  bool like_one = lua_getmetatable(state, index) != 0;
  for (auto name = metamethods.begin(); like_one && name != metamethods.end(); ++name) {
    lua_pushstring(state, *name);
    like_one = lua_rawget(state, -2) != LUA_TNIL;
    lua_pop(state, 1);
  }
  if (!like_one) luaL_checktype(state, index, LUA_TTABLE);
  lua_pop(state, 1);
}

lua_Integer check_length(lua_State* state) {
  check_table(state, 1, {"__index", "__newindex", "__len"});
  return luaL_len(state, 1);
}

// Elements `from` … of the table at 1 are copied to `to` … of that at `target`, one after another: `count` of them, in the
// order in which none is overwritten before it is read.
enum class Order : bool { upwards, downwards };
void copy(lua_State* state, lua_Integer from, int target, lua_Integer to, lua_Integer count, Order order) {
  for (lua_Integer done = 0; done < count; ++done) {
    const lua_Integer i = order == Order::upwards ? done : count - 1 - done;
    charge(state, 1);
    lua_geti(state, 1, from + i);
    lua_seti(state, target, to + i);
  }
}

int insert(lua_State* state) {
  constexpr lua_Unsigned kOne = 1;
  // As unsigned numbers: a length may be the greatest there is.
  const auto end = static_cast<lua_Integer>(static_cast<lua_Unsigned>(check_length(state)) + kOne);
  lua_Integer position = end;
  if (lua_gettop(state) == 3) {
    position = luaL_checkinteger(state, 2);
    luaL_argcheck(state, static_cast<lua_Unsigned>(position) - kOne < static_cast<lua_Unsigned>(end), 2,
                  "position out of bounds");
    if (position < end) copy(state, position, 1, position + 1, end - position, Order::downwards);
  } else if (lua_gettop(state) != 2) {
    return luaL_error(state, "wrong number of arguments to 'insert'");
  }
  lua_seti(state, 1, position);
  return 0;
}

int remove(lua_State* state) {
  const lua_Integer size = check_length(state);
  const lua_Integer position = luaL_optinteger(state, 2, size);
  if (position != size) {
    luaL_argcheck(state, static_cast<lua_Unsigned>(position) - 1 <= static_cast<lua_Unsigned>(size), 1,  // as Lua has it
                  "position out of bounds");
  }
  lua_geti(state, 1, position);
  if (position < size) copy(state, position + 1, 1, position, size - position, Order::upwards);
  lua_pushnil(state);
  lua_seti(state, 1, position < size ? size : position);
  return 1;
}

int move(lua_State* state) {
  const lua_Integer from = luaL_checkinteger(state, 2), last = luaL_checkinteger(state, 3);
  const lua_Integer to = luaL_checkinteger(state, 4);
  const int target = lua_isnoneornil(state, 5) ? 1 : 5;
  check_table(state, 1, {"__index"});
  check_table(state, target, {"__newindex"});
  if (last >= from) {
    luaL_argcheck(state, from > 0 || last < LUA_MAXINTEGER + from, 3, "too many elements to move");
    const lua_Integer count = last - from + 1;
    luaL_argcheck(state, to <= LUA_MAXINTEGER - count + 1, 4, "destination wrap around");
    const bool apart = to > last || to <= from || (target != 1 && !lua_compare(state, 1, target, LUA_OPEQ));
    copy(state, from, target, to, count, apart ? Order::upwards : Order::downwards);
  }
  lua_pushvalue(state, target);
  return 1;
}

int concat(lua_State* state) {
  check_table(state, 1, {"__index", "__len"});
  lua_Integer last = luaL_len(state, 1);
  std::size_t separator_size = 0;
  const char* separator = luaL_optlstring(state, 2, "", &separator_size);
  const lua_Integer first = luaL_optinteger(state, 3, 1);
  last = luaL_optinteger(state, 4, last);
  luaL_Buffer out;
  luaL_buffinit(state, &out);
  for (lua_Integer i = first; i <= last; ++i) {
    lua_geti(state, 1, i);
    if (!lua_isstring(state, -1)) {
      luaL_error(state, "invalid value (%s) at index %I in table for 'concat'", luaL_typename(state, -1),
                 static_cast<LUAI_UACINT>(i));
    }
    charge(state, 1 + cost_of_bytes(separator_size + lua_rawlen(state, -1)));
    luaL_addvalue(&out);
    if (i == last) break;  // which may be the greatest integer
    luaL_addlstring(&out, separator, separator_size);
  }
  luaL_pushresult(&out);
  return 1;
}

std::size_t cost_of_comparing(lua_State* state, int index) {
  return lua_type(state, index) == LUA_TSTRING ? cost_of_bytes(lua_rawlen(state, index)) : 0;
}

// Stands in for a comparison that Lua does not count: `a < b`, or a function in C, the upvalue.
int counted_less(lua_State* state) {
  charge(state, 1 + std::min(cost_of_comparing(state, 1), cost_of_comparing(state, 2)));
  if (lua_isnil(state, lua_upvalueindex(1))) {
    lua_pushboolean(state, lua_compare(state, 1, 2, LUA_OPLT));
  } else {
    lua_pushvalue(state, lua_upvalueindex(1));
    lua_insert(state, 1);
    lua_call(state, 2, 1);
  }
  return 1;
}

// About what it costs to sort the table at 1 by `<`; nothing: that cannot be told, or is not little.
std::optional<std::size_t> cost_of_sorting(lua_State* state) {
  constexpr std::size_t kLittle = 1'000'000;  // some 20 ms
  if (!lua_istable(state, 1) || lua_getmetatable(state, 1)) return std::nullopt;
  const std::size_t size = lua_rawlen(state, 1);
  std::size_t all = 0;  // to compare each element once
  for (std::size_t i = 1; i <= size && all < kLittle; ++i) {
    const int type = lua_rawgeti(state, 1, static_cast<lua_Integer>(i));
    if (type != LUA_TNUMBER && type != LUA_TSTRING) return std::nullopt;
    all += 1 + cost_of_comparing(state, -1);
    lua_pop(state, 1);
  }
  all *= static_cast<std::size_t>(std::bit_width(size));
  return all < kLittle ? std::optional(all) : std::nullopt;
}

// The library's own, the upvalue, sorts; here it is seen to that its comparisons are counted: one by one, where it is not
// known that they are few. Those by a function in Lua are as its instructions.
int sort(lua_State* state) {
  lua_settop(state, 2);
  const bool by_less = lua_isnil(state, 2);
  const auto cost = by_less ? cost_of_sorting(state) : std::nullopt;
  lua_settop(state, 2);
  if (cost) {
    charge(state, *cost);
  } else if (by_less || lua_iscfunction(state, 2)) {
    lua_pushcclosure(state, counted_less, 1);
  }
  return lua_tocfunction(state, lua_upvalueindex(1))(state);
}

constexpr luaL_Reg kFunctions[] = {
    {"insert", insert}, {"remove", remove}, {"move", move}, {"concat", concat}, {nullptr, nullptr}};

}  // namespace

void open_tables(lua_State* state) {
  lua_getglobal(state, LUA_TABLIBNAME);
  luaL_setfuncs(state, kFunctions, 0);
  lua_getfield(state, -1, "sort");
  lua_pushcclosure(state, sort, 1);
  lua_setfield(state, -2, "sort");
  lua_pop(state, 1);
}

}  // namespace dunlin::lua
