-- SPDX-License-Identifier: Apache-2.0
-- Lines of text over a raw TCP endpoint: a packet ends with a line feed, which on_message does not see.
--
--   local text = require("protocols.text")
--   function protocol_input(buf) return text.input(buf) end
--   function protocol_decode(str) return text.decode(str) end
--   function protocol_encode(str) return text.encode(str) end

local text = {max_line = 64 * 1024}  -- bytes; a longer line drops the connection

function text.input(buf)
  local finish = string.find(buf:tostring(), "\n", 1, true)
  if finish then return finish <= text.max_line and finish or -1 end
  return buf:length() < text.max_line and 0 or -1
end

-- The line without its end, be that \n or \r\n.
function text.decode(str)
  return (string.gsub(str, "\r?\n$", ""))
end

function text.encode(value) return tostring(value) .. "\n" end

return text
