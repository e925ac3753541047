// SPDX-License-Identifier: Apache-2.0
// string.find, match, gmatch, gsub and rep are ours: they give what the library's own give, errors included.
#include "tests/unit/plugins/lua/stock_test.h"

namespace dunlin::test {
namespace {

class Patterns : public StockTest {};

// Patterns and subjects by chance: most are good, some malformed, some match.
constexpr char kRandomCases[] = R"lua(
local singles = {'a', 'b', 'c', '.', '%a', '%c', '%d', '%g', '%l', '%p', '%s', '%u', '%w', '%x', '%z', '%A', '%C', '%D', '%G',
  '%L', '%P', '%S', '%U', '%W', '%X', '%Z', '%.', '%%', '%-', '%]', '[ab]', '[^ab]', '[a-c]', '[c-a]', '[%a_]', '[^%s]', '[]]',
  '[^]]', '[a-]', '[-a]', '[%]x]', '[a-%%]', '[^%w%-]', '[%-%.]', '[\0-\31]', '[\200-\255]', '\0', '\255', ' ', '-', ']', ')', '[^^]'}
local others = {'()', '(a)', '(.-)', '(%w+)', '(', ')', '%1', '%2', '%f[%a]', '%f[^%w]', '%f[\0]', '%b()', '%bab', "%b''", '^', '$',
  '%1*', '(b)?', '%f[a]*', '%0', '%9', '%f', '%fa', '%b', '%bx', '[', '[^', '[a', '[%', '%', '[a%', '*', '+', '?'}
local suffixes = {'', '', '', '', '*', '+', '-', '?'}
local bytes = {'a', 'a', 'b', 'b', 'c', 'd', ' ', '1', '_', '(', ')', "'", '\0', '\255', '\200', '.', '-', '%', 'A', '\n', ']', '^', 'x'}
local replacements = {'', 'x', '%0', '%1', '<%0>', '%%', '%2', 'a%1b%1', 7, 1.5, '%', '%x', {a = 'A', b = 1, c = false, [1] = 'one'},
  {a = {}}, function(...) return select('#', ...) .. tostring((...)) end, function() end, function() return {} end, print}
local function pattern()
  local text = random(8) == 1 and '^' or ''
  for _ = 1, random(5) do
    text = text .. (random(4) == 1 and pick(others) or pick(singles) .. pick(suffixes))
  end
  return random(12) == 1 and text .. '$' or text
end
local function subject()
  local text = ''
  for _ = 1, random(14) - 1 do text = text .. pick(bytes) end
  return text
end
local function start() return random(3) == 1 and random(34) - 17 or nil end
local function collect(gmatch, ...)
  local all = {}
  local next_match = gmatch(...)
  for i = 1, 40 do
    local found = stock_table.pack(next_match())
    for k = 1, found.n do all[#all + 1] = tostring(found[k]) .. math.type(found[k] or 0) end
    if found.n == 0 then break end
    all[#all + 1] = '|'
  end
  return stock_table.concat(all, ' ')
end
function stock_string.collect(...) return collect(stock_string.gmatch, ...) end
function string.collect(...) return collect(string.gmatch, ...) end
local wrong, good = '', 0
for i = 1, CASES do
  local s, p = subject(), pattern()
  if pcall(stock_string.find, s, p) then good = good + 1 end
  wrong = wrong .. (same('find', s, p, start()) or '') .. (same('find', s, p, start(), true) or '')
    .. (same('match', s, p, start()) or '') .. (same('collect', s, p, start()) or '')
    .. (same('gsub', s, p, pick(replacements), random(3) == 1 and random(5) - 2 or nil) or '')
  if #wrong > 2000 then break end
end
if good < CASES // 2 then wrong = wrong .. 'only ' .. good .. ' patterns were good' end
return wrong
)lua";

TEST_F(Patterns, GiveWhatTheLibrarysOwnGive) {
  const char* cases = getenv("DUNLIN_PATTERN_CASES");
  EXPECT_EQ(run("local CASES <const> = " + std::string(cases ? cases : "5000") + kRandomCases), "");
}

TEST_F(Patterns, HaveTheSameLimits) {
  EXPECT_EQ(run(R"lua(
local rep, wrong = stock_string.rep, ''
local function check(...) wrong = wrong .. (same(...) or '') end
for _, n in ipairs {31, 32, 33} do
  check('find', rep('a', 40), rep('(a)', n))
  check('find', 'a', rep('()', n))
  check('gsub', rep('a', 40), rep('(a)', n), '%9')
end
for _, n in ipairs {198, 199, 200, 201} do
  for _, item in ipairs {'a?', 'a*', 'a-', 'b?', 'b*', 'b-', 'b+'} do
    check('find', rep('a', 300), rep(item, n))
  end
  check('find', rep('a', 300), rep('a?', n - 2) .. '(a)')
  check('find', rep('ab', 300), rep('a+b', n))
end
check('match', rep('a', 100000), '^.-b')
check('match', rep('a', 100000), '^(.*)$')
check('gsub', rep('a b', 10000), '%s+', '')
check('find', rep('x', 5000) .. 'y', '[' .. rep('abc', 200) .. 'y]')
check('find', rep('x', 5000) .. 'y', '[^' .. rep('abc', 200) .. 'x]+$')
check('find', rep('x', 5000) .. 'y', '[' .. rep('abc', 200) .. 'x]+y')
check('find', rep('ab', 5000), '^(' .. rep('ab', 100) .. ').*%1$')
check('match', rep('(', 1000) .. rep(')', 1000), '%b()')
return wrong)lua"),
            "");
}

TEST_F(Patterns, AskForTheSameArguments) {
  EXPECT_EQ(run(R"lua(
local wrong = ''
local values = {1, -1, 0, 2.5, '3', 'x', math.mininteger, math.maxinteger, 1e300, true, {}, print}
for _, name in ipairs {'find', 'match', 'gmatch', 'gsub', 'rep'} do
  wrong = wrong .. (same(name) or '') .. (same(name, 'ab') or '')
  for i = 1, 400 do
    local arguments = {pick {'ab', 'a.b', '', 12, 1.5, pick(values)}, pick {'a', '', '.', 2, pick(values)}, pick(values), pick(values)}
    -- The library's own repeats nothing 2^40 times.
    if name == 'rep' and arguments[1] == '' then arguments[1] = 'x' end
    if name == 'rep' then arguments[2] = pick {0, -1, 1, 2, 3, 1e10, 1 << 40, '2', 2.5, {}, math.mininteger} end
    wrong = wrong .. (same(name, stock_table.unpack(arguments, 1, random(4))) or '')
  end
end
for _, text in ipairs {'', 'a', 'ab', 'abc'} do
  for times = -1, 9 do
    wrong = wrong .. (same('rep', text, times) or '') .. (same('rep', text, times, ',') or '') .. (same('rep', text, times, ', ') or '')
  end
end
return wrong)lua"),
            "");
}

TEST_F(Patterns, OfNothingAreRepeatedAtOnce) { EXPECT_EQ(run("return #string.rep('', 2^53 // 1 | 0)"), "0"); }

}  // namespace
}  // namespace dunlin::test
