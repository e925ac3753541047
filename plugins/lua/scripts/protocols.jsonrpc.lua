-- SPDX-License-Identifier: Apache-2.0
-- JSON-RPC 2.0 over a raw TCP endpoint: each message is one line of JSON.
--
--   local jsonrpc = require("protocols.jsonrpc")
--   function protocol_input(buf) return jsonrpc.input(buf) end
--   function protocol_decode(str) return jsonrpc.decode(str) end
--   function protocol_encode(str) return jsonrpc.encode(str) end
--   function on_message(request) jsonrpc.send(jsonrpc.result(request.id, "pong")) end
--
-- A line that is no request is answered here, as the specification says, and on_message does not see it.

local text = require("protocols.text")

local jsonrpc = {parse_error = -32700, invalid_request = -32600, method_not_found = -32601, invalid_params = -32602,
                 internal_error = -32603}

jsonrpc.input = text.input

function jsonrpc.result(id, result)
  if result == nil then result = mix.null end
  if id == nil then id = mix.null end
  return {jsonrpc = "2.0", id = id, result = result}
end

function jsonrpc.error(id, code, message, data)
  if id == nil then id = mix.null end
  return {jsonrpc = "2.0", id = id, error = {code = code, message = message, data = data}}
end

-- A table becomes JSON; text is taken for JSON already.
function jsonrpc.encode(value)
  if type(value) == "string" then return text.encode(value) end
  local line, err = jsonrpc.encode_table(value)
  if not line then error(err, 2) end
  return line
end

-- encode_table(table) → the line; or nil, err
function jsonrpc.encode_table(value)
  local line, err = mix.json_encode(value)
  if not line then return nil, err end
  return line .. "\n"
end

function jsonrpc.send(value) return mix.socket.tcp():send(jsonrpc.encode(value)) end

local function is_request(value)
  return mix.is_object(value) and (type(value.method) == "string" or value.result ~= nil or value.error ~= nil)
end

-- A request, a notification or an answer; a batch as a list of them. nil: it was none, and has been answered.
function jsonrpc.decode(str)
  local value, err = mix.json_decode(type(str) == "string" and str or require("dunlin.socket").packet())
  if err then
    jsonrpc.send(jsonrpc.error(nil, jsonrpc.parse_error, "Parse error"))
    return nil
  end
  local good = is_request(value)
  if mix.is_array(value) and value ~= mix.empty_array and #value > 0 then
    good = true
    for _, one in ipairs(value) do good = good and is_request(one) end
  end
  if good then return value end
  jsonrpc.send(jsonrpc.error(nil, jsonrpc.invalid_request, "Invalid Request"))
  return nil
end

return jsonrpc
