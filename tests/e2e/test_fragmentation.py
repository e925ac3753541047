# SPDX-License-Identifier: Apache-2.0
"""However a client cuts its messages, into frames or segments, they arrive whole and in order."""
import json

import pytest

from harness.raw import CONTINUATION, PING, PONG, TEXT, frame, upgrade

ECHO = {"script": "function on_message(msg) mix.websocket():send(msg.data, msg.type) end", "auth": []}
MESSAGE = json.dumps({"op": "ping", "id": "Grüße, 世界"}, ensure_ascii=False).encode()


def in_frames(message, size):
    parts = [message[i:i + size] for i in range(0, len(message), size)]
    return [frame(CONTINUATION if i else TEXT, part, fin=i == len(parts) - 1) for i, part in enumerate(parts)]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_message_in_many_frames(serve, size):
    raw = serve(**ECHO).raw()
    text = "Grüße, 世界 " * 200
    raw.send(b"".join(in_frames(text.encode(), size)))
    assert raw.recv_text() == text


def test_empty_frames_in_between(serve):
    raw = serve(**ECHO).raw()
    raw.send(frame(TEXT, b"", fin=False) + frame(CONTINUATION, b"a", fin=False) + frame(CONTINUATION, b"", fin=False)
             + frame(CONTINUATION, b"b", fin=False) + frame(CONTINUATION, b""))
    assert raw.recv_text() == "ab"


def test_a_frame_in_single_bytes(dunlin):
    raw = dunlin.raw()
    for byte in frame(TEXT, MESSAGE) + frame(TEXT, MESSAGE):
        raw.send(bytes([byte]))
    for _ in range(2):
        assert json.loads(raw.recv_text()) == {"result": True, "id": "Grüße, 世界"}


def test_a_ping_between_the_frames_of_a_message_is_answered_before_it_ends(serve):
    raw = serve(**ECHO).raw()
    raw.send(frame(TEXT, "first, ", fin=False) + frame(PING, b"are you there?"))
    pong = raw.recv_frame()
    assert (pong.opcode, pong.payload) == (PONG, b"are you there?")
    raw.send(frame(CONTINUATION, "second"))
    assert raw.recv_text() == "first, second"


def test_pings_and_messages_are_answered_each(serve):
    raw = serve(**ECHO).raw()
    raw.send(b"".join(frame(PING, b"%d" % i) + frame(TEXT, f"{i}") for i in range(100)))
    texts, pongs = [], []
    while len(texts) < 100 or not pongs:
        got = raw.recv_frame()
        {TEXT: texts, PONG: pongs}[got.opcode].append(got.payload)
    assert texts == [b"%d" % i for i in range(100)]
    # Of several pings that wait, one may be answered for all (RFC 6455, 5.5.3).
    assert set(pongs) <= {b"%d" % i for i in range(100)}


def test_an_unasked_pong_does_no_harm(dunlin):
    raw = dunlin.raw()
    raw.send(frame(PONG, b"unasked") + frame(TEXT, MESSAGE))
    assert json.loads(raw.recv_text())["result"] is True


def test_many_messages_in_one_segment(serve):
    raw = serve(**ECHO).raw()
    raw.send(b"".join(frame(TEXT, f"message {i}") for i in range(2000)))
    assert [raw.recv_text() for _ in range(2000)] == [f"message {i}" for i in range(2000)]


def test_the_first_message_in_the_segment_of_the_handshake(serve):
    stream = serve(**ECHO).stream()
    stream.send(upgrade() + frame(TEXT, "early"))
    assert stream.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 101")
    assert stream.read(7) == b"\x81\x05early"


@pytest.mark.parametrize("size", [125, 126, 127, 4095, 4096, 16384, 65535, 65536, 200_000])
def test_any_size_comes_back_whole(serve, size):
    raw = serve(limits={"message": "256KiB"}, **ECHO).raw()
    text = ("0123456789" * (size // 10 + 1))[:size]
    raw.send_text(text)
    assert raw.recv_text() == text


def test_a_library_that_sends_fragments(serve):
    client = serve(**ECHO).connect()
    client.send(["one, ", "two, ", "three"])
    assert client.recv() == "one, two, three"
    client.send([b"\x00", b"\xff"])
    assert client.recv() == b"\x00\xff"
