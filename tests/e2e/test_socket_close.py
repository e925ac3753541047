# SPDX-License-Identifier: Apache-2.0
"""How raw TCP connections end: no close frames, what was sent first arrives, and the script is told why."""
import signal

from harness.scripts import LINES

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
