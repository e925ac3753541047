# SPDX-License-Identifier: Apache-2.0
"""Raw TCP: the script says where a packet ends, whatever pieces the bytes come in."""
import os

import pytest

from harness.scripts import LINES, PREFIXED, packet, read_packet
from harness.waiting import until


def test_lines_are_echoed(serve):
    client = serve(socket=LINES).tcp()
    assert client.send(b"hello\n").line() == "echo hello"
    assert client.send(b"again\n").line() == "echo again"


def test_many_lines_in_one_write_keep_their_order(serve):
    client = serve(socket=LINES).tcp()
    client.send(b"".join(b"%d\n" % i for i in range(5000)))
    assert [client.line() for _ in range(5000)] == [f"echo {i}" for i in range(5000)]


def test_a_line_that_comes_byte_by_byte(serve):
    client = serve(socket=LINES).tcp()
    for byte in b"hello\nworld\n":
        client.send(bytes([byte]))
    assert [client.line(), client.line()] == ["echo hello", "echo world"]


@pytest.mark.parametrize("size", [0, 1, 4, 1000, 65_532])
def test_binary_packets_of_every_size(serve, size):
    dunlin = serve(socket=PREFIXED)
    data = os.urandom(size)
    client = dunlin.tcp().send(packet(data) + packet(b"") + packet(data))
    assert [read_packet(client) for _ in range(3)] == [data, b"", data]


def test_the_earlier_form_of_handlers_is_handed_the_connection(serve):
    client = serve(socket=PREFIXED).tcp().send(packet(b"one") + packet(b"count"))
    assert [read_packet(client), read_packet(client)] == [b"one", b"2"]


def test_a_packet_that_decodes_to_nil_is_passed_over(serve):
    script = LINES.replace("return string.sub(str, 1, -2)", 'if str ~= "skip\\n" then return string.sub(str, 1, -2) end')
    client = serve(socket=script).tcp().send(b"skip\nskip\nlast\n")
    assert client.line() == "echo last"


def test_a_handler_that_waits_holds_back_its_own_connection_only(serve):
    script = LINES.replace("local conn = mix.socket.tcp()", """local conn = mix.socket.tcp()
  if line == "wait" then
    conn:send("got " .. conn:wait_context_value("go") .. "\\n")
    return
  end
  if line == "wake" then LAST:set_context_value("go", "through") end
  if line == "last" then LAST = conn end""")
    dunlin = serve(workers=1, socket=script)
    slow, quick = dunlin.tcp(), dunlin.tcp()
    assert slow.send(b"last\n").line() == "echo last"
    slow.send(b"wait\nbehind\n")
    dunlin.wait_metric("dunlin_sessions", 1, state="handling")
    assert quick.send(b"hello\n").line() == "echo hello"
    assert quick.send(b"wake\n").line() == "echo wake"
    assert [slow.line(), slow.line()] == ["got through", "echo behind"]


def test_clear_buffer_forgets_what_has_arrived(serve):
    script = LINES.replace("function protocol_input(buf)", """function protocol_input(buf)
  if string.find(buf:tostring(), "RESET", 1, true) then
    local conn = mix.socket.tcp()
    conn:clear_buffer()
    conn:send("cleared\\n")
    return 0
  end""")
    client = serve(socket=script).tcp().send(b"lost RESET lost\n")
    assert client.line() == "cleared"
    assert client.send(b"kept\n").line() == "echo kept"


def test_what_a_buffer_tells(serve):
    script = LINES.replace("function protocol_input(buf)", """function protocol_input(buf)
  local conn = mix.socket.tcp()
  if string.sub(buf:tostring(), 1, 5) == "ABCDE" and buf:length() == 6 then
    local none, why = buf:read(7)
    conn:send(table.concat({ buf:read(2), buf:position(), buf:read(3), buf:position(), buf:length(), #buf:tostring(),
                             tostring(none), type(why) }, " ") .. "\\n")
    return 6
  end""")
    client = serve(socket=script).tcp().send(b"ABCDE\n")
    assert client.line() == "AB 2 CDE 5 6 6 nil string"
    assert client.line() == "echo ABCDE"


def test_a_reloaded_script_takes_over_open_connections(serve):
    dunlin = serve(socket=LINES)
    client = dunlin.tcp()
    assert client.send(b"hello\n").line() == "echo hello"
    (dunlin.folder / "socket.lua").write_text(LINES.replace('"echo "', '"new "'))
    dunlin.wait_logged("reloaded socket.lua")  # by the first worker; the client may be another's
    until(lambda: client.send(b"hello\n").line() == "new hello", "the new script answers")


def test_a_client_that_has_said_all_is_still_answered(serve):
    client = serve(socket=LINES).tcp().send(b"one\ntwo\nhalf").half_close()
    assert [client.line(), client.line()] == ["echo one", "echo two"]
    assert client.ended()
