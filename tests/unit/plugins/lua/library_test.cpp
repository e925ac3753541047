// SPDX-License-Identifier: Apache-2.0
// What scripts find: mix.*, the sandbox, require, and the Lua 5.1 layer. Each row is an expression and its value.
#include "tests/unit/plugins/lua/lua_test.h"

namespace dunlin::test {
namespace {

using ::testing::HasSubstr;

struct Row {
  const char *expression, *value;
};

class Library : public LuaTest {
 protected:
  void check(std::initializer_list<Row> rows) {
    load(evaluator());
    for (const Row& row : rows) {
      EXPECT_EQ(eval(row.expression), row.value) << row.expression << "\n" << host_->logged();
      host_->conns.erase(1);
    }
  }
};

TEST_F(Library, JsonRoundTrips) {
  load("function on_message(m) mix.websocket():send(mix.json_encode(mix.json_decode(m.data))) end");
  for (const char* text :
       {"null", "true", "false", "0", "-1", "0.1", "1463786910324359168", "9223372036854775807",
        "-9223372036854775808", "18446744073709551615", "123456789012345678901234567890", "[]", "{}", "[[],{},null]",
        "[null]", "[null,1]", R"("")", R"("\u0000\"\\\n\u001f")", R"({"a":{"b":[1,2.5,"x"]}})", R"("äöü€😀")",
        R"({"1":1})", "[1,[2,[3]]]", "1e+300", "5e-324"}) {
    EXPECT_EQ(ask(1, text), text);
  }
}

TEST_F(Library, JsonRefuses) {
  load("function on_message(m) local v, err = mix.json_decode(m.data) mix.websocket():send(tostring(v) .. err) end");
  for (const std::string text :
       {"", "{", "[1,]", "{\"a\"}", "01", "1e999", "nul", "1 2", "\"\xff\"", "'a'", "\"\\ud800\""}) {
    EXPECT_THAT(ask(1, text), HasSubstr("niljson_decode: ")) << text;
  }
  EXPECT_THAT(ask(1, std::string("1\0x", 3)), HasSubstr("NUL"));
  EXPECT_THAT(ask(1, std::string(100'000, '[')), HasSubstr("nested too deep"));
}

TEST_F(Library, JsonEncodes) {
  check({{"mix.json_encode({})", "{}"},
         {"mix.json_encode(mix.array())", "[]"},
         {"mix.json_encode(mix.empty_array)", "[]"},
         {"mix.json_encode({1, nil, 3})", "[1,null,3]"},
         {"mix.json_encode({[2^53 // 1 | 0] = 1})", R"({"9007199254740992":1})"},
         {"mix.json_encode({mix.null})", "[null]"},
         {"mix.json_encode(nil)", "null"},
         {"mix.json_encode(10 / 2)", "5"},
         {"mix.json_encode(mix.json_decode('[1001.0,1e3,-0.0]'))", "[1001,1000,-0]"},
         {"mix.json_encode('\\'\\n')", R"("'\n")"},
         {"select(2, mix.json_encode(0/0))", "json_encode: NaN and infinity have no JSON form"},
         {"select(2, mix.json_encode(print))", "json_encode: a function has no JSON form"},
         {"select(2, mix.json_encode({[true] = 1}))", "json_encode: a boolean cannot be a key of a JSON object"},
         {"select(2, mix.json_encode('\\xff'))", "json_encode: a string is not UTF-8"},
         {"(function() local t = {} t.t = t return select(2, mix.json_encode(t)) end)()",
          "json_encode: nested over 100 levels deep: does a table contain itself?"},
         {"tostring(mix.null)", "null"},
         {"mix.json_decode('[]') == mix.null", "false"},
         {"'user:' .. mix.json_decode('18446744073709551615')", "user:18446744073709551615"},
         {"'user:' .. mix.json_decode('{\"uid\":1001}').uid", "user:1001"},
         {"math.type(mix.json_decode('1.0'))", "float"},
         {"mix.is_object(mix.json_decode('{}'))", "true"},
         {"mix.is_object(mix.json_decode('[]'))", "false"}});
}

TEST_F(Library, CodecsAndDigests) {
  check({{"mix.base64_encode('')", ""},
         {"mix.base64_encode('fo')", "Zm8="},
         {"mix.base64_encode('foobar')", "Zm9vYmFy"},
         {"mix.base64_decode('Zm8=')", "fo"},
         {"mix.base64_decode('Zm9vYmFy')", "foobar"},
         {"mix.base64_decode('')", ""},
         {"mix.base64_decode('Zm8')", "nil"},
         {"mix.base64_decode('Zm9=')", "nil"},
         {"mix.base64_decode('Zm8*')", "nil"},
         {"mix.md5('a')", "0cc175b9c0f1b6a831c399e269772661"},
         {"#mix.md5_bin('a')", "16"},
         {"mix.sha1('abc')", "a9993e364706816aba3e25717850c26c9cd0d89d"},
         {"#mix.sha1_bin('')", "20"}});
}

TEST_F(Library, Text) {
  check({{"table.concat(mix.str_split('a,b,,c', ','), '|')", "a|b||c"},
         {"#mix.str_split('', ',')", "1"},
         {"table.concat(mix.str_split('a--b', '--'), '|')", "a|b"},
         {"table.concat(mix.str_split('abc', ''), '|')", "a|b|c"},
         {"mix.parse_str('a=1&b=x%20y+z&c').b", "x y z"},
         {"mix.parse_str('?a=1&a=2').a", "2"},
         {"mix.parse_str('c').c", ""},
         {"mix.parse_str('a=%zz%4').a", "%zz%4"},
         {"mix.parse_url('HTTP://u:p@h:80/a%20b?x=1&y#f').scheme", "http"},
         {"mix.parse_url('http://u:p@h:80/a%20b?x=1&y#f').user", "u:p"},
         {"mix.parse_url('http://u:p@h:80/a%20b?x=1&y#f').host", "h:80"},
         {"mix.parse_url('http://u:p@h:80/a%20b?x=1&y#f').path", "/a b"},
         {"mix.parse_url('http://u:p@h:80/a%20b?x=1&y#f').raw_path", "/a%20b"},
         {"mix.parse_url('http://u:p@h:80/a%20b?x=1&y#f').query.x", "1"},
         {"mix.parse_url('/chat?foo=bar').raw_path", ""},
         {"mix.parse_url('/chat?foo=bar').query.foo", "bar"},
         {"mix.parse_url('http://h/?').force_query", "true"},
         {"mix.parse_url('mailto:a@b').opaque", "a@b"},
         {"mix.parse_url('/p?q').path", "/p"},
         {"mix.parse_url(':x')", "nil"},
         {"mix.bytes_tostring({72, 105, 33})", "Hi!"},
         {"#mix.bytes_tostring({0, 255})", "2"},
         {"pcall(mix.bytes_tostring, {256})", "false"}});
}

TEST_F(Library, Compat51) {
  check({{"unpack({1, 2})", "1"},
         {"table.getn({1, 2, 3})", "3"},
         {"table.maxn({1, [10] = 1})", "10"},
         {"loadstring('return 7')()", "7"},
         {"math.pow(2, 10)", "1024"},
         {"math.pow(2, 0.5) == 2 ^ 0.5", "true"},
         {"math.mod(7, 3)", "1"},
         {"math.ldexp(0.5, 3)", "4"},
         {"select(2, math.frexp(8))", "4"},
         {"math.frexp(8)", "0.5"},
         {"math.log10(1000) > 2.99", "true"},
         {"string.gfind('a b', '%a')()", "a"},
         {"table.foreachi({5, 6}, function(i, v) if v == 6 then return i end end)", "2"},
         {"setfenv(function() return x end, {x = 9})()", "9"},
         {"getfenv(setfenv(function() return x end, {x = 9})).x", "9"},
         {"getfenv(0) == _G", "true"},
         {"getfenv() == _G", "true"},
         {"(function() setfenv(1, {y = 3}) return y end)()", "3"},
         {"pcall(setfenv, print, {})", "false"},
         {"require('bit').band(0xFF, 0x0F)", "15"},
         {"require('bit').bnot(0)", "-1"},
         {"require('bit').lshift(1, 31)", "-2147483648"},
         {"require('bit').rshift(-1, 28)", "15"},
         {"require('bit').arshift(-256, 4)", "-16"},
         {"require('bit').rol(0x12345678, 12)", "1164411171"},
         {"require('bit').tohex(-1, 4)", "ffff"},
         {"require('bit').bswap(0x12345678) == 0x78563412", "true"},
         {"require('bit').tobit(0xFFFFFFFF + 2)", "1"},
         {"string.format('%d', 3.0)", "3"},
         {"string.format('%d', 3.7)", "3"},
         {"string.format('%d %.1f', -3.7, 2.5)", "-3 2.5"},
         {"('%x'):format(255.9)", "ff"},
         {"pcall(string.format, '%d', 'x')", "false"},
         {"string.format('%5.1f|%s', 1.25, 'x')", "  1.2|x"},
         {"table.foreach({a = 1}, function(k, v) if v == 1 then return k end end)", "a"},
         {"pcall(table.setn, {}, 1)", "false"},
         {"math.cosh(0)", "1"},
         {"math.sinh(0)", "0"},
         {"math.tanh(0)", "0"},
         {"math.atan2(0, 1)", "0"},
         {"select('#', unpack({1, nil, 3}, 1, 3))", "3"},
         {"gcinfo() > 0", "true"},
         {"collectgarbage('setpause', 100)", "0"},
         {"(function(...) return select('#', ...) end)(nil, nil)", "2"},
         {"('a\\0b'):find('%z')", "2"},
         {"'user:' .. 1001", "user:1001"},
         {"'user:' .. math.floor(2002 / 2)", "user:1001"},
         {"'user:' .. tonumber('1001')", "user:1001"},
         {"require('bit') == require 'bit'", "true"},
         {"require('protocols/text') ~= nil and require('protocols.text') ~= nil", "true"},
         {"require('prettyprint')({})", "{}"},
         {"require('utils.prettyprint')({1, a = 'x'})", "{\n  1,\n  a = \"x\"\n}"}});
}

TEST_F(Library, Sandbox) {
  check({{"io", "nil"},
         {"os.execute or os.exit or os.remove or os.rename or os.tmpname or os.getenv or os.setlocale", "nil"},
         {"type(os.time())", "number"},
         {"dofile or loadfile", "nil"},
         {"string.dump", "nil"},
         {"debug.sethook or debug.getregistry or debug.setupvalue or debug.setmetatable", "nil"},
         {"package.loadlib", "nil"},
         {"package.loaded.debug == debug and package.loaded.os == os", "true"},
         {"require('debug').getregistry", "nil"},
         {"pcall(require, 'io')", "false"},
         {"load('\\27Lua')", "nil"},
         {"load('return 1', 'x', 'b')()", "1"},
         {"load(function() return nil end)() == nil", "true"},
         {"xpcall(error, function(m) return m .. '!' end, 'x')", "false"},
         {"select(2, xpcall(error, function(m) return m .. '!' end, 'x', 0))", "x!"},
         {"select(3, xpcall(function(...) return ... end, print, 1, 2))", "2"},
         {"load('x = 1 return x', 'x', 't', {})()", "1"},
         {"getmetatable(setmetatable({}, {__gc = print})).__gc == print", "true"},
         {"(function() for i = 1, 1000 do setmetatable({}, {__gc = function() finalized = true end}) end "
          "collectgarbage() return finalized end)()", "nil"},
         {"getmetatable(mix.websocket())", "false"},
         {"math.random() == math.random()", "false"}});
}

TEST_F(Library, RequireFindsFilesBesideTheScriptAndInPath) {
  write("beside.lua", "return {n = 1, name = ...}");
  write("more/deep/init.lua", "return 2");
  write("old.lua", "module('old', package.seeall) function f() return tostring(_NAME) end");
  load("local b, d = require('beside'), require('deep') require('old') function on_message(m) "
       "mix.websocket():send(b.n .. b.name .. d .. old.f()) end",
       R"(,"path":["more"])");
  EXPECT_EQ(ask(1, ""), "1beside2old");
}

TEST_F(Library, LogsAndLevels) {
  check({{"mix_DEBUG == mix.DEBUG and mix_log == mix.log", "true"}, {"mix_log(mix_WARN, 'careful')", "true"}});
  EXPECT_THAT(host_->logs, ::testing::ElementsAre(std::make_pair(DUNLIN_LOG_WARN, std::string("careful"))));
}

TEST_F(Library, UuidIsVersion4) {
  check({{"mix.uuid():match('^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$') ~= nil",
          "true"}});
}

}  // namespace
}  // namespace dunlin::test
