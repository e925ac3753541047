// SPDX-License-Identifier: Apache-2.0
// table.insert, remove, move, concat and sort are ours: they do what the library's own do, errors included.
#include "tests/unit/plugins/lua/stock_test.h"

namespace dunlin::test {
namespace {

class Tables : public StockTest {};

// Each call is made with a table of its own; what has become of it is compared, too.
TEST_F(Tables, DoWhatTheLibrarysOwnDo) {
  EXPECT_EQ(run(R"lua(
local wrong = ''
local function numbers(n)
  local t = {}
  for i = 1, n do t[i] = i * 7 % 10 end
  return t
end
local function made(kind, n, odd)
  if kind == 1 then return numbers(n) end
  if kind == 2 then return setmetatable({}, {__len = function() return n - 3 end}) end
  if kind == 3 then return setmetatable({}, {__index = function(_, k) return k end, __len = function() return n end}) end
  if kind == 4 then return setmetatable(numbers(n), {__newindex = function(t, k, v) rawset(t, k, v) end, __eq = function() return true end}) end
  if kind == 5 then return {'a', 'b', {}, 'c'} end
  return odd
end
local places = {0, 1, 2, 3, 5, 8, -1, -4, math.maxinteger, math.mininteger, 1.5, '2', 'x', {}}
local function place(few) return random(few) == 1 and pick(places) or random(9) - 1 end
for i = 1, 4000 do
  local kind, n, odd = random(8) == 1 and 6 or random(5), random(9) - 1, pick {1, 'x', true, 1.5}
  local a, b, c, count = place(5), place(5), place(5), random(4)
  local name = pick {'insert', 'remove', 'concat', 'move'}
  local function arguments()
    local t = made(kind, n, odd)
    if name == 'insert' then return stock_table.unpack({t, count == 2 and 'v' or a, 'v', 'w'}, 1, count) end
    if name == 'concat' then return stock_table.unpack({t, ',', math.type(a) == 'integer' and a % 12 or a, math.type(b) == 'integer' and b % 12 or b}, 1, count) end
    if name == 'remove' then return stock_table.unpack({t, a}, 1, count > 2 and 2 or 1) end
    local small = function(x) return math.type(x) == 'integer' and x > -100 and x < 100 and x or math.type(x) ~= 'integer' and x or 3 end
    return t, small(a), small(b), small(c), stock_table.unpack({count == 1 and {} or nil, count == 2 and 3 or nil}, 1, count)
  end
  wrong = wrong .. (same(name, arguments) or '')
  if #wrong > 2000 then break end
end
local function with(t, ...) local more = stock_table.pack(...) return function() return setmetatable({1, 2}, t), stock_table.unpack(more, 1, more.n) end end
for _, length in ipairs {'x', 1.5, -1, math.maxinteger, math.mininteger} do
  local meta = {__len = function() return length end, __index = function() return 0 end}
  wrong = wrong .. (same('insert', with(meta, 'v')) or '') .. (same('remove', with(meta)) or '') .. (same('sort', with(meta)) or '')
  if length ~= math.maxinteger then wrong = wrong .. (same('insert', with(meta, 1, 'v')) or '') .. (same('remove', with(meta, 1)) or '') end
end
for _, call in ipairs {{-5, math.maxinteger, 2}, {1, math.maxinteger, 2}, {math.mininteger, -1, 0}, {math.maxinteger, math.maxinteger, 1},
                       {1, 2, math.maxinteger - 1}, {1, 2, math.maxinteger}, {5, 1, math.maxinteger}} do
  wrong = wrong .. (same('move', with({}, stock_table.unpack(call))) or '')
end
wrong = wrong .. (same('concat', with({}, ',', math.maxinteger, math.maxinteger)) or '')
return wrong)lua"),
            "");
}

TEST_F(Tables, AreSortedAsByTheLibrary) {
  EXPECT_EQ(run(R"lua(
local wrong = ''
local orders = {function(a, b) return a > b end, math.ult, 5, {}, function(a, b) return a.x < b end, rawequal, function() return true end}
for _, n in ipairs {0, 1, 2, 3, 10, 100, 500, 2000} do
  for which = 0, n > 100 and 5 or 7 do  -- what is no order gives what chance has the library do, of over 100
    for _, kind in ipairs {'plain', 'few', 'meta', 'mixed'} do
      local values = {}
      for i = 1, n do values[i] = random(kind == 'few' and 3 or 100000) end
      if kind == 'mixed' and n > 1 then values[n // 2 + 1] = 'x' end
      local function arguments()
        local t = stock_table.move(values, 1, n, 1, {})
        return kind == 'meta' and setmetatable(t, {__name = 'M'}) or t, orders[which]
      end
      wrong = wrong .. (same('sort', arguments) or '')
    end
    if #wrong > 2000 then return wrong end
  end
end
return wrong)lua"),
            "");
}

}  // namespace
}  // namespace dunlin::test
