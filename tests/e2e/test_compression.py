# SPDX-License-Identifier: Apache-2.0
"""permessage-deflate (RFC 7692): agreed per connection, each message compressed once, what clients compress bounded."""
import json
import os
import ssl
import zlib

import pytest
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from harness.keys import self_signed
from harness.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame, upgrade
from harness.server import configuration, run_cli

ON = {"compression": {"threshold": "100"}}
ECHO = {"script": "function on_message(msg) mix.websocket():send(msg.data, msg.type) end", "auth": []}
OFFER = "Sec-WebSocket-Extensions: permessage-deflate"
RSV1 = 4
LONG = json.dumps({"event": "@user", "data": [{"uid": i, "msg": "Grüße, 世界"} for i in range(40)]}, ensure_ascii=False)


def deflate(text, bits=15):
    """A message's payload as a client compresses it."""
    if isinstance(text, str):
        text = text.encode()
    stream = zlib.compressobj(wbits=-bits)
    return (stream.compress(text) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4]


def inflate(got, bits=15):
    """The text of a compressed frame from the server, by a decoder that knows of no message before it."""
    assert (got.opcode, got.fin, got.rsv) == (TEXT, True, RSV1), got
    return zlib.decompressobj(-bits).decompress(got.payload + b"\x00\x00\xff\xff").decode()


def answer_to(dunlin, *offers):
    """Sec-WebSocket-Extensions in the answer to these headers; None: there is none."""
    stream = dunlin.stream()
    stream.send(upgrade(headers=[f"Sec-WebSocket-Extensions: {offer}" for offer in offers]))
    answer = stream.response()
    assert answer.status == 101, answer
    return answer.headers.get("sec-websocket-extensions")


def subscriber(dunlin, offer=OFFER, **options):
    raw = dunlin.raw(headers=[offer] if offer else [], **options)
    raw.send_text(json.dumps({"op": "auth", "token": dunlin.token(1001)}))
    raw.send_text(json.dumps({"op": "subscribe", "channel": "@user"}))
    assert [raw.recv_text(), raw.recv_text()] == ['{"result":true}'] * 2
    return raw


@pytest.fixture
def squeezed(serve):
    """A server whose endpoint compresses."""
    return serve(endpoint=ON)


@pytest.fixture
def echo(serve):
    """A raw client that offers compression to a server that echoes."""
    dunlin = serve(endpoint=ON, limits={"message": "4KiB"}, **ECHO)
    raw = dunlin.raw(headers=[OFFER])
    raw.dunlin = dunlin
    return raw


FRESH = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


def test_what_is_agreed(squeezed):
    for offers, answer in ((["permessage-deflate"], FRESH), (["permessage-deflate; client_max_window_bits"], FRESH),
                           (["permessage-deflate; server_max_window_bits=10"], FRESH + "; server_max_window_bits=10"),
                           (["permessage-deflate; server_max_window_bits=99, permessage-deflate"], FRESH),
                           (["permessage-deflate, permessage-deflate; server_max_window_bits=9"], FRESH),
                           (["x-other; a=b", "permessage-deflate; mystery", "permessage-deflate"], FRESH),
                           (["permessage-deflate; mystery"], None), (["permessage-deflate; server_max_window_bits=8"], None),
                           (["permessage-deflate; ;"], None), (["x-other"], None), ([], None)):
        assert answer_to(squeezed, *offers) == answer, offers
    assert squeezed.metric("dunlin_compression_agreed_total") == 6


def test_a_header_that_the_library_could_not_read_is_refused_in_words(squeezed):
    stream = squeezed.stream()
    stream.send(upgrade(headers=[OFFER + ", x-other" * 40]))
    assert stream.response().status == 431


def test_off_is_the_default_and_a_compressed_frame_then_breaks_the_protocol(dunlin):
    assert answer_to(dunlin, "permessage-deflate; client_max_window_bits") is None
    raw = dunlin.raw(headers=[OFFER])
    raw.send_frame(TEXT, deflate('{"op":"ping"}'), rsv=RSV1)
    assert raw.recv_close() == 1002


def test_one_compression_however_many_subscribers(squeezed):
    """On both workers, compressing or not: each gets the same messages in the same order."""
    plain = [squeezed.login(uid=1001).subscribe("@user") for _ in range(5)]
    deflated = [squeezed.login(uid=1001, compression="deflate").subscribe("@user") for _ in range(20)]
    sent = [LONG + str(i) if i % 2 else f"short {i}" for i in range(40)]
    for text in sent:
        assert squeezed.api.publish("user:1001", text) == {"s": 25, "f": 0}
    for client in plain + deflated:
        assert client.recv_many(len(sent)) == sent
    assert squeezed.metric("dunlin_compressed_messages_total") == 20
    before, after = (squeezed.metric("dunlin_compressed_bytes_total", size=size) for size in ("before", "after"))
    assert before == sum(len(text.encode()) for text in sent if len(text) > 100) and after < before / 3
    assert squeezed.metric("dunlin_channels") in (1, 2)  # one a worker


def test_without_a_subscriber_that_agreed_nothing_is_compressed(squeezed):
    client = squeezed.login(uid=1001).subscribe("@user")
    other = squeezed.login(uid=1002, compression="deflate").subscribe("@user")
    squeezed.api.publish("user:1001", LONG)
    assert client.recv() == LONG and other.nothing_waits()
    assert squeezed.metric("dunlin_compressed_messages_total") == 0


def test_small_messages_and_such_as_would_not_shrink_go_plain(squeezed):
    raw = subscriber(squeezed)
    for text in ("x" * 99, os.urandom(60).hex()[:100]):
        squeezed.api.publish("user:1001", text)
    assert raw.recv_text() == "x" * 99
    got = raw.recv_frame()
    assert got.rsv == 0 or len(got.payload) < 100
    squeezed.api.publish("user:1001", "x" * 100)
    assert inflate(raw.recv_frame()) == "x" * 100


@pytest.mark.parametrize("bits", [9, 12])
def test_the_window_that_a_client_asks_for_is_kept(squeezed, bits):
    narrow = subscriber(squeezed, f"{OFFER}; server_max_window_bits={bits}")
    wide = subscriber(squeezed)
    far = (os.urandom(3000).hex() + "-") * 4  # what repeats lies 6,001 bytes back
    squeezed.api.publish("user:1001", far)
    got = narrow.recv_frame()
    assert inflate(wide.recv_frame()) == far
    assert zlib.decompressobj(-bits).decompress(got.payload + b"\x00\x00\xff\xff").decode() == far
    assert squeezed.metric("dunlin_compressed_messages_total") == 2
    squeezed.api.publish("user:1001", "x" * 500)  # fits into each window: once for both
    assert inflate(narrow.recv_frame(), bits) == inflate(wide.recv_frame()) == "x" * 500
    assert squeezed.metric("dunlin_compressed_messages_total") == 3


def test_a_library_with_a_small_window_of_its_own(squeezed):
    extension = ClientPerMessageDeflateFactory(server_max_window_bits=9, client_max_window_bits=9)
    client = squeezed.login(uid=1001, extensions=[extension]).subscribe("@user")
    for i in range(20):
        squeezed.api.publish("user:1001", LONG * i + "!")
        assert client.recv() == LONG * i + "!"


def test_the_setting_bounds_the_window(serve):
    dunlin = serve(endpoint={"compression": {"window_bits": 10}})
    assert answer_to(dunlin, "permessage-deflate") == FRESH + "; server_max_window_bits=10"
    client = dunlin.login(uid=1001, compression="deflate").subscribe("@user")
    dunlin.api.publish("user:1001", LONG * 20)
    assert client.recv() == LONG * 20


def test_what_clients_send_compressed_or_not(serve):
    client = serve(endpoint=ON, limits={"message": "1MiB"}, **ECHO).connect(compression="deflate")
    for text in ("", "a", LONG, "x" * 1_000_000, os.urandom(100_000).hex()):
        client.send(text)
        assert client.recv() == text
    for data in (b"", b"\x00", os.urandom(70_000)):
        client.send(data)
        assert client.recv() == data
    client.send([LONG, LONG, "end"])  # in fragments, compressed as one
    assert client.recv() == LONG + LONG + "end"


def test_frames_of_every_cut(echo):
    """Compressed in one frame, in many with control frames in between, in single bytes, and plain ones beside them."""
    packed = deflate(LONG)
    for size in (1, 7, 100, len(packed)):
        parts = [packed[i:i + size] for i in range(0, len(packed), size)]
        for i, part in enumerate(parts):
            if i == 1:
                echo.send_frame(PING, b"in between")
            echo.send_frame(CONTINUATION if i else TEXT, part, fin=i == len(parts) - 1, rsv=0 if i else RSV1)
        echo.send_text("plain")
        got = [echo.recv_frame() for _ in range(3 if len(parts) > 1 else 2)]
        assert sorted(one.opcode for one in got) == sorted([TEXT, TEXT] + ([PONG] if len(parts) > 1 else []))
        texts = [one for one in got if one.opcode == TEXT]
        assert inflate(texts[0]) == LONG and texts[1].payload == b"plain"
    for byte in frame(TEXT, packed, rsv=RSV1) + frame(TEXT, b"\x00", rsv=RSV1):
        echo.send(bytes([byte]))
    assert inflate(echo.recv_frame()) == LONG
    assert echo.recv_text() == ""
    # Empty frames around it, and binary.
    echo.send(frame(BINARY, b"", fin=False, rsv=RSV1) + frame(CONTINUATION, deflate(b"\xff" * 200), fin=False) + frame(CONTINUATION, b""))
    got = echo.recv_frame()
    assert (got.opcode, got.rsv) == (BINARY, RSV1)


def test_many_compressed_messages_in_one_segment(echo):
    echo.send(b"".join(frame(TEXT, deflate(f"{i} " + LONG), rsv=RSV1) for i in range(200)))
    for i in range(200):
        assert inflate(echo.recv_frame()) == f"{i} " + LONG


BOMB = deflate(b"\0" * (16 << 20))
FAULTS = {
    "no deflate data": ([frame(TEXT, b"\xff\xff\xff", rsv=RSV1)], 1007, "not_inflated"),
    "cut off": ([frame(TEXT, deflate(LONG)[:-20], rsv=RSV1)], 1007, "not_inflated"),
    "nothing": ([frame(TEXT, b"", rsv=RSV1)], 1007, "not_inflated"),
    "not UTF-8 behind it": ([frame(TEXT, deflate(b"\xc0\xaf" * 100), rsv=RSV1)], 1007, "not_utf8"),
    "over the limit when inflated": ([frame(TEXT, deflate("x" * 4097), rsv=RSV1)], 1009, "too_big"),
    "a bomb": ([frame(TEXT, BOMB[:4000], rsv=RSV1)], 1009, "too_big"),
    "a bomb in parts": ([frame(TEXT, BOMB[:2000], rsv=RSV1, fin=False), frame(CONTINUATION, BOMB[2000:4000])], 1009, "too_big"),
    "over the limit as it comes": ([frame(TEXT, BOMB, rsv=RSV1)], 1009, "too_big"),
    "RSV1 in a later frame": ([frame(TEXT, deflate(LONG), rsv=RSV1, fin=False), frame(CONTINUATION, b"", rsv=RSV1)], 1002,
                              "protocol_error"),
    "RSV1 in a later frame of a plain message": ([frame(TEXT, "a", fin=False), frame(CONTINUATION, "b", rsv=RSV1)], 1002,
                                                 "protocol_error"),
    "RSV1 in a pong": ([frame(PONG, "a", rsv=RSV1)], 1002, "protocol_error"),
    "RSV2": ([frame(TEXT, deflate(LONG), rsv=2)], 1002, "protocol_error"),
    "RSV1 and RSV3": ([frame(TEXT, deflate(LONG), rsv=RSV1 | 1)], 1002, "protocol_error"),
}


def test_faults_have_their_codes(serve):
    dunlin = serve(endpoint=ON, limits={"message": "4KiB"}, **ECHO)
    counted = {}
    for what, (frames, code, reason) in FAULTS.items():
        raw = dunlin.raw(headers=[OFFER])
        for one in frames:
            raw.send(one)
        assert raw.recv_close() == code, what
        raw.close()
        counted[reason] = counted.get(reason, 0) + 1
    dunlin.wait_metric("dunlin_sessions", 0)
    for reason, count in counted.items():
        assert dunlin.metric("dunlin_closes_total", reason=reason) == count, reason


def test_a_message_at_the_limit_is_fine(echo):
    for text in ("x" * 4096, os.urandom(2048).hex()):
        echo.send_frame(TEXT, deflate(text), rsv=RSV1)
        got = echo.recv_frame()
        assert (inflate(got) if got.rsv else got.payload.decode()) == text
    noise = os.urandom(4096)  # grows by compression, and is no larger for that
    assert len(deflate(noise)) > 4096
    echo.send_frame(BINARY, deflate(noise), rsv=RSV1)
    assert echo.recv_frame().payload == noise


def test_a_slow_reader_is_closed_and_one_within_the_limit_loses_nothing(serve):
    dunlin = serve(endpoint=ON, limits={"outbox": "1MiB", "idle": "10m"})
    slow = subscriber(dunlin, receive_buffer=4096)
    reader = dunlin.login(uid=1001, compression="deflate").subscribe("@user")
    sent = [f"{i} " + os.urandom(30_000).hex() for i in range(20)]  # 60 kB each, 34 when compressed
    for text in sent:
        assert dunlin.api.publish("user:1001", text) == {"s": 2, "f": 0}
    assert reader.recv_many(len(sent)) == sent
    assert [inflate(slow.recv_frame()) for _ in sent] == sent
    for _ in range(1000):
        if dunlin.api.publish("user:1001", sent[0]) != {"s": 2, "f": 0}:
            break
        reader.recv()
    while (got := slow.recv_frame()).opcode != CLOSE:
        assert got.opcode == PING or inflate(got) == sent[0]
    assert int.from_bytes(got.payload[:2], "big") == 4001
    assert reader.is_alive()


def test_a_reload_turns_it_on_and_off(serve):
    dunlin = serve()

    def reload(**endpoint):
        dunlin.config_file.write_text(json.dumps(configuration(endpoint=endpoint)))
        done = run_cli("reload", "--config", dunlin.config_file)
        assert done.returncode == 0, done

    before = subscriber(dunlin)
    reload(compression={"threshold": "100"})
    during = subscriber(dunlin)
    dunlin.api.publish("user:1001", LONG)
    assert before.recv_text() == LONG and inflate(during.recv_frame()) == LONG
    reload(compression={"threshold": "1MiB"})
    dunlin.api.publish("user:1001", LONG)
    assert before.recv_text() == during.recv_text() == LONG
    reload(compression="off")
    dunlin.api.publish("user:1001", LONG)
    assert before.recv_text() == during.recv_text() == LONG
    during.send_frame(TEXT, deflate('{"op":"ping"}'), rsv=RSV1)  # what was agreed with it holds
    assert during.recv_text() == '{"result":true}'
    assert answer_to(dunlin, "permessage-deflate") is None


def test_over_tls(serve, tmp_path):
    certificate = self_signed(tmp_path)
    dunlin = serve(tls=certificate, endpoint=ON)
    trust = ssl.create_default_context(cafile=certificate[0])
    client = dunlin.login(uid=1001, ssl=trust, compression="deflate").subscribe("@user")
    for text in (LONG, "y" * 500_000, os.urandom(50_000).hex()):
        assert dunlin.api.publish("user:1001", text) == {"s": 1, "f": 0}
        assert client.recv() == text


def test_draining_closes_as_ever(squeezed):
    clients = [squeezed.login(uid=i, compression="deflate").subscribe("@user") for i in range(1, 10)]
    squeezed.api.publish("user:1", LONG)
    squeezed.terminate()
    assert clients[0].recv() == LONG
    for client in clients:
        client.expect_close(1001)
    assert squeezed.wait_exit() == 0
