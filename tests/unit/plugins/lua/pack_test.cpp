// SPDX-License-Identifier: Apache-2.0
// mix.php_pack and mix.php_unpack, against what PHP's manual and PHP say.
#include "tests/unit/plugins/lua/lua_test.h"

namespace dunlin::test {
namespace {

struct Row {
  const char *expression, *value;
};

class Pack : public LuaTest {
 protected:
  void check(std::initializer_list<Row> rows) {
    load("local function hex(s) return (s:gsub('.', function(c) return ('%02x'):format(c:byte()) end)) end "
         "local function join(t) local keys = {} for k in pairs(t) do keys[#keys + 1] = k end "
         "table.sort(keys, function(a, b) return tostring(a) < tostring(b) end) "
         "for i, k in ipairs(keys) do keys[i] = k .. '=' .. tostring(t[k]) end return table.concat(keys, ' ') end "
         "local function p(...) local s, err = mix.php_pack(...) return s and hex(s) or err end "
         "local function u(...) local t, err = mix.php_unpack(...) return t and join(t) or err end "
         "function on_message(msg) mix.websocket():send(load('local p, u = ... return ' .. msg.data)(p, u)) end");
    for (const Row& row : rows) EXPECT_EQ(ask(1, row.expression), row.value) << row.expression << host_->logged();
  }
};

TEST_F(Pack, Packs) {
  check({{"p('nvc*', 0x1234, 0x5678, 65, 66)", "123478564142"},  // the manual's example
         {"p('a5', 'abc')", "6162630000"},
         {"p('A5', 'abc')", "6162632020"},
         {"p('Z5', 'abc')", "6162630000"},
         {"p('Z3', 'abc')", "616200"},
         {"p('Z*', 'abc')", "61626300"},
         {"p('a*', 'abc')", "616263"},
         {"p('a', 'abc')", "61"},
         {"p('a2', 'abc')", "6162"},
         {"p('H*', '1f2')", "1f20"},
         {"p('h*', '1f2')", "f102"},
         {"p('H2', 'ff')", "ff"},
         {"p('H', 'f')", "f0"},
         {"p('c', -1)", "ff"},
         {"p('C3', 1, 2, 3)", "010203"},
         {"p('s', -2)", "feff"},
         {"p('n', 65535)", "ffff"},
         {"p('N', 1)", "00000001"},
         {"p('N', '1')", "00000001"},
         {"p('N', 1.9)", "00000001"},
         {"p('V', 0x12345678)", "78563412"},
         {"p('l', -1)", "ffffffff"},
         {"p('i', 1)", "01000000"},
         {"p('q', -1)", "ffffffffffffffff"},
         {"p('J', 0x0102030405060708)", "0102030405060708"},
         {"p('P', 0x0102030405060708)", "0807060504030201"},
         {"p('Q', 1)", "0100000000000000"},
         {"p('G', 1.5)", "3fc00000"},
         {"p('g', 1.5)", "0000c03f"},
         {"p('f', 1.5)", "0000c03f"},
         {"p('E', 1)", "3ff0000000000000"},
         {"p('e', 1)", "000000000000f03f"},
         {"p('d', 1)", "000000000000f03f"},
         {"p('Cx2C', 1, 2)", "01000002"},
         {"p('C3X', 1, 2, 3)", "0102"},
         {"p('C@4C', 1, 2)", "0100000002"},
         {"p('C3@1', 1, 2, 3)", "01"},
         {"p('@C', 1)", "0001"},
         {"p('X2Cx*@*', 1)", "01"},
         {"p('H4', 'abc')", "abc0"},
         {"p('')", ""},
         {"p('c*')", ""}});
}

TEST_F(Pack, Unpacks) {
  check({{"u('cchars/nint', '\\4\\0\\160\\0')", "chars=4 int=160"},  // the manual's examples
         {"u('c2chars/nint', '\\4\\0\\160\\0')", "chars1=4 chars2=0 int=40960"},
         {"u('N', '\\0\\0\\1\\0')", "1=256"},
         {"u('Nlen/a*rest', '\\0\\0\\0\\2hello')", "len=2 rest=hello"},
         {"u('C*', 'AB')", "1=65 2=66"},
         {"u('C*b', 'AB')", "b1=65 b2=66"},
         {"u('C2', 'AB')", "1=65 2=66"},
         {"u('a5x', 'ab   ')", "x=ab   "},
         {"u('A5x', 'ab \\n\\0')", "x=ab"},
         {"u('Z5x', 'ab\\0cd')", "x=ab"},
         {"u('H*x', '\\x1f\\x20')", "x=1f20"},
         {"u('h3x', '\\x1f\\x20')", "x=f10"},
         {"u('cx', '\\xff')", "x=-1"},
         {"u('Cx', '\\xff')", "x=255"},
         {"u('sx', '\\xfe\\xff')", "x=-2"},
         {"u('vx', '\\xfe\\xff')", "x=65534"},
         {"u('lx', '\\xff\\xff\\xff\\xff')", "x=-1"},
         {"u('Vx', '\\xff\\xff\\xff\\xff')", "x=4294967295"},
         {"u('Jx', '\\1\\2\\3\\4\\5\\6\\7\\8')", "x=72623859790382856"},
         {"u('Gx', '\\x3f\\xc0\\0\\0')", "x=1.5"},
         {"u('ex', '\\0\\0\\0\\0\\0\\0\\xf0\\x3f')", "x=1"},
         {"u('x2/Cb', 'ABC')", "b=67"},
         {"u('Ca/X/Cb', 'AB')", "a=65 b=65"},
         {"u('@2/Cb', 'ABC')", "b=67"},
         {"u('@/Cb', 'ABC')", "b=66"},
         {"u('Ca/X9/Cb', 'ABC')", "a=65 b=65"}});
}

TEST_F(Pack, SaysWhatIsWrong) {
  check({{"p('N')", "php_pack: format 'N': there are not enough arguments"},
         {"p('N2', 1)", "php_pack: format 'N': there are not enough arguments"},
         {"p('y', 1)", "php_pack: there is no format 'y'"},
         {"p('N', 'x')", "php_pack: format 'N': argument 1 is no number"},
         {"p('a', {})", "php_pack: format 'a': argument 1 is no string"},
         {"p('H*', 'xy')", "php_pack: format 'H': a character is no hex digit"},
         {"p('@999999999')", "php_pack: format '@': the result is over 16 MiB"},
         {"p('a99999999999', 'x')", "php_pack: the repeater of 'a' is too large"},
         {"p('q', 1e300)", "php_pack: format 'q': a number is over 64 bits"},
         {"u('N', 'abc')", "php_unpack: format 'N': not enough input, need 4, have 3"},
         {"u('a4x', 'abc')", "php_unpack: format 'a': not enough input, need 4, have 3"},
         {"u('?', 'abc')", "php_unpack: there is no format '?'"},
         {"u('x9', 'abc')", "php_unpack: format 'x': it goes beyond the end"}});
}

}  // namespace
}  // namespace dunlin::test
