# SPDX-License-Identifier: Apache-2.0
"""What a handshake must be, and how it is refused."""
import pytest

from harness.raw import request, upgrade

LIBRARY = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


def status(dunlin, sent):
    stream = dunlin.stream()
    stream.send(sent)
    answer = stream.response()
    assert stream.ended()
    return answer.status


def handshake(path="/message-center", method="GET", **change):
    headers = LIBRARY | {name.replace("_", "-"): value for name, value in change.items()}
    return request(method, path, headers=[f"{name}: {value}" for name, value in headers.items() if value is not None])


def test_the_example_of_the_rfc(dunlin):
    stream = dunlin.stream()
    stream.send(handshake())
    head = stream.read_until(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head  # RFC 6455, 1.3


@pytest.mark.parametrize("path", ["/", "/message-center/", "/Message-Center", "/message-cente", "/message-center2", "/metrics"])
def test_no_such_endpoint(dunlin, path):
    assert status(dunlin, handshake(path)) == 404
    assert dunlin.metric("dunlin_refused_total", reason="no_such_endpoint") == 1
    assert dunlin.wait_logged("connection refused", reason="no_such_endpoint")


@pytest.mark.parametrize("sent, expected", [
    (handshake(Sec_WebSocket_Version="8"), 426),
    (handshake(Sec_WebSocket_Version=None), 426),
    (handshake(Sec_WebSocket_Key=None), 400),
    (handshake(Upgrade="h2c"), 400),
    (request("GET", "/message-center"), 426),
    (request("POST", "/message-center", b"x"), 426),
], ids=["version 8", "no version", "no key", "h2c", "plain GET", "plain POST"])
def test_what_is_no_handshake(dunlin, sent, expected):
    assert status(dunlin, sent) == expected
    assert dunlin.metric("dunlin_refused_total", reason="bad_request") == 1


@pytest.mark.parametrize("garbage", [b"\x00" * 50, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 200, b"hello\r\n\r\n",
                                     b"GET\r\n\r\n", b"GET /message-center HTTP/1.1\r\n" + b"\r\n"])
def test_garbage_ends_the_connection(serve, garbage):
    dunlin = serve(limits={"handshake": "1s"})
    stream = dunlin.stream()
    stream.send(garbage)
    assert stream.ended()
    assert dunlin.login().is_alive()


@pytest.mark.parametrize("origin, expected", [("https://example.com", None), ("https://evil.example", 403), ("null", 403),
                                              ("https://example.com.evil.example", 403), ("", 403)])
def test_origins(serve, origin, expected):
    dunlin = serve(endpoint={"origins": ["https://example.com", "http://localhost:8080"]})
    if expected is None:
        assert dunlin.connect(extra_headers={"Origin": origin}).is_alive()
        return
    assert dunlin.refused(extra_headers={"Origin": origin} if origin else {}) == expected
    assert dunlin.metric("dunlin_refused_total", reason="origin") == 1


def test_compression_is_not_needed(dunlin):
    """A client that offers permessage-deflate works, whether or not it is taken."""
    client = dunlin.connect(compression="deflate").auth(dunlin.token(1001)).subscribe("@user")
    for text in ("x" * 10, "y" * 100_000):
        assert dunlin.api.publish("user:1001", text) == {"s": 1, "f": 0}
        assert client.recv() == text


def test_a_query_and_odd_headers_do_no_harm(dunlin):
    stream = dunlin.stream()
    stream.send(upgrade("/message-center?a=%2500&b=..&c", headers=["X-Odd: \x7f\xff", "Cookie: a=b; c", "connection: keep-alive, Upgrade"]))
    assert stream.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 101 ")
