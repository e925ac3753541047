-- SPDX-License-Identifier: Apache-2.0
-- The server's side of WebSocket (RFC 6455) in Lua, on a raw TCP endpoint.
--
--   local websocket = require("protocols.websocket")
--   function protocol_input(buf) return websocket.input(buf, on_handshake) end
--   function protocol_decode(str) return websocket.decode(str) end
--   function protocol_encode(str) return websocket.encode(str) end
--   function on_message(msg) websocket.send_text("you said " .. msg.data) end
--
-- In the earlier form of handlers: input(buf, conn, "/path", on_handshake), decode(conn), encode(str).

local socket = require("dunlin.socket")

local websocket = {
  max_message = 1024 * 1024,  -- bytes of a message, all its fragments together; a longer one closes with 1009
  max_head = 8192,            -- bytes of the handshake
  protocols = {},  -- sub-protocols that are spoken: of those that a client offers, its first of these is taken
}

local kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
local kText, kBinary, kClose, kPing, kPong = 1, 2, 8, 9, 10

-- What the last call of input() was given; it is the same for all connections of a script.
local asked = {}

-- Frames out: never masked.

local function frame(opcode, payload)
  local size = #payload
  if size < 126 then return string.char(0x80 | opcode, size) .. payload end
  if size < 65536 then return string.pack(">BBI2", 0x80 | opcode, 126, size) .. payload end
  return string.pack(">BBI8", 0x80 | opcode, 127, size) .. payload
end

-- Frames in: eight bytes are unmasked at a time, sixteen times eight where there are that many.

local kWords = "<" .. string.rep("i8", 16)

local function unmask(payload, mask)
  local word = string.unpack("<i8", mask .. mask)
  local size, out, at = #payload, {}, 1
  while size - at >= 127 do
    local a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p = string.unpack(kWords, payload, at)
    out[#out + 1] = string.pack(kWords, a ~ word, b ~ word, c ~ word, d ~ word, e ~ word, f ~ word, g ~ word, h ~ word,
                                i ~ word, j ~ word, k ~ word, l ~ word, m ~ word, n ~ word, o ~ word, p ~ word)
    at = at + 128
  end
  while size - at >= 7 do
    out[#out + 1] = string.pack("<i8", string.unpack("<i8", payload, at) ~ word)
    at = at + 8
  end
  for i = 0, size - at do
    out[#out + 1] = string.char(string.byte(payload, at + i) ~ string.byte(mask, i % 4 + 1))
  end
  return table.concat(out)
end

-- The connection that is given first, or the one of this handler; and what follows.
local function with_conn(first, ...)
  if type(first) == "userdata" then return first, ... end
  return mix.socket.tcp(), first, ...
end

-- Ends the connection with a close frame. A second one is not sent.
local function finish(conn, code, reason)
  if socket.get(conn, "closing") then return end
  socket.set(conn, "closing", "1")
  conn:send(frame(kClose, code and string.pack(">I2", code) .. (reason or "") or ""))
  conn:close(code and code ~= 1005 and code or 1000, reason)
end

-- The length of the frame that begins the buffer. Nothing of it is looked at but what the length needs; a length that
-- is over the limit, or no length, ends the connection here.
local function frame_length(buf, conn)
  local head = buf:read(2)
  if not head then return 0 end
  local size, header = string.byte(head, 2) & 0x7F, 2
  if string.byte(head, 2) < 128 then
    finish(conn, 1002, "a client's frames are masked")
    return -1
  end
  if size >= 126 then
    local width = size == 126 and 2 or 8
    local bytes = buf:read(width)
    if not bytes then return 0 end
    size, header = string.unpack(width == 2 and ">I2" or ">i8", bytes), 2 + width
    if size < (width == 2 and 126 or 65536) then  -- also below 0: the highest bit is set
      finish(conn, 1002, "a length is not in its shortest form")
      return -1
    end
  end
  if size > websocket.max_message then
    finish(conn, 1009, "too long")
    return -1
  end
  return header + 4 + size
end

local function head_length(buf)
  local data = buf:tostring()
  local start = string.sub(data, 1, 4)
  if start ~= string.sub("GET ", 1, #start) then return -1 end
  local _, finish_at = string.find(data, "\r\n\r\n", 1, true)
  if (finish_at or #data) > websocket.max_head then return -1 end
  return finish_at or 0
end

-- input(buf [, conn] [, path] [, on_handshake]) → length. What is what, its type says: scripts have had them in each order.
function websocket.input(buf, ...)
  local given, path, handler
  for i = 1, select("#", ...) do
    local one = select(i, ...)
    local kind = type(one)
    if kind == "userdata" then given = one
    elseif kind == "string" then path = one
    elseif kind == "function" then handler = one
    elseif kind ~= "nil" then error("bad argument #" .. i + 1 .. " to 'input' (a connection, a path or a function wanted)", 2) end
  end
  local conn = given or mix.socket.tcp()
  asked = {path = path, handler = handler, with_conn = given ~= nil}
  if socket.get(conn, "open") then return frame_length(buf, conn) end
  return head_length(buf)
end

-- The handshake.

local function answer(conn, status, more)
  conn:send("HTTP/1.1 " .. status .. "\r\n" .. (more or "Content-Length: 0\r\nConnection: close\r\n") .. "\r\n")
end

local function refuse(conn, status, more)
  answer(conn, status, (more or "") .. "Content-Length: 0\r\nConnection: close\r\n")
  conn:close(1002, "no handshake: " .. status)
  return nil
end

-- Is `token` in a comma-separated list, whatever its case?
local function lists(value, token)
  for part in string.gmatch(string.lower(value or ""), "[^,]+") do
    if string.match(part, "^%s*(.-)%s*$") == token then return true end
  end
  return false
end

local function parse_head(head)
  local method, uri, version, rest = string.match(head, "^(%u+) ([^%s%c]+) (HTTP/1%.%d)\r\n(.*)\r\n$")
  if not method then return nil end
  local headers = {}
  for line in string.gmatch(rest, "(.-)\r\n") do
    local name, value = string.match(line, "^([^%s%c:]+):[ \t]*(.-)[ \t]*$")
    if not name or string.find(value, "[\0\r\n]") then return nil end
    name = string.lower(name)
    headers[name] = headers[name] and headers[name] .. ", " .. value or value
  end
  return {Method = method, RequestUri = uri, ServerProtocol = version, Host = headers.host}, socket.headers(headers)
end

local function chosen_protocol(headers)
  for offered in string.gmatch(headers["sec-websocket-protocol"] or "", "[^,%s]+") do
    for _, spoken in ipairs(websocket.protocols) do
      if offered == spoken then return offered end
    end
  end
end

local function fault(server, headers)
  if server.Method ~= "GET" or not lists(headers.upgrade, "websocket") or not lists(headers.connection, "upgrade") then
    return "400 Bad Request"
  end
  if not headers.host or server.ServerProtocol == "HTTP/1.0" then return "400 Bad Request" end
  if headers["sec-websocket-version"] ~= "13" then return "426 Upgrade Required", "Sec-WebSocket-Version: 13\r\n" end
  local key = mix.base64_decode(headers["sec-websocket-key"] or "")
  if not key or #key ~= 16 then return "400 Bad Request" end
  if asked.path and string.sub(server.RequestUri, 1, #asked.path) ~= asked.path then return "404 Not Found" end
end

-- Scripts of the earlier form find the request line among the headers, and these in the context later on.
local function call_handler(conn, headers, server)
  local handler = asked.handler
  local conn_form = asked.with_conn or handler and socket.form(handler) == "conn"
  if conn_form then
    for _, name in ipairs({"Method", "RequestUri", "ServerProtocol"}) do headers[name] = server[name] end
  end
  if asked.with_conn then conn:set_context_value("headers", headers) end
  if not handler then return end
  if conn_form then
    handler(headers, conn)
  else
    server.RemoteAddr = conn:remote_addr()
    handler(conn:client_id(), headers, server)
  end
end

local function shake_hands(conn, head)
  local server, headers = parse_head(head)
  if not server then return refuse(conn, "400 Bad Request") end
  local status, more = fault(server, headers)
  if status then return refuse(conn, status, more) end
  local protocol = chosen_protocol(headers)
  local accept = mix.base64_encode(mix.sha1_bin(headers["sec-websocket-key"] .. kGuid))
  answer(conn, "101 Switching Protocols", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " ..
         accept .. "\r\n" .. (protocol and "Sec-WebSocket-Protocol: " .. protocol .. "\r\n" or ""))
  socket.set(conn, "open", "1")
  call_handler(conn, headers, server)
  return nil
end

-- Messages.

local function is_close_code(code)
  return code >= 1000 and code <= 1014 and code ~= 1004 and code ~= 1005 and code ~= 1006 or
         code >= 3000 and code <= 4999
end

local function closed(conn, payload)
  if #payload == 0 then return finish(conn, nil) end
  local code = #payload >= 2 and string.unpack(">I2", payload) or 0
  if not is_close_code(code) then return finish(conn, 1002, "no close code") end
  local reason = string.sub(payload, 3)
  if not utf8.len(reason) then return finish(conn, 1007, "the reason is not UTF-8") end
  return finish(conn, code, reason)
end

local function controlled(conn, opcode, final, payload)
  if not final or #payload > 125 then return finish(conn, 1002, "a control frame is whole, and short") end
  if opcode == kClose then return closed(conn, payload) end
  if opcode == kPing then conn:send(frame(kPong, payload)) end
end

local function message(conn, kind, data)
  if kind == kText and not utf8.len(data) then return finish(conn, 1007, "not UTF-8") end
  return {type = kind == kText and "text" or "binary", data = data, finish = true}
end

-- A data frame: a message, or nothing yet.
local function collected(conn, opcode, final, payload)
  local begun = socket.get(conn, "kind")
  if (opcode == 0) ~= (begun ~= nil) then
    return finish(conn, 1002, begun and "a message within a message" or "there is nothing to continue")
  end
  if not begun and final then return message(conn, opcode, payload) end
  if not begun then socket.set(conn, "kind", tostring(opcode)) end
  if socket.append(conn, "data", payload, websocket.max_message) > websocket.max_message then
    return finish(conn, 1009, "too long")
  end
  if not final then return nil end
  local kind, data = math.tointeger(tonumber(begun)), socket.get(conn, "data")
  socket.set(conn, "kind", nil)
  socket.set(conn, "data", nil)
  return message(conn, kind, data)
end

local function take_frame(conn, packet)
  local first, size = string.byte(packet, 1, 2)
  size = size & 0x7F
  local at = size == 127 and 11 or size == 126 and 5 or 3
  local payload = unmask(string.sub(packet, at + 4), string.sub(packet, at, at + 3))
  local opcode, final = first & 0x0F, first & 0x80 ~= 0
  if first & 0x70 ~= 0 then return finish(conn, 1002, "a reserved bit is set") end
  if opcode >= kClose and opcode <= kPong then return controlled(conn, opcode, final, payload) end
  if opcode > kBinary then return finish(conn, 1002, "there is no such frame") end
  return collected(conn, opcode, final, payload)
end

-- decode(str) or decode(conn) → {type = "text" | "binary", data = …, finish = true}; nil: there is no message (yet)
function websocket.decode(packet)
  local conn = mix.socket.tcp()
  if type(packet) ~= "string" then packet = socket.packet() end
  if socket.get(conn, "closing") then return nil end
  if not socket.get(conn, "open") then return shake_hands(conn, packet) end
  return take_frame(conn, packet)
end

-- encode(value) → the bytes of a frame. Text is a text frame where it is UTF-8, else a binary one; a table such as
-- on_message gets says itself what it is.
function websocket.encode(value)
  if type(value) == "table" then
    return frame(value.type == "binary" and kBinary or kText, tostring(value.data or ""))
  end
  local data = tostring(value)
  return frame(utf8.len(data) and kText or kBinary, data)
end

-- Each to the connection of this handler, or to one that is given first; each gives err or nil.

function websocket.send_text(...)
  local conn, data = with_conn(...)
  if not utf8.len(data) then return "text must be UTF-8" end
  return conn:send(frame(kText, data))
end
function websocket.send_binary(...)
  local conn, data = with_conn(...)
  return conn:send(frame(kBinary, data))
end
local function send_control(opcode, ...)
  local conn, data = with_conn(...)
  if #(data or "") > 125 then return "over 125 bytes" end
  return conn:send(frame(opcode, data or ""))
end
function websocket.send_ping(...) return send_control(kPing, ...) end
function websocket.send_pong(...) return send_control(kPong, ...) end
function websocket.send_close(...)
  local conn, code, reason = with_conn(...)
  return finish(conn, code or 1000, reason)
end

return websocket
