-- SPDX-License-Identifier: Apache-2.0
-- What the Lua 5.1 reference manual has and Lua 5.4 has not. Run once in each Lua state, with the whole debug library.

local debug = ...

unpack = table.unpack

function loadstring(text, name) return load(text, name or text) end

function gcinfo() return math.floor(collectgarbage("count")) end

-- Tables.

local function check_table(t, who)
  if type(t) ~= "table" then
    error("bad argument #1 to '" .. who .. "' (table expected, got " .. type(t) .. ")", 3)
  end
end

function table.getn(t)
  check_table(t, "getn")
  return #t
end

function table.setn() error("'setn' is obsolete", 2) end

function table.maxn(t)
  check_table(t, "maxn")
  local max = 0
  for key in next, t do
    if type(key) == "number" and key > max then max = key end
  end
  return max
end

function table.foreach(t, f)
  check_table(t, "foreach")
  for key, value in next, t do
    local result = f(key, value)
    if result ~= nil then return result end
  end
end

function table.foreachi(t, f)
  check_table(t, "foreachi")
  for i = 1, #t do
    local result = f(i, t[i])
    if result ~= nil then return result end
  end
end

-- Strings and numbers.

string.gfind = string.gmatch

-- Lua 5.1 cuts the fraction off what %d and its like are given, and has %u; Lua 5.4 refuses both.
local format = string.format

local function cut(value)
  local number = tonumber(value)
  if math.type(number) ~= "float" or not (number > -2^63 and number < 2^63) then return value end
  return math.tointeger(number < 0 and math.ceil(number) or math.floor(number))
end

function string.format(text, ...)
  local good, result = pcall(format, text, ...)
  if good then return result end
  if type(text) == "string" then
    -- Only those that are to be whole: the others keep their fraction.
    local values, n = {...}, 0
    local of54 = string.gsub(text, "%%([-+ #0]*%d*%.?%d*)([%a%%])", function(how, letter)
      if letter == "%" then return nil end
      n = n + 1
      if string.find("diouxXc", letter, 1, true) then values[n] = cut(values[n]) end
      if letter == "u" then return "%" .. how .. "d" end
    end)
    good, result = pcall(format, of54, table.unpack(values, 1, select("#", ...)))
    if good then return result end
  end
  error((string.gsub(tostring(result), "'%?'", "'format'", 1)), 2)
end

local function whole(n) return math.tointeger(n) or n end

function math.pow(x, y) return whole(x ^ y) end
function math.mod(x, y) return math.fmod(x, y) end
function math.log10(x) return math.log(x, 10) end
function math.ldexp(m, e) return whole(m * 2.0 ^ e) end
function math.atan2(y, x) return math.atan(y, x) end
function math.cosh(x) return (math.exp(x) + math.exp(-x)) / 2 end
function math.sinh(x) return (math.exp(x) - math.exp(-x)) / 2 end
function math.tanh(x)
  if x > 20 then return 1.0 elseif x < -20 then return -1.0 end
  local up, down = math.exp(x), math.exp(-x)
  return (up - down) / (up + down)
end
function math.frexp(x)
  if x == 0 or x ~= x or x == math.huge or x == -math.huge then return x, 0 end
  local exponent = math.floor(math.log(math.abs(x), 2)) + 1
  local mantissa = x / 2.0 ^ exponent
  -- The logarithm may be off by one near a power of two.
  if math.abs(mantissa) >= 1 then mantissa, exponent = mantissa / 2, exponent + 1 end
  if math.abs(mantissa) < 0.5 then mantissa, exponent = mantissa * 2, exponent - 1 end
  return mantissa, exponent
end

-- Environments: in Lua 5.4 the globals of a function are its upvalue _ENV.

local function function_at(f, who)
  if type(f) == "function" then return f end
  local level = math.tointeger(f == nil and 1 or f)
  if not level or level < 0 then error("bad argument #1 to '" .. who .. "' (function or level expected)", 3) end
  local info = debug.getinfo(level + 2, "f")
  if not info then error("bad argument #1 to '" .. who .. "' (invalid level)", 3) end
  return info.func
end

local function env_upvalue(f)
  for i = 1, 255 do
    local name = debug.getupvalue(f, i)
    if name == "_ENV" then return i end
    if not name then return nil end
  end
end

local globals = _G

function getfenv(f)
  if f == 0 then return globals end
  f = function_at(f, "getfenv")
  local i = env_upvalue(f)
  if not i then return globals end
  local _, env = debug.getupvalue(f, i)
  return env
end

function setfenv(f, env)
  if type(env) ~= "table" then
    error("bad argument #2 to 'setfenv' (table expected, got " .. type(env) .. ")", 2)
  end
  if f == 0 then error("'setfenv' cannot change the environment of a thread", 2) end
  local target = function_at(f, "setfenv")
  local i = env_upvalue(target)
  if i then
    -- A fresh upvalue, so that no other function that shares the old one changes with it.
    debug.upvaluejoin(target, i, function() return env end, 1)
  elseif debug.getinfo(target, "S").what == "C" then
    error("'setfenv' cannot change environment of given object", 2)
  end
  return target
end

-- Modules.

function package.seeall(module)
  check_table(module, "seeall")
  local meta = getmetatable(module)
  if not meta then
    meta = {}
    setmetatable(module, meta)
  end
  meta.__index = globals
end

-- The table that a dotted name stands for in the globals, made where it is missing.
local function global_table(name)
  local found = globals
  for part in name:gmatch("[^.]+") do
    local field = rawget(found, part)
    if field == nil then
      field = {}
      found[part] = field
    elseif type(field) ~= "table" then
      error("name conflict for module '" .. name .. "'", 3)
    end
    found = field
  end
  return found
end

function module(name, ...)
  local loaded = package.loaded[name]
  local m = type(loaded) == "table" and loaded or global_table(name)
  package.loaded[name] = m
  if m._NAME == nil then
    m._M, m._NAME, m._PACKAGE = m, name, name:match("^(.*%.)[^.]*$") or ""
  end
  setfenv(2, m)
  for i = 1, select("#", ...) do
    local option = select(i, ...)
    if type(option) ~= "string" then option(m) end  -- module(...): Lua 5.4 hands a loaded file its path, too
  end
end
