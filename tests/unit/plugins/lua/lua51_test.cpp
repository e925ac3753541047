// SPDX-License-Identifier: Apache-2.0
// Scripts that were written for Lua 5.1: what its reference manual says and Lua 5.4 does otherwise. Each row is an
// expression and its value.
#include "plugins/lua/source51.h"
#include "tests/unit/plugins/lua/lua_test.h"

namespace dunlin::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Row {
  const char *expression, *value;
};

class Lua51 : public LuaTest {
 protected:
  void check(std::initializer_list<Row> rows) {
    load(evaluator());
    for (const Row& row : rows) {
      EXPECT_EQ(eval(row.expression), row.value) << row.expression << "\n" << host_->logged();
      host_->conns.erase(1);
    }
  }
};

TEST_F(Lua51, NumbersAreWrittenAsIfThereWereOneKind) {
  check({{"'user:' .. mix.json_decode('1001.0')", "user:1001"},
         {"'user:' .. 2002 / 2", "user:1001"},
         {"10 / 4", "2.5"},
         {"2 ^ 31", "2147483648"},
         {"math.sqrt(16) .. ''", "4"},
         {"1e15", "1e+15"},
         {"1e3", "1000"},
         {"tostring(3.0) .. string.format('|%s|%5.1f', 4.0, 1.0)", "3|4|  1.0"},
         {"table.concat({1.0, 2.5}, ',')", "1,2.5"},
         {"'10' + 5", "15"},
         {"'10' / 2 .. ''", "5"},
         {"#tostring(0.1 + 0.2)", "3"},
         {"({[1] = 'a'})[10 / 10]", "a"},
         {"mix.json_encode({n = 10 / 2})", R"({"n":5})"},
         {"-7 % 3", "2"},
         {"7 % -3", "-2"},
         {"-7.5 % 2", "0.5"},
         {"5.5 % math.huge", "5.5"},
         {"tostring(0 / 0) == tostring(0 / 0)", "true"},
         {"math.type(4 / 2)", "float"}});
}

TEST_F(Lua51, AFunctionWithDotsHasArg) {
  check({{"(function(...) return arg.n .. arg[1] .. arg[2] end)('a', 'b')", "2ab"},
         {"(function(...) return arg.n end)(nil, nil, nil)", "3"},
         {"(function(x, ...) return x .. #arg end)('a', 'b')", "a1"},
         {"(function(...) local function f() return arg[1] end return f() end)('z')", "z"},
         {"(function(...) for i, v in ipairs(arg) do if i == 2 then return v end end end)(5, 6)", "6"},
         {"(function(...) return unpack(arg, 1, arg.n) end)(7)", "7"},
         {"(function(...) return select('#', ...) .. tostring(arg) end)(1)", "1nil"},
         {"(function(arg) return arg end)(8)", "8"},
         {"({arg = 9}).arg", "9"},
         {"(function(...) local function g(...) return arg.n end return g(1, 2) + arg.n end)(1)", "3"},
         {"loadstring('local function f(...) return arg.n end return f(1, 2)')()", "2"},
         {"setfenv(loadstring('return (function(...) return arg.n end)(1)'), {})()", "1"}});
}

TEST_F(Lua51, AnEscapeThatIsNoneStandsForItsLetter) {
  check({{R"("a\d\.\-b")", "ad.-b"},
         {R"('\65\x41\q\\\"\'')", R"(AAq\"')"},
         {R"(#"\
")", "1"},
         {R"([[\d]] .. [==[\e]]]==])", R"(\d\e]])"},
         {R"("\xg")", "xg"},
         {R"("\u{48}" .. "\u48")", "Hu48"}});
}

TEST(Source51, LeavesEverythingElse) {
  for (const std::string text :
       {"", "x = 1 -- \"\\d\" function f(...) arg", "--[[ \\d\n]] x = '\\n'", "local arg = ... return arg",
        "function f(...) return ... end", "f{arg = 1} t.arg = 2 o:arg()", "x = [==[ \\d ]] ]==] y = 1..2", "[[ ",
        "end end until", "x = 0x1p+4 .. 3e-2", "repeat until x goto y ::y::"}) {
    EXPECT_EQ(lua::from_lua51(text), text);
  }
  EXPECT_EQ(lua::from_lua51("function a.b:c(x, ...)\nreturn arg end"),
            "function a.b:c(x, ...) local arg = (\"\"):__arg(...);\nreturn arg end");
}

TEST_F(Lua51, ErrorsKeepTheirLine) {
  load("function on_message(m)\n local f = function(...)\n  return arg[1] .. '\\d' .. nil\n end\n f(1)\nend");
  message(1, "");
  EXPECT_THAT(host_->logged(), HasSubstr("entry.lua:3:"));
}

TEST_F(Lua51, FractionsAreCutOff) {
  check({{"string.sub('abcdef', 1, 5 / 2)", "ab"},
         {"('abcdef'):sub(2.9, -1.5)", "bcdef"},
         {"string.char(65.9, 66)", "AB"},
         {"string.byte('abc', 1.5)", "97"},
         {"string.rep('x', 2.7)", "xx"},
         {"string.sub(3.75, 1, 3)", "3.7"},
         {"string.find('aXbX', 'X', 2.5, true)", "2"},
         {"table.concat({1, 2, 3}, '', 1.5, 2.5)", "12"},
         {"unpack({1, 2}, 1.5)", "1"},
         {"math.random(1.5) == 1", "true"},
         {"math.random() < 1 and math.random(3) <= 3 and math.random(2, 2) == 2", "true"},
         {"pcall(math.random, 2, 1)", "false"},
         {"pcall(math.random, {})", "false"},
         {"os.date('!%Y', 1.5)", "1970"},
         {"string.format('%d|%u|%5.2f|%%|%x', '3.7', 4, 2.5, 255.5)", "3|4| 2.50|%|ff"}});
}

TEST_F(Lua51, LibrariesAreAsLax) {
  check({{"(function() local t = {} table.insert(t, 3, 'c') return t[3] end)()", "c"},
         {"(function() local t = {1, 2} table.insert(t, 1, 0.5) return t[1] .. '|' .. #t end)()", "0.5|3"},
         {"table.remove({1, 2}, 5)", "nil"},
         {"table.remove({1, 2})", "2"},
         {"table.remove({1, 2}, 1)", "1"},
         {"select('#', table.remove({}))", "1"},
         {R"((string.gsub('a.b', '%.', '%-')))", "a-b"},
         {R"((string.gsub('ab', '(a)', '%1%%%0%/')))", "a%a/b"},
         {"tonumber(10, 16)", "16"},
         {"tonumber(7, 10)", "7"},
         {"tonumber('z', 36)", "35"},
         {"tonumber(nil)", "nil"},
         {"math.fmod(5, 0) ~= math.fmod(5, 0)", "true"},
         {"math.mod(7, 3)", "1"},
         {"type(newproxy(true))", "userdata"},
         {"getmetatable(newproxy(newproxy(true))) ~= nil", "true"},
         {"pcall(newproxy, mix.websocket())", "false"},
         {"pcall(newproxy, 1)", "false"}});
}

TEST_F(Lua51, WhatIsBeyondAllIntegersIsTheLastOfThem) {
  check({{"string.sub('abc', 2, math.huge)", "bc"},
         {"string.sub('abc', -math.huge)", "abc"},
         {"string.byte('abc', 3, 1e300)", "99"},
         {"string.find('abc', 'b', -1e300)", "2"},
         {"(string.gsub('aaa', 'a', 'b', math.huge))", "bbb"},
         {"table.remove({1, 2}, math.huge)", "nil"},
         {"pcall(unpack, {}, 1, math.huge)", "false"},
         {"pcall(string.sub, 'abc', 0 / 0)", "false"}});
}

TEST_F(Lua51, FormatIsCs) {
  check({{"string.format('%02s|%+5s|%05s|% s', 5, 'x', 'y', 'z')", " 5|    x|    y|z"},
         {"string.format('%#d|%+x|%+5d|% d|%05d|%-4d|', 5, 255, 5, 5, -5, 5)", "5|ff|   +5| 5|-0005|5   |"},
         {"string.format('%5.2c|%.3q', 65, 'x')", "    A|\"x\""},
         {"string.format('%q %q', 10, 2 ^ 31)", R"("10" "2147483648")"},
         {"string.format('%.3d|%5.1f|%#x|%+e|%G', 7, 2.25, 255, 1.5, 1e-10)", "007|  2.2|0xff|+1.500000e+00|1E-10"},
         {"string.format('%d %i %u', -3.9, '4', '5.5')", "-3 4 5"},
         {"string.format('%x', -1)", "ffffffffffffffff"},
         {"string.format('100%% of %s%%', 1.0)", "100% of 1%"},
         {"string.format('no conversion', 1, 2)", "no conversion"},
         {"pcall(string.format, '%d', 'x')", "false"},
         {"pcall(string.format, '%d')", "false"},
         {"pcall(string.format, '%d', 1e300)", "false"},
         {"pcall(string.format, '%y', 1)", "false"},
         {"pcall(string.format, '%', 1)", "false"},
         {"pcall(string.format, '%123d', 1)", "false"},
         {"pcall(string.format, '%' .. ('0'):rep(100) .. 'd', 1)", "false"}});
}

TEST_F(Lua51, DatesAreCs) {
  check({{"os.date('!%Y-%m-%d %H:%M:%S', 1e9)", "2001-09-09 01:46:40"},
         {"os.date('!%s|%k|%Q|%Ey|%_d|%%|%', 86400):gsub('^%-?%d+', 'n')", "n| 0|%Q|70| 2|%|%"},
         {"os.date('!*t', 86400.9).day", "2"},
         {"os.date('!%d', '86400.5')", "02"},
         {"#os.date() > 10", "true"},
         {"pcall(os.date, '%c', 'x')", "false"},
         {"pcall(os.date, '%c', 1e300)", "false"},
         {"pcall(os.date, '%c', math.mininteger)", "false"},
         {"os.difftime(5)", "5"},
         {"os.difftime(7.9, 2.1)", "5"}});
}

TEST_F(Lua51, MathematicsOfOld) {
  check({{"math.frexp(1e308) > 0.55", "true"},
         {"select(2, math.frexp(8))", "4"},
         {"math.ldexp(0.5, 3.9)", "4"},
         {"math.ldexp(1, 1e300)", "inf"},
         {"math.pow(2, 10)", "1024"},
         {"math.log10(1000)", "3"},
         {"math.tanh(1000)", "1"},
         {"math.cosh(0) + math.sinh(0)", "1"},
         {"math.atan2(0, 1)", "0"},
         {"pcall(math.atan2, 1)", "false"},
         {"pcall(math.pow, 1)", "false"},
         {"pcall(math.ldexp, 'x', 1)", "false"},
         {"pcall(math.randomseed, {})", "false"},
         {"math.randomseed(os.time() / 7) and 1 or 1", "1"}});
}

TEST_F(Lua51, StringsAreNumbers) {
  check({{"math.max(5, '10', '0x7')", "10"},
         {"math.min('-7', 3) + 1", "-6"},
         {"pcall(math.max, 1, 'x')", "false"},
         {"pcall(math.max)", "false"},
         {"math.max(1, 2.5)", "2.5"},
         {"string.sub('abcdef', '2.9', '4.2')", "bcd"},
         {"string.rep('a', '2.5', 1.5)", "a1.5a"},
         {"table.concat({1, 2, 3}, 1.5, '1.5', '2.5')", "11.52"},
         {"string.match('abc', '.', '2.5')", "b"},
         {"string.char('65.5')", "A"}});
}

TEST_F(Lua51, TimesHaveFractions) {
  check({{"os.time({year = 2001, month = 9, day = 9.9, hour = '1.5', sec = 40.7}) - "
          "os.time({year = 2001, month = 9, day = 9, hour = 1, sec = 40})", "0"},
         {"(function() local t = {year = 2001, month = 14, day = 1} os.time(t) return t.month end)()", "2"},
         {"pcall(os.time, {year = 2001})", "false"},
         {"pcall(os.time, {year = 'x', month = 1, day = 1})", "false"},
         {"math.type(os.time())", "integer"}});
}

TEST_F(Lua51, SmallThingsOfOld) {
  check({{"select(2.9, 'a', 'b')", "b"},
         {"string.find('abc', '', 10)", "4"},
         {"string.find('abc', 'c', 10)", "nil"},
         {"tonumber('ff', 16.9)", "255"},
         {"tostring(setmetatable({}, {__tostring = function() return 5 end})) == 5", "true"},
         {"pcall(tostring)", "false"},
         {"type(coroutine.running())", "thread"},
         {"select(2, pcall(coroutine.yield, 1))", "attempt to yield from outside a coroutine"},
         {"coroutine.wrap(function() coroutine.yield(7) end)()", "7"},
         {"(function() local f, e = function() return 1 end, {} setfenv(f, e) return getfenv(f) == e end)()", "true"},
         {"getfenv(function() end) == _G", "true"}});
}

TEST_F(Lua51, NoCoroutineRunsAtTheTopLevel) {
  load("seen = coroutine.running() " + evaluator());
  EXPECT_EQ(eval("seen"), "nil");
}

TEST_F(Lua51, LoadersOfPackages) {
  write("libs/a-x.lua", "return 'file of ' .. ...");
  load("package.path = package.path .. ';' .. package.path:match('^(.-)/%?') .. '/libs/?-x.lua' "
       "table.insert(package.loaders, 1, function(name) if name == 'made' then return function(n) return n .. ' up' end end "
       "return '\\n\\tnot made up' end) package.preload.early = function(n) return n .. ' bird' end " + evaluator());
  EXPECT_EQ(eval("require 'made'"), "made up");
  EXPECT_EQ(eval("require 'early'"), "early bird");
  EXPECT_EQ(eval("require 'a'"), "file of a");
  EXPECT_EQ(eval("#package.loaders .. type(require 'bit')"), "4table");
  EXPECT_THAT(eval("select(2, pcall(require, 'none'))"),
              AllOf(HasSubstr("module 'none' not found:\n\tnot made up\n\tno field package.preload['none']\n\tno file '"),
                    HasSubstr("none-x.lua'\n\tnone of that name ships")));
  EXPECT_THAT(eval("(function() local kept = package.loaders package.loaders = nil local _, e = pcall(require, 'x') "
                   "package.loaders = kept return e end)()"),
              HasSubstr("'package.loaders' must be a table"));
}

TEST_F(Lua51, BadArgumentsAreStillErrors) {
  check({{"pcall(string.sub)", "false"},
         {"pcall(string.rep, 'x', 'y')", "false"},
         {"pcall(table.insert, 1, 2)", "false"},
         {"pcall(table.insert, {}, 0, 2)", "false"},
         {"pcall(table.insert, {}, 1, 2, 3)", "false"},
         {"pcall(table.remove, 1)", "false"},
         {"pcall(string.char, 256)", "false"},
         {"pcall(string.char, 1e300)", "false"},
         {"pcall(string.rep, 'x', 0/0)", "false"},
         {"pcall(string.gsub, 'a', 'a', '%9')", "false"},
         {"select(2, pcall(string.rep)):match([[bad argument #1 to '[%a.]*rep']]) ~= nil", "true"}});
}

TEST_F(Lua51, ModulesOfOld) {
  write("counter.lua", "local print, tostring = print, tostring\nmodule(...)\nlocal n = 0\nfunction next_one() n = n + 1 return n end");
  write("deep/inner.lua", "module('deep.inner', package.seeall)\nfunction name() return _NAME .. '|' .. _PACKAGE .. '|' .. type(print) end");
  load("require 'counter' require 'deep.inner' function on_message(m) counter.next_one() "
       "mix.websocket():send(counter.next_one() .. deep.inner.name() .. tostring(counter == package.loaded.counter)) end");
  EXPECT_EQ(ask(1, ""), "2deep.inner|deep.|functiontrue");
}

// Bytes that are no UTF-8 are kept with a connection, as scripts that parse a protocol of their own do.
TEST_F(Lua51, AContextKeepsAnyBytes) {
  check({{"(function() local c = mix.websocket() c:set_context_value('f', {data = '\\0\\255', n = 1}) "
          "return c:context_value('f').data == '\\0\\255' and c:context().f.n end)()", "1"},
         {"(function() local c = mix.websocket() local err = c:set_context({x = '\\128'}) return tostring(err) .. #c:context().x end)()",
          "nil1"},
         {"(function() mix.shared.set('b', '\\255') return #mix.shared.get('b') end)()", "1"},
         {"mix.websocket():set_context_value('f', {['\\255'] = 1})", "a key is not UTF-8"}});
}

}  // namespace
}  // namespace dunlin::test
