# SPDX-License-Identifier: Apache-2.0
"""Bad calls of the HTTP API, and the corners of HTTP/1.1."""
import json

import pytest

from harness.raw import request, upgrade
from harness.waiting import Stopwatch, until

PUBLISH = "/v1/mesh/publish"
GOOD = {"c": "user:1001", "d": "hi"}

# What is sent, and a word that the answer says.
BAD_BODIES = [
    (b"", "JSON"),
    (b"hi", "JSON"),
    (b'{"c":"user:1001","d":"hi"', "JSON"),
    (b'{"c":"user:1001","d":"hi"} x', "JSON"),
    (b"{'c':'user:1001','d':'hi'}", "JSON"),
    (b'{"c":"user:1001","d":"\xff\xfe"}', "JSON"),
    (b'{"c":"user:1001","d":"\\ud800"}', "JSON"),
    (b"\x00", "JSON"),
    (b"[" * 100_000, "JSON"),
    (b"null", "null"),
    (b"[1]", "number"),
    (b'"c"', "string"),
    (b"1", "number"),
    ({}, '"c"'),
    ({"d": "hi"}, '"c"'),
    ({"c": "user:1001"}, '"d"'),
    ({"c": 1001, "d": "hi"}, '"c"'),
    ({"c": None, "d": "hi"}, '"c"'),
    ({"c": "", "d": "hi"}, '"c"'),
    ({"c": "x" * 256, "d": "hi"}, '"c"'),
    ({"c": "a\u0000b", "d": "hi"}, '"c"'),
    ({"c": "a\nb", "d": "hi"}, '"c"'),
    ({"c": "user:1001", "d": {"a": 1}}, '"d"'),
    ({"c": "user:1001", "d": None}, '"d"'),
    ({"c": "user:1001", "d": "hi", "t": "html"}, '"t"'),
    ({"c": "user:1001", "d": "hi", "t": 1}, '"t"'),
    ({"c": "user:1001", "d": "hi!", "t": "binary"}, "base64"),
    ({"c": "user:1001", "d": "aGk", "t": "binary"}, "base64"),
    ({"c": "user:1001", "d": "aGk=\n", "t": "binary"}, "base64"),
    ({"c": "user:1001", "d": "=aGk", "t": "binary"}, "base64"),
]


def test_a_bad_body_is_answered_by_what_was_wrong(dunlin):
    client = dunlin.login(uid=1001).subscribe("@user")
    for body, word in BAD_BODIES:
        answer = dunlin.api.post(PUBLISH, body)
        assert (answer.status, answer.body["E"]["c"]) == (400, 101), body
        assert word in answer.body["E"]["m"], (body, answer.body)
    assert dunlin.api.publish("user:1001", "still works") == {"s": 1, "f": 0}
    assert client.recv() == "still works"
    assert dunlin.metric("dunlin_publishes_total") == 1
    assert dunlin.metric("dunlin_api_answers_total", status="400") == len(BAD_BODIES)


def test_a_value_that_nests_too_deeply_is_refused(dunlin):
    def call(levels):
        nested = b"[" * levels + b"]" * levels
        return dunlin.api.post("/v1/conn/call", b'{"c":"1","f":"set_context_value","a":["key",%s]}' % nested)

    answer = call(200_000)
    assert (answer.status, answer.body["E"]["c"]) == (400, 101) and "Nested deeper than 512 levels" in answer.body["E"]["m"]
    assert call(500).body["E"]["c"] == 301  # nothing is wrong with it but that there is no such connection


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/mesh", "/v1/mesh/publish/", "/V1/mesh/publish", "/v1/mesh/publish%00"])
def test_there_is_no_such_path(dunlin, path):
    answer = dunlin.api.post(path, GOOD)
    assert (answer.status, answer.body["E"]["c"]) == (404, 404)


@pytest.mark.parametrize("method, path, allow", [
    ("GET", PUBLISH, "POST"), ("PUT", PUBLISH, "POST"), ("DELETE", "/v1/mesh/send", "POST"), ("POST", "/metrics", "GET, HEAD"),
    ("OPTIONS", "/version", "GET, HEAD"),
])
def test_a_method_that_is_not_served(dunlin, method, path, allow):
    answer = dunlin.api.call(method, path, GOOD if method == "PUT" else None)
    assert answer.status == 405
    assert answer.headers["Allow"] == allow


def test_a_query_does_no_harm(dunlin):
    assert dunlin.api.post(PUBLISH + "?a=1", GOOD).status == 200


def test_version_and_nodes(dunlin):
    for api in (dunlin.api, dunlin.directory):
        version = api.get("/version").body
        assert version["apis"] == ["v1"] and version["version"]
        node, = api.get("/v1/nodes").body["nodes"]
        assert node["api_server"] == f"127.0.0.1:{dunlin.api.port}"
        assert node["id"] and node["workers"] == 2
    assert dunlin.directory.post(PUBLISH, GOOD).status == 404
    assert dunlin.directory.get("/metrics").status == 404


def test_head_has_no_body(dunlin):
    stream = dunlin.stream(dunlin.api.port)
    stream.send(request("HEAD", "/version") + request("GET", "/version"))
    head = stream.response(head=True)
    assert head.status == 200
    assert json.loads(stream.response().body)["apis"] == ["v1"]


def test_a_body_at_and_over_the_limit(serve):
    dunlin = serve(api={"body": "1KiB"})
    body = json.dumps(GOOD).encode()
    assert dunlin.api.post(PUBLISH, body.ljust(1024)).status == 200
    for too_long in (1025, 1_000_000):
        stream = dunlin.stream(dunlin.api.port)
        stream.send(request("POST", PUBLISH, body.ljust(too_long)))
        answer = stream.response()
        assert (answer.status, json.loads(answer.body)["E"]["c"]) == (413, 413)
        assert stream.ended()
    chunked = dunlin.stream(dunlin.api.port)
    chunked.send(request("POST", PUBLISH, headers=["Transfer-Encoding: chunked"]) + b"401\r\n" + b" " * 1025 + b"\r\n0\r\n\r\n")
    assert chunked.response().status == 413
    assert dunlin.api.publish("a", "b") == {"s": 0, "f": 0}


def test_headers_over_the_limit(dunlin):
    stream = dunlin.stream(dunlin.api.port)
    stream.send(request("GET", "/version", headers=["X-Long: " + "x" * 100_000]))
    assert stream.response().status in (400, 431)
    assert stream.ended()


@pytest.mark.parametrize("bytes_sent", [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET / FTP/1.1\r\n\r\n",
                                        b"POST /v1/mesh/publish HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                                        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"])
def test_what_is_no_http(dunlin, bytes_sent):
    stream = dunlin.stream(dunlin.api.port)
    stream.send(bytes_sent + b"\r\n" * 20)
    assert stream.response().status == 400
    assert stream.ended()
    assert dunlin.api.get("/version").status == 200


def test_pipelined_posts_in_one_segment_are_answered_in_order(dunlin):
    dunlin.login(uid=1001).subscribe("@user")
    stream = dunlin.stream(dunlin.api.port)
    calls = [("user:1001", 1), ("user:1002", 0), ("user:1001", 1), ("nobody", 0)]
    stream.send(b"".join(request("POST", PUBLISH, json.dumps({"c": c, "d": "x"}).encode()) for c, _ in calls)
                + request("POST", PUBLISH, b"nonsense") + request("GET", "/version") + request("GET", "/nowhere"))
    for _, count in calls:
        assert json.loads(stream.response().body)["r"] == {"s": count, "f": 0}
    assert [stream.response().status for _ in range(3)] == [400, 200, 404]


def test_a_chunked_body(dunlin):
    client = dunlin.login(uid=1001).subscribe("@user")
    stream = dunlin.stream(dunlin.api.port)
    body = json.dumps(GOOD)
    chunks = "".join(f"{len(body[i:i + 7]):x};ext=1\r\n{body[i:i + 7]}\r\n" for i in range(0, len(body), 7)) + "0\r\nX: y\r\n\r\n"
    stream.send(request("POST", PUBLISH, headers=["Transfer-Encoding: chunked"]) + chunks.encode())
    assert json.loads(stream.response().body)["r"] == {"s": 1, "f": 0}
    assert client.recv() == "hi"
    stream.send(request("GET", "/version"))
    assert stream.response().status == 200


def test_expect_100_continue(dunlin):
    stream = dunlin.stream(dunlin.api.port)
    body = json.dumps(GOOD).encode()
    head = request("POST", PUBLISH, body, headers=["Expect: 100-continue"])[: -len(body)]
    stream.send(head)
    assert stream.response().status == 100
    stream.send(body)
    assert stream.response().status == 200


def test_a_request_in_single_bytes(dunlin):
    stream = dunlin.stream(dunlin.api.port)
    for byte in request("POST", PUBLISH, json.dumps(GOOD).encode()):
        stream.send(bytes([byte]))
    assert stream.response().status == 200


def test_connection_close_and_http_1_0(dunlin):
    stream = dunlin.stream(dunlin.api.port)
    stream.send(request("GET", "/version", headers=["Connection: close"]))
    assert stream.response().headers["connection"] == "close"
    assert stream.ended()
    stream = dunlin.stream(dunlin.api.port)
    stream.send(b"GET /version HTTP/1.0\r\n\r\n")
    assert stream.response().status == 200
    assert stream.ended()


def test_a_body_that_trickles_is_cut(serve):
    dunlin = serve(api={"timeout": "400ms"})
    stream = dunlin.stream(dunlin.api.port)
    stream.send(request("POST", PUBLISH, headers=["Content-Length: 1000"]))

    def refused():
        try:
            stream.send(b" ")
        except OSError:
            return True

    with Stopwatch() as watch:
        until(refused, "the connection is cut")
    assert watch.seconds < 10
    idle = dunlin.stream(dunlin.api.port)  # one that says nothing goes, too
    assert idle.ended()


def test_a_request_that_stops_is_answered_408(serve):
    dunlin = serve(api={"timeout": "400ms"})
    stream = dunlin.stream(dunlin.api.port)
    stream.send(request("POST", PUBLISH, headers=["Content-Length: 1000"]) + b"{")
    assert stream.response().status == 408
    assert stream.ended()


def test_a_websocket_handshake_on_the_api(dunlin):
    stream = dunlin.stream(dunlin.api.port)
    stream.send(upgrade("/message-center"))
    assert stream.response().status in (400, 404)
