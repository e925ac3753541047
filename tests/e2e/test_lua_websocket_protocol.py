# SPDX-License-Identifier: Apache-2.0
"""protocols.websocket: a WebSocket server in Lua on raw TCP, spoken to by a client that knows nothing of it."""
import os

import pytest

from harness.client import Client

NEW_FORM = """
require("utils.prettyprint")
local websocket = require("protocols.websocket")
function on_connect(client_id) end
function on_handshake(client_id, headers)
  mix.socket.tcp():set_context_value("agent", headers["User-Agent"])
  mix.socket.tcp():subscribe("all")
end
function on_close(client_id, err) end
function protocol_input(buf) return websocket.input(buf, on_handshake) end
function protocol_decode(str) return websocket.decode(str) end
function protocol_encode(str) return websocket.encode(str) end
function on_message(msg)
  if msg.data == "agent" then return websocket.send_text(mix.socket.tcp():context_value("agent")) end
  if msg.type == "text" then websocket.send_text(msg.data) else websocket.send_binary(msg.data) end
end
"""

EARLIER_FORM = """
require("prettyprint")
local websocket = require("protocols/websocket")
function on_connect(conn) end
function on_handshake(headers, conn)
  conn:set_context_value("agent", headers["User-Agent"])
  conn:subscribe("all")
end
function on_close(err, conn) end
function protocol_input(buf, conn) return websocket.input(buf, conn, "/chat", on_handshake) end
function protocol_decode(str, conn) return websocket.decode(conn) end
function protocol_encode(str, conn) return websocket.encode(str) end
function on_message(data, conn)
  if data.data == "agent" then return conn:send(websocket.encode(conn:context().agent)) end
  conn:send(websocket.encode(data))
end
"""


@pytest.fixture(params=[NEW_FORM, EARLIER_FORM], ids=["client id", "connection"])
def dunlin(request, serve):
    return serve(socket={"script": request.param, "limits": {"message": "2MiB"}})


@pytest.fixture
def client(dunlin, client_loop):
    opened = Client(client_loop, f"ws://127.0.0.1:{dunlin.ports[1]}/chat?a=1", extra_headers={"User-Agent": "tests/1"})
    yield opened
    opened.close()


def test_messages_of_every_size_come_back(client):
    for size in (0, 1, 125, 126, 127, 65535, 65536, 300_001):
        text = "ä" * (size // 2)
        client.send(text)
        assert client.recv() == text
        data = os.urandom(size)
        client.send(data)
        assert client.recv() == data


def test_fragments_are_joined(client):
    client.send(["frag", "men", "ted"])
    assert client.recv() == "fragmented"


def test_a_ping_is_answered(client):
    client.ping()


def test_the_handshake_is_told(client):
    client.send("agent")
    assert client.recv() == "tests/1"


def test_what_is_published_is_a_frame(dunlin, client):
    client.send("agent")
    client.recv()
    assert dunlin.api.publish("all", "news") == {"s": 1, "f": 0}
    assert client.recv() == "news"


def test_a_close_is_answered_with_its_code(client):
    client.close(4321)
    client.expect_close(4321)


def test_a_message_that_is_too_long_is_refused(client):
    client.send("x" * 1_100_000)
    client.expect_close(1009)
