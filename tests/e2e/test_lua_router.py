# SPDX-License-Identifier: Apache-2.0
"""A router in Lua: what its handlers are given, what its errors cost, and that nobody waits for another."""
import os

import pytest

from harness.server import MESSAGE_CENTER
from harness.waiting import until

ECHO = "function on_message(msg) mix.websocket():send(msg.data, msg.type) end\n"


@pytest.fixture
def script(serve):
    """Starts a server with this script as its router."""
    return lambda text, **options: serve(script=text, **{"auth": []} | options)


BY_ID = """
function on_handshake(client_id, headers, server)
  mix.websocket():set_context({id = client_id, agent = headers["user-agent"], uri = server.RequestUri, method = server.Method})
end
function on_message(msg)
  local conn = mix.websocket()
  local context = conn:context()
  context.same = context.id == conn:client_id()
  context.id = nil
  context.msg = msg
  conn:send(mix.json_encode(context))
end
function on_close(client_id, err)
  mix.mesh.publish("closed", mix.json_encode({same = client_id == mix.websocket():client_id(), err = err or "none"}))
end
"""

BY_CONNECTION = """
function on_handshake(headers, conn)
  conn:set_context({id = conn:client_id(), agent = headers["user-agent"], uri = "/message-center?a=1", method = "GET"})
end
function on_message(data, conn)
  local context = conn:context()
  context.same = context.id == mix.websocket():client_id()
  context.id = nil
  context.msg = data
  conn:send(mix.json_encode(context))
end
function on_close(err, conn)
  mix.mesh.publish("closed", mix.json_encode({same = conn:client_id() == mix.websocket():client_id(), err = err or "none"}))
end
"""

HANDLERS_IN_A_TABLE = "local M = {}\n" + BY_ID.replace("function on_", "function M.on_") + "return M\n"

# Tells what was published on "closed", to whoever connects to /closed.
LISTENS = "function on_handshake(client_id) mix.websocket():subscribe('closed') end\nfunction on_message(msg) mix.websocket():send('here') end\n"


@pytest.mark.parametrize("form", [BY_ID, BY_CONNECTION, HANDLERS_IN_A_TABLE], ids=["client id", "connection", "table"])
def test_both_forms_of_handlers(script, tmp_path, form):
    (tmp_path / "listens.lua").write_text(LISTENS)
    listener = {"path": "/closed", "router": {"module": "lua", "entry": str(tmp_path / "listens.lua")}}
    dunlin = script(form, endpoints=[listener])
    listens = dunlin.connect("/closed")
    listens.send("are you there?")
    assert listens.recv() == "here"

    client = dunlin.connect("/message-center?a=1", extra_headers={"User-Agent": "tests/1"})
    client.send("hi")
    assert client.recv_json() == {"same": True, "agent": "tests/1", "uri": "/message-center?a=1", "method": "GET",
                                  "msg": {"type": "text", "data": "hi", "finish": True}}
    client.close(1000)
    assert listens.recv_json() == {"same": True, "err": "none"}
    leaves = dunlin.raw()
    leaves.close()
    closed = listens.recv_json()
    assert closed["same"] and "1006" in closed["err"]


FAILS = """
function on_message(msg)
  local conn = mix.websocket()
  if msg.data == "fail" then
    conn.nothing.more = 1
  end
  conn:send(msg.data)
end
"""


def test_an_error_closes_its_own_connection_and_is_logged_with_its_place(script):
    dunlin = script(FAILS, workers=1)
    fails, other = dunlin.connect(), dunlin.connect()
    fails.send("fail")
    fails.expect_close(1011)
    line, = [line for line in dunlin.log if "router.lua:5" in str(line)]
    assert line["level"] == "error" and "stack traceback" in str(line)
    assert dunlin.metric("dunlin_lua_errors_total") == 1
    other.send("fine")
    assert other.recv() == "fine"


@pytest.mark.parametrize("body", ['error("text")', "error({})", "error()", 'error(nil)', "local x = nil + 1", "return mix.nothing()",
                                  "mix.websocket():send()", "mix.websocket():send({})", "mix.websocket():subscribe({})",
                                  'string.rep("x", 1 << 40)', 'coroutine.wrap(function() error("inside") end)()'])
def test_any_error_is_the_same(script, body):
    dunlin = script("function on_message(msg) %s end" % body)
    client = dunlin.connect()
    client.send("x")
    client.expect_close(1011)
    assert dunlin.metric("dunlin_lua_errors_total") == 1


@pytest.mark.parametrize("loop", ["while true do end", "while true do pcall(function() while true do end end) end",
                                  "repeat until false", "local s = '' while true do s = #s .. '' end",
                                  "coroutine.wrap(function() while true do end end)()", "local function f() return f() end f()"])
def test_an_endless_loop_is_stopped(script, loop):
    text = "function on_message(msg) if msg.data == 'loop' then %s end mix.websocket():send(msg.data) end" % loop
    dunlin = script(text, workers=1, modules={"lua": {"entry": MESSAGE_CENTER}},
                    router={"module": "lua", "entry": "router.lua", "budget": {"time": "100ms"}})
    loops, other = dunlin.connect(), dunlin.connect()
    loops.send("loop")
    other.send("waits a little")
    loops.expect_close(1011)
    assert other.recv() == "waits a little"
    assert dunlin.metric("dunlin_lua_stopped_total") == 1


def test_a_script_that_eats_memory_is_stopped(script):
    text = "function on_message(msg) local t = {} while true do t[#t + 1] = string.rep('x', 100000) .. #t end end"
    dunlin = script(text, workers=1, router={"module": "lua", "entry": "router.lua", "budget": {"memory": "8MiB", "time": "5s"}})
    client = dunlin.connect()
    client.send("x")
    client.expect_close(1011)
    assert "stopped: it ran over budget.memory" in dunlin.log_text()
    assert dunlin.metric("dunlin_lua_stopped_total") == 1
    assert dunlin.metric("dunlin_lua_memory_bytes", worker="0") < 16 * 1024 * 1024


WAITS = """
function on_message(msg)
  local conn = mix.websocket()
  if msg.data:sub(1, 4) == "wait" then
    mix.sleep(300)
  end
  conn:send(msg.data)
end
"""


def test_who_waits_keeps_order_and_blocks_nobody(script):
    dunlin = script(WAITS, workers=1)
    waits, others = dunlin.connect(), [dunlin.connect() for _ in range(5)]
    for text in ("wait 1", "2", "wait 3", "4"):
        waits.send(text)
    until(lambda: dunlin.metric("dunlin_lua_waiting") == 1, "the first message waits")
    for other in others:
        other.send("at once")
        assert other.recv() == "at once"
    assert dunlin.metric("dunlin_lua_waiting") == 1  # all of that while it waited
    assert waits.recv_many(4) == ["wait 1", "2", "wait 3", "4"]
    assert dunlin.metric("dunlin_lua_waiting") == 0


def test_a_client_that_is_waited_for_may_send_a_lot(script):
    dunlin = script(WAITS, workers=1)
    client = dunlin.connect()
    sent = ["wait"] + [f"{i} ".ljust(5000) for i in range(300)]
    for text in sent:
        client.send(text)
    assert client.recv_many(len(sent)) == sent


def test_a_handler_that_never_ends_meets_its_deadline(script):
    dunlin = script("function on_message(msg) mix.sleep(3600000) end",
                    router={"module": "lua", "entry": "router.lua", "deadline": "300ms"})
    client = dunlin.connect()
    client.send("x")
    client.expect_close(1011)
    assert dunlin.metric("dunlin_lua_waiting") == 0


def test_who_leaves_while_waiting_leaves_nothing_behind(script):
    dunlin = script(WAITS, workers=1)
    client = dunlin.raw()
    client.send_text("wait")
    until(lambda: dunlin.metric("dunlin_lua_waiting") == 1, "it waits")
    client.close()
    dunlin.wait_metric("dunlin_sessions", 0)
    dunlin.wait_metric("dunlin_lua_waiting", 0)


def test_wait_context_value_is_woken_by_who_sets_it(script):
    dunlin = script("""
function on_handshake(client_id)
  mix.websocket():set_context_value("n", 41)
end
function on_message(msg)
  local conn = mix.websocket()
  conn:send(mix.json_encode({conn:wait_context_value("n"), (conn:wait_context_value("never", 100))}))
end
""")
    client = dunlin.connect()
    client.send("x")
    assert client.recv_json()[0] == 41


def test_publish_tells_how_many(script):
    dunlin = script("""
function on_message(msg)
  local conn = mix.websocket()
  conn:subscribe("room")
  local success, fail = mix.mesh.publish("room", "to all")
  conn:send(success .. " " .. fail)
end
""", workers=2)
    clients = [dunlin.connect() for _ in range(8)]
    for count, client in enumerate(clients, 1):
        client.send("x")
        assert client.recv_many(2) == ["to all", f"{count} 0"]
    assert clients[0].recv_many(7) == ["to all"] * 7


def test_binary_and_text(script):
    client = script(ECHO).connect()
    client.send(b"\x00\xff")
    assert client.recv() == b"\x00\xff"
    client.send("\u0000 é")
    assert client.recv() == "\u0000 é"


def test_options_and_close(script):
    dunlin = script("""
function on_message(msg)
  local conn = mix.websocket()
  conn:send(mix.json_encode({mix.server.option("big"), mix.server.option("list"), mix.server.option("text"), mix.null}))
  conn:close(4321, "good bye")
end
""", endpoint={"options": {"big": 1463786910324359168, "list": ["a", 1, True], "text": "é"}})
    client = dunlin.connect()
    client.send("x")
    assert client.recv_json() == [1463786910324359168, ["a", 1, True], "é", None]
    assert client.expect_close(4321) == "good bye"


def test_scripts_of_lua_5_1_run(script):
    dunlin = script("""
local bit = require "bit"
local pretty = require("utils.prettyprint")
function on_message(msg)
  local t = {1, 2, 3}
  local words = {}
  for word in string.gfind("a b", "%a") do words[#words + 1] = word end
  mix.websocket():send(mix.json_encode({table.getn(t), (unpack(t)), loadstring("return 7")(), math.pow(2, 3), bit.band(6, 3),
    #words, type(pretty), "user:" .. 1001}))
end
""")
    client = dunlin.connect()
    client.send("x")
    got = client.recv_json()
    assert got.pop(6) in ("function", "table")
    assert got == [3, 1, 7, 8, 2, 2, "user:1001"]


def test_an_edited_script_is_put_in_force_and_no_connection_is_dropped(script):
    dunlin = script("function on_message(msg) mix.websocket():send('one') end", modules={"lua": {"entry": MESSAGE_CENTER}},
                    router={"module": "lua", "entry": "router.lua", "reload": "50ms"})
    client = dunlin.connect()

    def says():
        client.send("?")
        return client.recv()

    def edit(text):
        fresh = dunlin.folder / "fresh.lua"
        fresh.write_text(text)
        os.replace(fresh, dunlin.folder / "router.lua")

    assert says() == "one"
    edit("function on_message(msg) mix.websocket():send('two') end")
    until(lambda: says() == "two", "the new script is in force")
    edit("function on_message(msg) this is no Lua")
    dunlin.wait_metric("dunlin_lua_reload_failures_total", 2)  # on both workers
    assert says() == "two"
    assert "router.lua:1" in dunlin.log_text()
    edit("function on_message(msg) mix.websocket():send('three') end")
    until(lambda: says() == "three", "the mended script is in force")
    assert dunlin.metric("dunlin_sessions") == 1
