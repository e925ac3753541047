# SPDX-License-Identifier: Apache-2.0
"""Scripts and clients as users of CONNMIX write them, in the idioms of Lua 5.1 and of both forms of handlers."""
import json

import pytest

from harness.client import Client

# A market's streams: public ones for everybody, private ones behind a log-in that a backend decides.
MARKET = """
require("utils.prettyprint")
local mix_log = mix.log
local mix_DEBUG = mix.DEBUG

function on_handshake(client_id, headers, server)
  print(server)
  local url, err = mix.parse_url(server["RequestUri"])
  mix.websocket():set_context_value("lang", url["query"]["lang"])
  mix_log(mix_DEBUG, "handshake of " .. client_id .. " " .. url["raw_path"])
end

function on_message(msg)
  local conn = mix.websocket()
  if msg["type"] ~= "text" then conn:close() return end
  local data, err = mix.json_decode(msg["data"])
  if err then mix_log(mix_DEBUG, "json_decode: " .. err) conn:close() return end
  if data["op"] == "auth" then
    local resp, err = mix.http.request("POST", mix.server.option("auth_url"), {
      body = mix.json_encode({token = data["token"]}), headers = {["Content-Type"] = "application/json"}, timeout = "4s"})
    if err then conn:close() return end
    if resp.status_code ~= 200 then conn:send('{"code":1,"msg":"' .. resp["status_code"] .. '"}') return end
    conn:set_context_value("uid", mix.json_decode(resp["body"])["uid"])
    conn:send('{"result":true}')
    return
  end
  local uid = conn:context_value("uid")
  local parts = mix.str_split(data["channel"] or "", "@")
  if table.getn(parts) ~= 2 then conn:close() return end
  local inner = data["channel"]
  if parts[1] == "" then
    if uid == nil then conn:send('{"code":1,"msg":"Not Auth"}') return end
    inner = string.format("%d@%s", uid, parts[2])
  end
  local err = conn[data["op"]](conn, "ex:" .. inner)
  if err then conn:close() return end
  conn:send('{"result":true,"channel":"' .. inner .. '","lang":"' .. conn:context_value("lang") .. '"}')
end

function on_close(client_id, err) end
"""


@pytest.mark.parametrize("uid", [1001, 1001.0, 1463786910324359168])
def test_streams_behind_a_log_in(serve, backend, uid):
    asked = backend(lambda request: (200, {"uid": uid}) if json.loads(request.body)["token"] == "good" else (403, {}))
    dunlin = serve(script=MARKET, auth=[], endpoint={"options": {"auth_url": asked.url}})
    client = dunlin.connect("/message-center?lang=de")
    client.send({"op": "subscribe", "channel": "@balance"})
    assert client.recv_json() == {"code": 1, "msg": "Not Auth"}
    client.send({"op": "auth", "token": "bad"})
    assert client.recv_json() == {"code": 1, "msg": "403"}
    client.send({"op": "auth", "token": "good"})
    assert client.recv_json() == {"result": True}
    client.send({"op": "subscribe", "channel": "@balance"})
    assert client.recv() == '{"result":true,"channel":"%d@balance","lang":"de"}' % uid
    assert dunlin.api.publish(f"ex:{int(uid)}@balance", '{"event":"@balance"}') == {"s": 1, "f": 0}
    assert client.recv() == '{"event":"@balance"}'
    client.send({"op": "unsubscribe", "channel": "@balance"})
    assert client.recv_json()["result"] is True
    assert dunlin.api.publish(f"ex:{int(uid)}@balance", "x") == {"s": 0, "f": 0}


ROOMS = """
local function join(conn, room)
  local before = conn:context_value("room")
  if before ~= nil then conn:unsubscribe("room:" .. before) end
  conn:subscribe("room:" .. room)
  conn:set_context_value("room", room)
end
local function count(...) return arg.n end
function on_message(msg)
  local conn = mix.websocket()
  local tb, err = mix.json_decode(msg["data"])
  if err then return end
  local op, room = tb["op"], tb["room_id"]
  if op == "join" then
    join(conn, room / 2)
    conn:send('{"status":"success","seats":' .. count(1, nil, 3) / 3 .. '}')
  elseif op == "send" then
    local s, f = mix.mesh.publish("room:" .. conn:context_value("room"),
                                  '{"client_id":"' .. conn:client_id() .. '","msg":"' .. tb["msg"] .. '"}')
    conn:send(string.format('{"status":"success","got":%d}', s))
  end
end
"""


def test_rooms_named_by_a_number(serve):
    dunlin = serve(script=ROOMS, auth=[])
    one, two = dunlin.connect(), dunlin.connect()
    for client in (one, two):
        client.send({"op": "join", "room_id": 2004})
        assert client.recv() == '{"status":"success","seats":1}'
    one.send({"op": "send", "msg": "Hello"})
    got = {one.recv(), one.recv()}
    assert '{"status":"success","got":2}' in got and two.recv() in got
    assert dunlin.api.publish("room:1002", "from a backend") == {"s": 2, "f": 0}
    assert one.recv() == two.recv() == "from a backend"


# Every message goes to a queue, and after a log-in the connection's handling rests until a backend has decided: with no
# deadline but the connection's life.
WAITING = """
local mix_push = mix.queue.push
function on_close(err, conn)
  mix_push("chat", {event = "close", uid = conn:context()["uid"]})
end
function on_handshake(headers, conn)
  local n, err = mix_push("chat", {event = "handshake", headers = headers})
  if err then conn:close() end
end
function on_message(data, conn)
  if data["type"] ~= "text" then return end
  local msg = mix.json_decode(data["data"])
  if msg["op"] == "stall" then return mix.sleep(100000) end
  local n, err = mix_push("chat", {event = "message", uid = conn:context()["uid"], frame = data})
  if err then mix.log(mix.ERROR, "push error: " .. err) conn:close() return end
  if msg["op"] == "auth" then conn:wait_context_value("uid") end
end
"""


def test_a_backend_decides_a_log_in_in_its_own_time(serve):
    dunlin = serve(script=WAITING, auth=[], router={"module": "lua", "entry": "router.lua", "deadline": "300ms"})
    backend = dunlin.backend()
    assert backend.result("queue.pop", ["chat"]) == {"s": True}
    client = dunlin.connect(extra_headers={"User-Agent": "tests/1"})
    shaken = backend.event()
    assert shaken["d"]["event"] == "handshake" and shaken["d"]["headers"]["User-Agent"] == "tests/1"
    client.send({"op": "auth", "args": ["name", "secret"]})
    client.send({"op": "hello"})
    asked = backend.event()
    assert json.loads(asked["d"]["frame"]["data"])["op"] == "auth" and "uid" not in asked["d"]
    # Another handler begins later and is stopped by the deadline: by then it has passed for the first one, too.
    other = dunlin.connect()
    assert backend.event()["d"]["event"] == "handshake"
    other.send({"op": "stall"})
    other.expect_close(1011)
    assert backend.event()["d"] == {"event": "close"}
    assert backend.result("conn.call", {"c": int(asked["c"]), "f": "set_context_value", "a": ["uid", 1001]}) == {"s": True}
    heard = backend.event()["d"]
    assert heard["uid"] == 1001 and json.loads(heard["frame"]["data"]) == {"op": "hello"}
    assert backend.result("mesh.send", {"c": int(asked["c"]), "d": '{"op":"auth"}'}) == {"s": True}
    assert client.recv_json() == {"op": "auth"}
    client.close()
    assert backend.event()["d"] == {"event": "close", "uid": 1001}


# A WebSocket server that a script brings itself, as they did before there was one built in: the frame is parsed with
# require("bit") and kept in the context, the handshake answered and announced to a queue from within protocol_input.
OWN_PROTOCOL = r"""
local bit = require "bit"
local band, bor, bxor, lshift = bit.band, bit.bor, bit.bxor, bit.lshift
local byte, char = string.byte, string.char

local function shake(buf, conn)
  if not string.find(buf:tostring(), "\r\n\r\n", 1, true) then return 0 end
  local headers = {}
  for i, line in ipairs(mix.str_split(buf:tostring(), "\r\n")) do
    local parts = mix.str_split(line, ": ")
    if table.getn(parts) == 2 then headers[parts[1]] = parts[2] end
  end
  local key = mix.base64_encode(mix.sha1_bin(headers["Sec-WebSocket-Key"] .. "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
  local err = conn:send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" ..
                        "Sec-WebSocket-Accept: " .. key .. "\r\n\r\n")
  if err then return -1 end
  conn:clear_buffer()
  conn:set_context_value("__handshake", true)
  local n, err = mix.queue.push("chat", {event = "handshake", headers = headers})
  if err then return -1 end
  return 0
end

function protocol_input(buf, conn)
  if not conn:context_value("__handshake") then return shake(buf, conn) end
  local head = buf:read(2)
  if not head then return 0 end
  local first, second = byte(head, 1, 2)
  local size = band(second, 0x7f)
  if size == 126 then
    local more = buf:read(2)
    if not more then return 0 end
    size = bor(lshift(byte(more, 1), 8), byte(more, 2))
  end
  local data = buf:read(size + 4)
  if not data then return 0 end
  local bytes = {}
  for i = 1, size do table.insert(bytes, bxor(byte(data, 4 + i), byte(data, (i - 1) % 4 + 1))) end
  local kinds = {[1] = "text", [2] = "binary", [8] = "close"}
  conn:set_context_value("__frame", {type = kinds[band(first, 0x0f)], data = mix.bytes_tostring(bytes)})
  return buf:position()
end
function protocol_decode(str, conn)
  local frame = conn:context_value("__frame")
  if frame["type"] == "close" then conn:close() return nil end
  return frame
end
function protocol_encode(str, conn)
  if #str > 125 then return char(0x81, 126, #str / 256 % 256, #str % 256) .. str end
  return char(0x81, #str) .. str
end
function on_connect(conn) conn:subscribe("all") end
function on_close(err, conn) end
function on_message(data, conn)
  if data["type"] == "text" then
    conn:send(protocol_encode("you said " .. data["data"]))
  else
    conn:send(char(0x82, #data["data"]) .. data["data"])
  end
end
"""


def test_a_script_brings_its_own_websocket(serve, client_loop):
    dunlin = serve(socket=OWN_PROTOCOL)
    backend = dunlin.backend()
    assert backend.result("queue.pop", {"t": ["chat"]}) == {"s": True}
    client = Client(client_loop, f"ws://127.0.0.1:{dunlin.ports[1]}/chat", extra_headers={"User-Agent": "tests/1"})
    announced = backend.event()["d"]
    assert announced["event"] == "handshake" and announced["headers"]["User-Agent"] == "tests/1"
    client.send("hello")
    assert client.recv() == "you said hello"
    client.send(bytes(range(100, 220)))
    assert client.recv() == bytes(range(100, 220))
    client.send("ä" * 1000)
    assert client.recv() == "you said " + "ä" * 1000
    assert dunlin.api.publish("all", "to everybody") == {"s": 1, "f": 0}
    assert client.recv() == "to everybody"
    client.close()


def test_requests_as_other_clients_write_them(serve):
    backend = serve().backend()
    backend.send({"m": "mesh.publish", "p": {"c": "nobody", "d": "x", "t": None}, "id": 9223372036854775807})
    assert backend.recv() == '{"E":null,"r":{"s":0,"f":0},"i":9223372036854775807}'
    assert backend.error("queue.unpop", []) == 203
    assert backend.result("queue.pop", ["a"]) == {"s": True} and backend.result("queue.unpop", []) == {"s": True}
    assert backend.error("conn.call", {"c": 9223372036854775807, "f": "set_context", "a": [[]]}) == 301


def test_fields_that_clients_add_for_themselves_do_no_harm(serve):
    dunlin = serve()
    backend = dunlin.backend()
    for method, given in (("mesh.publish", {"c": "nobody", "d": "x", "ttl": 5}), ("queue.pop", {"t": ["a"], "group": "g"})):
        backend.send({"m": method, "p": given, "i": 1, "jsonrpc": "2.0"})
        assert json.loads(backend.recv())["E"] is None
    assert dunlin.api.post("/v1/mesh/publish", {"c": "nobody", "d": "x", "from": None}).body == {"E": None, "r": {"s": 0, "f": 0}}
    assert dunlin.metric("dunlin_api_unknown_fields_total") == 5
    assert backend.error("conn.call", {"c": "1", "f": "set_context", "a": {}, "x": 1}) == 101
