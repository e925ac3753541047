# SPDX-License-Identifier: Apache-2.0
"""Scripts for raw TCP listeners."""
import struct

# Lines. "id" is answered by the client id, "join ROOM" subscribes, "tell ROOM TEXT" publishes, the rest is echoed.
LINES = r"""
function protocol_input(buf) return string.find(buf:tostring(), "\n", 1, true) or 0 end
function protocol_decode(str) return string.sub(str, 1, -2) end
function protocol_encode(str) return str .. "\n" end
function on_message(line)
  local conn = mix.socket.tcp()
  if line == "id" then return conn:send(string.format("%d\n", conn:client_id())) end
  local room = string.match(line, "^join (.*)$")
  if room then conn:subscribe(room) end
  local to, text = string.match(line, "^tell (%S+) (.*)$")
  if to then
    local s, f = mix.mesh.publish(to, text)
    return conn:send(s .. " " .. f .. "\n")
  end
  conn:send("echo " .. line .. "\n")
end
"""

# Packets behind their length in four bytes; each is echoed as it came. The earlier form of handlers.
PREFIXED = r"""
function on_connect(conn) conn:set_context_value("count", 0) end
function protocol_input(buf, conn)
  local head = buf:read(4)
  if not head then return 0 end
  return 4 + string.unpack(">I4", head)
end
function protocol_decode(str, conn) return { body = string.sub(str, 5) } end
function protocol_encode(str, conn) return string.pack(">s4", str) end
function on_message(value, conn)
  conn:set_context_value("count", conn:context_value("count") + 1)
  if value.body == "count" then return conn:send(string.pack(">s4", tostring(conn:context_value("count")))) end
  conn:send(string.pack(">s4", value.body))
end
"""


def packet(data):
    return struct.pack("!I", len(data)) + data


def read_packet(stream):
    return stream.read(struct.unpack("!I", stream.read(4))[0])
