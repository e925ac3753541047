# SPDX-License-Identifier: Apache-2.0
"""How raw TCP connections end: no close frames, what was sent first arrives, and the script is told why."""
import signal
import socket
import struct

from harness.scripts import LINES
from harness.waiting import until

CLOSES = LINES + r"""
function on_close(client_id, err)
  mix.log(mix.INFO, "closed " .. client_id .. " " .. tostring(err))
end
"""


def closing(verb):
    return CLOSES.replace("local conn = mix.socket.tcp()", f"local conn = mix.socket.tcp() if line == 'end' then {verb} end")


def test_what_was_sent_before_the_close_arrives(serve):
    dunlin = serve(socket=closing('conn:send(string.rep("x", 3000000) .. "\\n") conn:close()'))
    client = dunlin.tcp().send(b"end\n")
    assert client.line() == "x" * 3_000_000
    assert client.ended()
    dunlin.wait_metric("dunlin_connections", 0)


def test_nothing_but_the_end_of_the_stream_is_sent(serve):
    client = serve(socket=closing("conn:close()")).tcp().send(b"end\nmore\n")
    assert client.socket.recv(100) == b""


def test_packets_behind_the_one_that_closes_are_not_handled(serve):
    client = serve(socket=closing("conn:close()")).tcp().send(b"one\nend\ntwo\nthree\n")
    assert client.line() == "echo one"
    assert client.socket.recv(100) == b""


def test_on_close_is_told_once_with_why(serve):
    dunlin = serve(workers=1, socket=closing("error('oops')"))
    normal, failing = dunlin.tcp(), dunlin.tcp()
    normal_id, failing_id = normal.send(b"id\n").line(), failing.send(b"id\n").line()
    normal.close()
    assert failing.send(b"end\n").ended()
    dunlin.wait_metric("dunlin_connections", 0)
    assert f"closed {normal_id} nil" in dunlin.log_text()
    assert f"closed {failing_id} closed with 1011" in dunlin.log_text()
    assert dunlin.log_text().count(f"closed {normal_id}") == dunlin.log_text().count(f"closed {failing_id}") == 1


# The router's deadline is far: what ends here is ended by the client.
def waiting(serve, verb):
    router = {"module": "lua", "entry": "socket.lua", "deadline": "600s"}
    return serve(workers=1, socket={"script": closing(verb), "router": router})


def test_who_leaves_while_a_value_is_waited_for_is_missed_at_once(serve):
    dunlin = waiting(serve, 'conn:wait_context_value("never")')
    client = dunlin.tcp()
    client_id = client.send(b"id\n").line()
    client.send(b"end\none more\n")
    dunlin.wait_metric("dunlin_lua_waiting", 1)
    client.close()
    dunlin.wait_metric("dunlin_connections", 0)
    dunlin.wait_metric("dunlin_lua_waiting", 0)
    assert f"closed {client_id} nil" in dunlin.log_text()


def test_no_value_is_waited_for_on_behalf_of_who_has_left(serve):
    dunlin = waiting(serve, 'mix.sleep(100) conn:wait_context_value("never")')
    dunlin.tcp().send(b"end\n").close()
    until(lambda: "closed " in dunlin.log_text(), "on_close is called")
    dunlin.wait_metric("dunlin_lua_waiting", 0)


def test_who_has_said_all_is_answered_by_a_handler_that_waits(serve):
    client = waiting(serve, 'mix.sleep(100) conn:send("at last\\n")').tcp()
    client.send(b"end\nand\n").half_close()
    assert client.line() == "at last"
    assert client.line() == "echo end"
    assert client.line() == "echo and"
    assert client.ended()


def test_a_connection_that_is_reset_ends_its_handler_at_once(serve):
    dunlin = waiting(serve, "mix.sleep(3600000)")
    client = dunlin.tcp()
    client_id = client.send(b"id\n").line()
    client.send(b"end\n")
    dunlin.wait_metric("dunlin_lua_waiting", 1)
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    dunlin.wait_metric("dunlin_connections", 0)
    dunlin.wait_metric("dunlin_lua_waiting", 0)
    assert f"closed {client_id} closed with 1006" in dunlin.log_text()


def test_draining_ends_them_and_loses_nothing(serve):
    dunlin = serve(socket=CLOSES)
    clients = [dunlin.tcp() for _ in range(20)]
    for client in clients:
        assert client.send(b"join room\n").line() == "echo join room"
    assert dunlin.api.publish("room", "last words") == {"s": 20, "f": 0}
    dunlin.terminate()
    for client in clients:
        assert client.line() == "last words"
        assert client.ended()
        client.close()
    assert dunlin.wait_exit() == 0
    assert dunlin.log_text().count(" nil") >= 20


def test_a_client_that_never_closes_does_not_hold_up_the_end(serve):
    dunlin = serve(socket=LINES)
    client = dunlin.tcp()
    assert client.send(b"hi\n").line() == "echo hi"
    dunlin.terminate()
    assert client.socket.recv(100) == b""
    assert dunlin.wait_exit() == 0


def test_a_reload_moves_open_connections_to_the_new_settings(serve):
    dunlin = serve(socket=LINES)
    client = dunlin.tcp()
    assert client.send(b"join room\n").line() == "echo join room"
    (dunlin.folder / "other.lua").write_text(LINES.replace('"echo "', '"other "').replace('str .. "\\n"', '"<" .. str .. ">\\n"'))
    dunlin.config_file.write_text(dunlin.config_file.read_text().replace("socket.lua", "other.lua"))
    dunlin.process.send_signal(signal.SIGHUP)
    dunlin.wait_logged("reloaded")
    assert client.send(b"hello\n").line() == "other hello"
    assert dunlin.api.publish("room", "news") == {"s": 1, "f": 0}
    assert client.line() == "<news>"
