// SPDX-License-Identifier: Apache-2.0
// StockTest: our functions of Lua's libraries beside the library's own, in one state, for a script that compares them.
#pragma once

#include "plugins/lua/engine.h"
#include "plugins/lua/lib/lib.h"
#include "tests/unit/plugins/lua/lua_test.h"

namespace dunlin::test {

class StockTest : public LuaTest {
 protected:
  StockTest() : lua_host_(host_->table()) {
    write("entry.lua", "");
    settings_of_engine_.file = (folder_ / "entry.lua").string();
    settings_of_engine_.budget = {0, 0, 0, 0};
    std::string error;
    engine_ = lua::Engine::load(lua_host_, settings_of_engine_, error);
    EXPECT_TRUE(engine_) << error;
  }

  // Runs `code`, in which `ours` and `stock` are the libraries string and table in one; gives what it returns.
  // `same(name, ...)` calls both with these arguments, or with what a function returns that is given in their place, and
  // says where they differ, or returns nil. `random(n)` and `pick(list)` say the same in each run.
  std::string run(const std::string& code) {
    std::string result, error;
    engine_->protect(
        [&](lua_State* state) {
          lua::open_patterns(fresh(state, LUA_STRLIBNAME, luaopen_string));
          lua::open_tables(fresh(state, LUA_TABLIBNAME, luaopen_table));
          const std::string text = kTools + code;
          if (luaL_loadbufferx(state, text.data(), text.size(), "=code", "t") != LUA_OK) lua_error(state);
          lua_call(state, 0, 1);
          result = luaL_tolstring(state, -1, nullptr);
        },
        error);
    return error.empty() ? result : error;
  }

 private:
  // Opens the library twice: one is the global `stock_NAME`, the other NAME, in which ours are going to be put.
  static lua_State* fresh(lua_State* state, const char* name, lua_CFunction open) {
    for (const std::string& global : {std::string("stock_") + name, std::string(name)}) {
      lua_pushcfunction(state, open);
      lua_call(state, 0, 1);
      lua_setglobal(state, global.c_str());
    }
    return state;
  }

  static constexpr const char* kTools = R"lua(
local seed = 20240229
function random(n)
  seed = (seed * 1103515245 + 12345) % 2147483648
  return seed // 256 % n + 1
end
function pick(list) return list[random(#list)] end
local function text(value)  -- what can be compared between two calls, each with values of its own
  local kind = math.type(value) or type(value)
  if kind == 'table' or kind == 'function' then return kind end
  -- By what name a function goes is found in the tables that it is in.
  return kind .. stock_string.format(' %q', (stock_string.gsub(tostring(value), "argument (#%d) to '[%w_.?]+'", 'argument %1')))
end
local function show(...)
  local parts = {}
  for i = 1, select('#', ...) do
    local value = select(i, ...)
    parts[i] = text(value)
    if type(value) == 'table' then
      local inner = {}
      for k, v in next, value do inner[#inner + 1] = text(k) .. '=' .. text(v) end
      stock_table.sort(inner)
      parts[i] = '{' .. stock_table.concat(inner, ', ') .. '}'
    end
  end
  return stock_table.concat(parts, '; ')
end
local function outcome(f, ...)
  local arguments = type((...)) == 'function' and stock_table.pack((...)()) or stock_table.pack(...)
  return show(pcall(f, stock_table.unpack(arguments, 1, arguments.n))), show(arguments[1])
end
function same(name, ...)
  local before = type((...)) == 'function' and show((...)()) or show(...)
  local theirs, theirs_after = outcome(stock_string[name] or stock_table[name], ...)
  local mine, mine_after = outcome(stock_string[name] and string[name] or table[name], ...)
  if theirs == mine and theirs_after == mine_after then return nil end
  return stock_string.format('%s(%s)\n  gives %s %s\n  not   %s %s\n', name, before, mine, mine_after, theirs, theirs_after)
end
)lua";

  lua::Host lua_host_;
  lua::Settings settings_of_engine_;
  std::unique_ptr<lua::Engine> engine_;
};

}  // namespace dunlin::test
