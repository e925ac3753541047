-- SPDX-License-Identifier: Apache-2.0
-- A value as text for people: tables are written out with their keys in order, a table inside of itself as <cycle>.
--
--   local prettyprint = require("utils.prettyprint")
--   mix.log(mix.DEBUG, prettyprint(msg))
--   print(msg)

local rank = {number = 1, string = 2}

local function before(a, b)
  local ra, rb = rank[type(a)] or 3, rank[type(b)] or 3
  if ra ~= rb then return ra < rb end
  if ra == 3 then return tostring(a) < tostring(b) end
  return a < b
end

local function key_text(key)
  if type(key) == "string" and key:match("^[%a_][%w_]*$") then return key end
  return "[" .. (type(key) == "string" and string.format("%q", key) or tostring(key)) .. "]"
end

local function write(value, indent, open)
  if type(value) == "string" then return string.format("%q", value) end
  if type(value) ~= "table" then return tostring(value) end
  if open[value] then return "<cycle>" end
  local keys = {}
  for key in next, value do keys[#keys + 1] = key end
  if #keys == 0 then return "{}" end
  table.sort(keys, before)
  open[value] = true
  local inner, lines = indent .. "  ", {}
  for i, key in ipairs(keys) do
    local prefix = key == i and "" or key_text(key) .. " = "
    lines[i] = inner .. prefix .. write(rawget(value, key), inner, open)
  end
  open[value] = nil
  return "{\n" .. table.concat(lines, ",\n") .. "\n" .. indent .. "}"
end

local function prettyprint(value) return write(value, "", {}) end

-- With it loaded, print() writes tables out, too.
local write_line = print
function print(...)
  local parts = {...}
  for i = 1, select("#", ...) do
    if type(parts[i]) == "table" then parts[i] = prettyprint(parts[i]) end
  end
  write_line(table.unpack(parts, 1, select("#", ...)))
end

-- Called as a function, and by the names that scripts use for it.
return setmetatable({format = prettyprint, tostring = prettyprint, dump = prettyprint, print = print},
                    {__call = function(_, value) return prettyprint(value) end})
