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

-- Strings.

string.gfind = string.gmatch

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
-- Of functions that use no globals, and so have no such upvalue.
local told = setmetatable({}, {__mode = "k"})

function getfenv(f)
  if f == 0 then return globals end
  f = function_at(f, "getfenv")
  local i = env_upvalue(f)
  if not i then return told[f] or globals end
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
  else
    told[target] = env
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
