# SPDX-License-Identifier: Apache-2.0
"""A WebSocket client that leaves while its handler waits: the handler ends, on_close is called once, nothing is left."""
import socket
import ssl
import struct

import pytest

from harness.client import Client
from harness.keys import self_signed
from harness.raw import CLOSE
from harness.redis import Redis
from harness.waiting import until

SCRIPT = """
function on_message(msg)
  local conn = mix.websocket()
  if msg.data == "id" then return conn:send(tostring(conn:client_id())) end
  mix.log(mix.INFO, "begins " .. msg.data)
  assert(load(msg.data))(conn)
  mix.log(mix.INFO, "ends " .. msg.data)
end
function on_close(client_id, err) mix.log(mix.INFO, "closed " .. client_id .. " " .. tostring(err)) end
"""
VALUE = "local conn = ... conn:wait_context_value('never')"


@pytest.fixture
def begin(serve):
    """A client whose handler waits, and a server that would wait for longer than any test."""
    def start(verb, connect=lambda dunlin: dunlin.raw(), **options):
        router = {"module": "lua", "entry": "router.lua", "deadline": "600s"}
        dunlin = serve(workers=1, auth=[], script=SCRIPT, router=router, limits={"idle": "600s"}, **options)
        client = connect(dunlin)
        client.send_text("id")
        client_id = client.recv_text()
        client.send_text(verb)
        dunlin.wait_metric("dunlin_lua_waiting", 1)
        return dunlin, client, client_id

    return start


def gone(dunlin, client_id, err, dropped):
    dunlin.wait_metric("dunlin_connections", 0)
    dunlin.wait_metric("dunlin_lua_waiting", 0)
    dunlin.wait_metric("dunlin_drops_total", dropped, reason="closed_while_handling")
    assert dunlin.log_text().count("closed " + client_id) == 1
    assert f"closed {client_id} {err}" in dunlin.log_text()
    assert not [line for line in dunlin.log if line["msg"].startswith("ends ")]


def sends_behind(dunlin, client, text="return"):
    """A message that waits for the one that is handled."""
    client.send_text(text)
    dunlin.wait_metric("dunlin_messages_received_total", 3)


def reset(client):
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def test_a_close_frame_is_heard(begin):
    dunlin, client, client_id = begin(VALUE)
    client.send_frame(CLOSE, struct.pack("!H", 1000))
    assert client.recv_close() == 1000
    client.close()
    gone(dunlin, client_id, "nil", 1)


def test_so_it_is_in_a_request_over_http(begin, backend):
    server = backend(lambda request: (200, {}))
    server.hold()
    dunlin, client, client_id = begin(f"mix.http.request('GET', '{server.url}', {{timeout = 600}})")
    client.close()
    gone(dunlin, client_id, "closed with 1006", 1)


def test_and_in_a_command_of_redis(begin, tmp_path):
    server = Redis(tmp_path)
    try:
        redis = {"redis": [{"name": "default", "url": server.url(), "timeout": "600s"}]}
        dunlin, client, client_id = begin("mix.redis.connection('default'):command('BLPOP', 'none', 0)", top=redis)
        client.close()
        gone(dunlin, client_id, "closed with 1006", 1)
    finally:
        server.kill()


@pytest.mark.parametrize("leave", [lambda client: client.close(), reset], ids=["closed", "reset"])
def test_also_behind_a_message_that_waits(begin, leave):
    dunlin, client, client_id = begin(VALUE)
    sends_behind(dunlin, client)
    leave(client)
    gone(dunlin, client_id, "closed with 1006", 2)


def test_a_reset_ends_what_has_a_bound_of_its_own_too(begin):
    dunlin, client, client_id = begin("mix.sleep(3600000)")
    sends_behind(dunlin, client)
    reset(client)
    gone(dunlin, client_id, "closed with 1006", 2)


def test_over_tls(begin, tmp_path):
    certificate = self_signed(tmp_path)
    trusting = ssl.create_default_context(cafile=certificate[0])
    dunlin, client, client_id = begin(VALUE, lambda dunlin: dunlin.raw(ssl=trusting), tls=certificate)
    sends_behind(dunlin, client)
    client.close()
    gone(dunlin, client_id, "closed with 1006", 2)


def test_what_was_sent_before_is_handled_first(begin, backend):
    server = backend(lambda request: (200, {}))
    server.hold()
    dunlin, client, client_id = begin(f"mix.http.request('GET', '{server.url}', {{timeout = 600}})")
    sends_behind(dunlin, client, "return 0")
    for number in (1, 2, 3):
        client.send_text(f"return {number}")
    client.close()
    server.release()
    until(lambda: "closed " + client_id in dunlin.log_text(), "on_close is called")
    ended = [line["msg"] for line in dunlin.log if line["msg"].startswith("ends return")]
    assert ended == [f"ends return {number}" for number in range(4)]
    assert dunlin.metric("dunlin_drops_total", reason="closed_while_handling") == 0


def test_a_library_that_closes_is_answered_at_once(serve, client_loop):
    dunlin = serve(workers=1, auth=[], script=SCRIPT)
    clients = [Client(client_loop, dunlin.url()) for _ in range(20)]
    for client in clients:
        client.send(VALUE)
    dunlin.wait_metric("dunlin_lua_waiting", 20)
    for client in clients:
        client.close()
    dunlin.wait_metric("dunlin_lua_waiting", 0)
    assert dunlin.metric("dunlin_closes_total", reason="by_peer") == 20
