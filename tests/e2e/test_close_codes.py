# SPDX-License-Identifier: Apache-2.0
"""What a client does wrong closes it with the code of that, and is counted."""
import struct

import pytest

from harness.raw import BINARY, CLOSE, CONTINUATION, PING, TEXT, frame

SMALL = {"limits": {"message": "1KiB"}}
PING_REQUEST = b'{"op":"ping"}'


def closes(dunlin, raw, code, reason):
    assert raw.recv_close() == code
    dunlin.wait_metric("dunlin_closes_total", 1, reason=reason)
    dunlin.wait_metric("dunlin_sessions", 0)
    assert dunlin.login().is_alive()  # the server goes on


# The frames that are sent, the code, the reason in dunlin_closes_total.
FAULTS = {
    "over the limit": ([frame(TEXT, "x" * 1025)], 1009, "too_big"),
    "far over the limit": ([frame(TEXT, "x" * 300_000)], 1009, "too_big"),
    "over the limit in parts": ([frame(TEXT, "x" * 600, fin=False), frame(CONTINUATION, "x" * 600)], 1009, "too_big"),
    "a length of 2^62": ([b"\x81\xff" + struct.pack("!Q", 1 << 62) + b"abcdefgh"], 1009, "too_big"),
    "not UTF-8": ([frame(TEXT, b'{"op":"\xff"}')], 1007, "not_utf8"),
    "a surrogate": ([frame(TEXT, b"\xed\xa0\x80")], 1007, "not_utf8"),
    "an overlong form": ([frame(TEXT, b"\xc0\xaf")], 1007, "not_utf8"),
    "a character that is cut": ([frame(TEXT, b"abc\xe4\xb8")], 1007, "not_utf8"),
    "binary": ([frame(BINARY, PING_REQUEST)], 1003, "by_module"),
    "not JSON": ([frame(TEXT, "hello")], 1007, "by_module"),
    "an empty text": ([frame(TEXT, "")], 1007, "by_module"),
    "JSON that is cut": ([frame(TEXT, '{"op":"ping"')], 1007, "by_module"),
    "JSON that is no object": ([frame(TEXT, '["op","ping"]')], 1007, "by_module"),
    "a reserved bit": ([frame(TEXT, PING_REQUEST, rsv=4)], 1002, "protocol_error"),
    "a reserved opcode": ([frame(3, PING_REQUEST)], 1002, "protocol_error"),
    "a reserved control opcode": ([frame(11, b"")], 1002, "protocol_error"),
    "a ping in parts": ([frame(PING, b"a", fin=False)], 1002, "protocol_error"),
    "a continuation of nothing": ([frame(CONTINUATION, PING_REQUEST)], 1002, "protocol_error"),
    "a message inside of a message": ([frame(TEXT, "a", fin=False), frame(TEXT, "b")], 1002, "protocol_error"),
}


@pytest.mark.parametrize("frames, code, reason", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_has_its_code_and_counter(serve, frames, code, reason):
    dunlin = serve(**SMALL)
    raw = dunlin.raw()
    for one in frames:
        raw.send(one)
    closes(dunlin, raw, code, reason)


def test_a_long_control_frame_ends_the_connection(dunlin):
    raw = dunlin.raw()
    raw.send_frame(PING, b"a" * 126)
    assert raw.ended()
    dunlin.wait_metric("dunlin_sessions", 0)


def test_an_unmasked_frame_harms_only_its_sender(dunlin):
    """libwebsockets 4.1 takes it and tells nobody; RFC 6455 (5.1) would have it closed. Masks protect proxies from
    browsers, and browsers mask."""
    raw = dunlin.raw()
    raw.send_frame(TEXT, PING_REQUEST, mask=False)
    assert raw.recv_text() == '{"result":true}'


def test_a_message_at_the_limit_is_fine(serve):
    dunlin = serve(**SMALL)
    raw = dunlin.raw()
    raw.send_text(PING_REQUEST.ljust(1024))
    assert raw.recv_text() == '{"result":true}'


def test_what_a_library_sees(serve):
    dunlin = serve(**SMALL)
    for sent, code in (("x" * 2000, 1009), (b"binary", 1003), ("no JSON", 1007)):
        client = dunlin.connect()
        client.send(sent)
        assert client.expect_close(code)  # and a reason in words


def test_the_answers_before_the_fault_still_come(serve):
    raw = serve(**SMALL).raw()
    raw.send(frame(TEXT, '{"op":"ping","id":1}') + frame(TEXT, '{"op":"ping","id":2}') + frame(TEXT, b"\xff"))
    assert '"id":1' in raw.recv_text() and '"id":2' in raw.recv_text()
    assert raw.recv_close() == 1007


def test_a_client_that_closes_is_answered_alike(dunlin):
    for code in (1000, 1001, 4321):
        raw = dunlin.raw()
        raw.send_frame(CLOSE, struct.pack("!H", code) + b"bye")
        assert raw.recv_frame().payload == struct.pack("!H", code) + b"bye"
        assert raw.ended()
    raw = dunlin.raw()
    raw.send_frame(CLOSE)
    assert raw.recv_frame().opcode == CLOSE
    assert raw.ended()
    dunlin.wait_metric("dunlin_closes_total", 4, reason="by_peer")


@pytest.mark.parametrize("payload", [b"\x03", struct.pack("!H", 1005), struct.pack("!H", 999), struct.pack("!H", 1000) + b"\xff"],
                         ids=["one byte", "1005", "999", "reason not UTF-8"])
def test_a_bad_close_frame_ends_the_connection(dunlin, payload):
    raw = dunlin.raw()
    raw.send_frame(CLOSE, payload)
    assert raw.recv_close() == 1002
    assert raw.ended()
    dunlin.wait_metric("dunlin_sessions", 0)


def test_a_client_that_vanishes(dunlin):
    client, raw = dunlin.login(uid=1001).subscribe("@user"), dunlin.raw()
    raw.close()
    dunlin.wait_metric("dunlin_closes_total", 1, reason="connection_lost")
    assert client.is_alive()


def test_after_its_close_a_client_is_not_heard(dunlin):
    raw = dunlin.raw()
    raw.send(frame(CLOSE, struct.pack("!H", 1000)) + frame(TEXT, PING_REQUEST) + frame(TEXT, b"\xff"))
    assert raw.recv_close() == 1000
    assert raw.ended()
    dunlin.wait_metric("dunlin_closes_total", 1, reason="by_peer")
