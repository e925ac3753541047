-- SPDX-License-Identifier: Apache-2.0
-- The bit library of LuaJIT: operations on 32 bits, whose results are signed.

local bit = {}

-- Any number to a signed 32-bit integer: modulo 2^32, as LuaJIT does.
local function signed(n)
  n = n & 0xFFFFFFFF
  return n >= 0x80000000 and n - 0x100000000 or n
end

local function int(n, who)
  local number = tonumber(n)
  if not number then error("bad argument to 'bit." .. who .. "' (number expected, got " .. type(n) .. ")", 3) end
  local whole = math.tointeger(number) or math.tointeger(math.floor(number + 0.5))
  if not whole then error("bad argument to 'bit." .. who .. "' (number out of range)", 3) end
  return whole & 0xFFFFFFFF
end

function bit.tobit(n) return signed(int(n, "tobit")) end
function bit.bnot(n) return signed(~int(n, "bnot")) end

local function fold(name, combine)
  bit[name] = function(first, ...)
    local result = int(first, name)
    for i = 1, select("#", ...) do result = combine(result, int((select(i, ...)), name)) end
    return signed(result)
  end
end
fold("band", function(a, b) return a & b end)
fold("bor", function(a, b) return a | b end)
fold("bxor", function(a, b) return a ~ b end)

-- Shift counts are taken modulo 32.
function bit.lshift(n, by) return signed(int(n, "lshift") << (int(by, "lshift") & 31)) end
function bit.rshift(n, by) return signed(int(n, "rshift") >> (int(by, "rshift") & 31)) end
function bit.arshift(n, by)
  by = int(by, "arshift") & 31
  local value = signed(int(n, "arshift"))
  return signed(value // (1 << by))
end
function bit.rol(n, by)
  by = int(by, "rol") & 31
  n = int(n, "rol")
  return signed((n << by) | (n >> (32 - by)))
end
function bit.ror(n, by)
  by = int(by, "ror") & 31
  n = int(n, "ror")
  return signed((n >> by) | (n << (32 - by)))
end

function bit.bswap(n)
  n = int(n, "bswap")
  return signed((n & 0xFF) << 24 | (n & 0xFF00) << 8 | (n >> 8) & 0xFF00 | n >> 24)
end

-- The lowest `digits` hex digits (8); negative: in upper case.
function bit.tohex(n, digits)
  digits = digits and math.tointeger(digits) or 8
  local upper = digits < 0
  digits = math.min(math.abs(digits), 8)
  local text = string.format(upper and "%08X" or "%08x", int(n, "tohex"))
  return text:sub(9 - digits)
end

return bit
