# SPDX-License-Identifier: Apache-2.0
"""Raw TCP is bounded as WebSocket is: each limit ends the connection that passes it, and is counted."""
import pytest

from harness.scripts import LINES, PREFIXED, packet, read_packet

ANSWERS = r"""
function protocol_input(buf)
  local line = string.match(buf:tostring(), "^(.-)\n")
  if not line then return 0 end
  if line == "plain" then return #line + 1 end
  return assert(load("return " .. line))()
end
function on_message(packet) mix.socket.tcp():send(packet) end
"""


def test_a_packet_of_the_limit_passes_and_a_longer_one_does_not(serve):
    dunlin = serve(socket={"script": PREFIXED, "limits": {"message": "1KiB"}})
    client = dunlin.tcp().send(packet(b"x" * 1020))
    assert read_packet(client) == b"x" * 1020
    client.send(packet(b"x" * 1021)[:4])
    assert client.ended()
    dunlin.wait_metric("dunlin_closes_total", 1, reason="too_big")


def test_bytes_that_make_no_packet_fill_the_buffer(serve):
    dunlin = serve(socket={"script": LINES, "limits": {"message": "1KiB", "buffer": "4KiB"}})
    client = dunlin.tcp().send(b"x" * 4095)
    assert dunlin.tcp().send(b"others\n").line() == "echo others"
    client.send(b"x")
    assert client.ended()
    dunlin.wait_metric("dunlin_closes_total", 1, reason="too_big")


@pytest.mark.parametrize("answer, reason", [
    ("-1", "protocol_error"),
    ("-2", "by_module"),
    ("1e9", "too_big"),
    ("math.maxinteger", "too_big"),
    ("1.5", "by_module"),
    ("'4'", "by_module"),
    ("nil", "by_module"),
    ("{}", "by_module"),
    ("error('oops')", "by_module"),
    ("mix.sleep(1)", "by_module"),
])
def test_what_is_no_length_ends_that_connection(serve, answer, reason):
    dunlin = serve(socket=ANSWERS)
    other = dunlin.tcp()
    client = dunlin.tcp().send(answer.encode() + b"\n")
    assert client.ended()
    dunlin.wait_metric("dunlin_closes_total", 1, reason=reason)
    assert other.send(b"plain\n").line() == "plain"


def test_an_error_in_a_handler_ends_that_connection(serve):
    dunlin = serve(socket=LINES.replace("local conn = mix.socket.tcp()", "if line == 'oops' then error('oops') end local conn = mix.socket.tcp()"))
    other = dunlin.tcp()
    assert dunlin.tcp().send(b"oops\n").ended()
    assert other.send(b"hi\n").line() == "echo hi"


def test_a_script_without_protocol_input_serves_nobody(serve):
    dunlin = serve(socket="function on_message(value) end")
    assert dunlin.tcp().ended()
    dunlin.wait_metric("dunlin_closes_total", 1, reason="refused")


def test_a_silent_client_is_let_go_and_a_busy_one_is_not(serve):
    dunlin = serve(socket={"script": LINES, "limits": {"idle": "1s"}})
    silent, busy = dunlin.tcp(), dunlin.tcp()
    while dunlin.metric("dunlin_closes_total", reason="idle") == 0:
        assert busy.send(b"here\n").line() == "echo here"
    assert silent.ended()
    assert busy.send(b"here\n").line() == "echo here"


def test_more_connections_than_allowed_are_cut(serve):
    dunlin = serve(socket={"script": LINES, "limits": {"connections": 2}})
    first, second = dunlin.tcp(), dunlin.tcp()
    assert first.send(b"1\n").line() == "echo 1" and second.send(b"2\n").line() == "echo 2"
    assert dunlin.tcp().ended()
    dunlin.wait_metric("dunlin_refused_total", 1, reason="too_many_connections")
    first.close()
    dunlin.wait_metric("dunlin_connections", 1)
    assert dunlin.tcp().send(b"3\n").line() == "echo 3"


def test_a_client_that_does_not_read_is_closed_and_counted(serve):
    dunlin = serve(workers=1, socket={"script": LINES, "limits": {"outbox": "256KiB"}})
    slow, quick = dunlin.tcp(receive_buffer=4096), dunlin.tcp()
    for client in (slow, quick):
        assert client.send(b"join room\n").line() == "echo join room"
    text = "x" * 65_000
    for _ in range(500):
        published = dunlin.api.publish("room", text)
        assert quick.line() == text
        if published != {"s": 2, "f": 0}:
            break
    dunlin.wait_metric("dunlin_closes_total", 1, reason="slow_consumer")
    assert dunlin.metric("dunlin_drops_total", reason="slow_consumer") >= 1
    assert slow.ended()
    dunlin.wait_metric("dunlin_connections", 1)
    assert dunlin.metric("dunlin_outbox_bytes") == 0


def test_a_client_that_reads_slowly_gets_every_byte(serve):
    dunlin = serve(workers=1, socket={"script": LINES, "limits": {"outbox": "64MiB"}})
    slow = dunlin.tcp(receive_buffer=4096)
    assert slow.send(b"join room\n").line() == "echo join room"
    sent = [f"{i} ".ljust(60_000, "x") for i in range(60)]
    for text in sent:
        assert dunlin.api.publish("room", text) == {"s": 1, "f": 0}
    assert dunlin.metric("dunlin_outbox_bytes") > 0
    assert [slow.line() for _ in sent] == sent


def test_a_client_that_vanishes_leaves_nothing_behind(serve):
    dunlin = serve(socket=LINES)
    for _ in range(20):
        client = dunlin.tcp().send(b"join room\n")
        assert client.line() == "echo join room"
        client.close()
    dunlin.wait_metric("dunlin_connections", 0)
    dunlin.wait_metric("dunlin_subscriptions", 0)
    assert dunlin.api.publish("room", "anybody?") == {"s": 0, "f": 0}
