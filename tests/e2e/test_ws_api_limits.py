# SPDX-License-Identifier: Apache-2.0
"""The WebSocket API's bounds: frames that break the protocol, readers that do not read, silence, handshakes."""
import json
import threading

import pytest

from harness.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame, request, upgrade


def closed(dunlin, reason):
    dunlin.wait_metric("dunlin_api_sockets", 0)
    return dunlin.metric("dunlin_api_sockets_closed_total", reason=reason)


@pytest.mark.parametrize("data, code, reason", [
    (frame(TEXT, "ping", mask=False), 1002, "protocol_error"), (frame(TEXT, "ping", rsv=4), 1002, "protocol_error"),
    (frame(3, "x"), 1002, "protocol_error"), (frame(11, "x"), 1002, "protocol_error"),
    (frame(PING, "x", fin=False), 1002, "protocol_error"), (frame(PING, 126 * "x"), 1002, "protocol_error"),
    (frame(CONTINUATION, "x"), 1002, "protocol_error"),
    (frame(TEXT, "x", fin=False) + frame(TEXT, "x"), 1002, "protocol_error"),
    (frame(TEXT, b"\xff"), 1007, "not_utf8"), (frame(TEXT, 1100 * "x"), 1009, "too_big"),
    (frame(TEXT, 600 * "x", fin=False) + frame(CONTINUATION, 600 * "x"), 1009, "too_big"),
    (frame(CLOSE, b"\x03"), 1002, "protocol_error"), (frame(CLOSE, b"\x03\xee"), 1002, "protocol_error"),
    (frame(CLOSE, b"\x03\xe8\xff"), 1002, "protocol_error"),
    (b"\x81\xff" + 8 * b"\xff" + 4 * b"\0", 1009, "too_big"),
], ids=str)
def test_what_breaks_the_protocol_is_closed_with_its_code(serve, data, code, reason):
    dunlin = serve(api={"body": "1KiB"})
    raw = dunlin.raw_backend()
    raw.send(data)
    assert raw.recv_close() == code
    raw.close()
    assert closed(dunlin, reason) == 1


def test_frames_in_any_pieces_are_put_together(dunlin):
    raw = dunlin.raw_backend()
    text = '{"m":"mesh.publish","p":{"c":"ä","d":"b"},"i":"é"}'.encode()
    data = b"".join(frame(TEXT if i == 0 else CONTINUATION, text[i:i + 1], fin=i == len(text) - 1) + frame(PING, b"p")
                    for i in range(len(text)))
    for i in range(0, len(data), 7):
        raw.send(data[i:i + 7])
    pongs = 0
    while (got := raw.recv_frame()).opcode == PONG:
        pongs += 1
    assert json.loads(got.payload) == {"E": None, "r": {"s": 0, "f": 0}, "i": "é"}
    assert pongs >= len(text) - 1


def test_a_request_behind_the_handshake_is_answered(dunlin):
    stream = dunlin.stream(dunlin.api.port)
    stream.send(request("GET", "/version") + upgrade("/ws/v1") + frame(TEXT, "ping") + frame(CLOSE, b"\x03\xe8"))
    assert stream.response().status == 200
    assert b"101" in stream.read_until(b"\r\n\r\n").split(b"\r\n")[0]
    assert stream.read(6) == b"\x81\x04pong"
    assert stream.read(4) == b"\x88\x02\x03\xe8"
    assert stream.ended()


@pytest.mark.parametrize("data, status", [
    (request("GET", "/ws/v1"), 426), (upgrade("/ws/v1", version=8), 426), (request("POST", "/ws/v1"), 405),
    (request("GET", "/ws/v1", headers=["Connection: Upgrade", "Upgrade: h2c"]), 426),
    (request("GET", "/ws/v1", headers=["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                                       "Sec-WebSocket-Key: short"]), 400),
    (upgrade("/ws/v2"), 404), (upgrade("/ws/v1", headers=["Origin: http://evil.example"]), 403),
], ids=range(7))
def test_bad_handshakes_are_answered_over_http(dunlin, data, status):
    stream = dunlin.stream(dunlin.api.port)
    stream.send(data)
    answer = stream.response()
    assert answer.status == status and json.loads(answer.body)["E"]["m"]
    stream.send(request("GET", "/version"))
    assert stream.response().status == 200  # it is an HTTP connection still


def test_who_does_not_read_is_closed(serve):
    """Its requests are taken only as it takes the answers; when it takes none for the time-out it is closed."""
    dunlin = serve(workers=2, api={"outbox": "64KiB", "timeout": "1s"}, script="function on_message() end", auth=[])
    raw = dunlin.raw_backend(receive_buffer=4096)
    text = json.dumps({"m": "mesh.publish", "p": {"c": "c", "d": "d"}, "i": 1000 * "i"})
    block = 100 * frame(TEXT, text)
    sent = 0

    def send():
        nonlocal sent
        try:
            while True:
                raw.send(block)
                sent += 100
        except OSError:
            pass

    sender = threading.Thread(target=send)
    sender.start()
    dunlin.wait_metric("dunlin_api_sockets_closed_total", 1, reason="slow_consumer")
    sender.join()
    assert dunlin.api.get("/version").status == 200


def test_silence_is_asked_about(dunlin):
    raw = dunlin.raw_backend()
    raw.send_frame(PING, b"are you there")
    got = raw.recv_frame()
    assert (got.opcode, got.payload) == (PONG, b"are you there")
    raw.send_frame(CLOSE, b"\x0f\xa0bye")
    assert raw.recv_close() == 4000
    raw.ended()
    assert closed(dunlin, "by_peer") == 1


def test_a_lost_connection_is_counted(dunlin):
    raw = dunlin.raw_backend()
    raw.send_text("ping")
    assert raw.recv_text() == "pong"
    raw.close()
    assert closed(dunlin, "connection_lost") == 1


def test_binary_frames_are_told(dunlin):
    raw = dunlin.raw_backend()
    raw.send_frame(BINARY, b"ping")
    assert json.loads(raw.recv_text())["E"]["c"] == 101
