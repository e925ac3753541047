# SPDX-License-Identifier: Apache-2.0
"""http-auth: what the backend is asked, what its answers mean, and what a bad day of it costs."""
import json
import subprocess
import sys
import time

import pytest

from harness.server import SOURCE
from harness.waiting import Stopwatch, until

TOKEN_REFUSED = {"code": 2, "msg": "Token Refused"}
TRY_LATER = {"code": 3, "msg": "Try Later"}
TELLS_CONTEXT = """
function on_message(msg)
  local conn = mix.websocket()
  conn:send(conn:authenticate(msg.data) and mix.json_encode(conn:context()) or "refused")
end
"""


def http(url, **settings):
    return {"auth": ["http-auth"], "modules": {"http-auth": {"url": url, "timeout": "2s"} | settings}}


def user(request):
    """A backend to which every token is a user."""
    return 200, {"uid": 1001}


def auth(dunlin, token="a token"):
    return dunlin.connect().request("auth", token=token)


def test_the_example_backend(serve):
    program = SOURCE / "examples/auth-backend/backend.py"
    with subprocess.Popen([sys.executable, program, "--bind", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().split()[-1]
            dunlin = serve(**http(url))
            client = dunlin.connect().auth("user-1463786910324359168").subscribe("@user")
            assert dunlin.api.publish("user:1463786910324359168", "hi") == {"s": 1, "f": 0}
            assert client.recv() == "hi"
            assert auth(dunlin, "nobody") == TOKEN_REFUSED
            assert auth(dunlin, "user-0") == TOKEN_REFUSED
        finally:
            process.terminate()


def test_the_request(serve, backend):
    asked = backend(user)
    assert auth(serve(**http(asked.url + "websocket_auth")), "a token") == {"result": True}
    request, = asked.requests
    assert (request.method, request.path, request.body) == ("POST", "/websocket_auth", b'{"token":"a token"}')
    assert request.headers["Content-Type"] == "application/json"


NASTY = ['"', '"}', '","uid":1,"x":"', "\\", "\\u0022", "\n\r\t\u0000\u001f", "\u2028 \u00e9 \U0001f600", "{{token}}", "%22", "'", "x" * 10_000]


def test_a_nasty_token_is_never_pasted(serve, backend):
    asked = backend(user)
    dunlin = serve(**http(asked.url))
    for token in NASTY:
        assert auth(dunlin, token) == {"result": True}
        assert json.loads(asked.requests[-1].body) == {"token": token}
    assert len(asked.requests) == len(NASTY)


def test_placeholders_are_written_as_their_place_asks(serve, backend):
    asked = backend(user)
    dunlin = serve(**http(asked.url + "check/{{token}}?t={{token}}", method="GET", headers={"X-Path": "{{path}}"}))
    assert auth(dunlin, "a/b c?d&é") == {"result": True}
    request, = asked.requests
    assert (request.method, request.path) == ("GET", "/check/a%2Fb%20c%3Fd%26%C3%A9?t=a%2Fb%20c%3Fd%26%C3%A9")
    assert request.headers["X-Path"] == "/message-center"


def test_fields_of_the_reply(serve, backend):
    end = int(time.time()) + 3600
    reply = {"data": {"user": {"id": 9007199254740993, "name": "Ann"}, "rooms": ["room:1"], "end": end, "tags": [1, "é"]}}
    asked = backend(lambda request: (200, reply))
    dunlin = serve(script=TELLS_CONTEXT, **http(
        asked.url, uid_field="data.user.id", context_fields={"nick": "data.user.name", "tags": "/data/tags"},
        channels_field="data.rooms", expires_field="data.end"))
    client = dunlin.connect()
    client.send("token")
    assert client.recv_json() == {"uid": 9007199254740993, "nick": "Ann", "tags": [1, "é"]}
    assert dunlin.api.publish("room:1", "hi") == {"s": 1, "f": 0}


def test_a_session_ends_when_the_reply_says(serve, backend):
    asked = backend(lambda request: (200, {"uid": 1, "end": time.time() + 1}))
    dunlin = serve(**http(asked.url, expires_field="end"))
    dunlin.connect().auth("token").expect_close(4003)


@pytest.mark.parametrize("reply", [(401, {}), (403, {"uid": 1}), (404, {}), (200, {}), (200, {"uid": None}), (200, {"uid": 0}),
                                   (200, {"uid": ""}), (200, {"uid": -1}), (200, {"uid": 1.5}), (200, {"uid": True}),
                                   (200, {"uid": [1]}), (200, {"code": 401, "data": None})], ids=str)
def test_refused(serve, backend, reply):
    asked = backend(lambda request: reply)
    dunlin = serve(**http(asked.url))
    assert auth(dunlin) == TOKEN_REFUSED
    line, = dunlin.wait_logged("log-in refused")
    assert (line["module"], line["outcome"]) == ("http-auth", "denied")
    assert len(asked.requests) == 1


@pytest.mark.parametrize("reply", [(500, {}), (503, {"uid": 1}), (418, {}), (200, b"no JSON"), (200, b""), (200, b"x" * 100_000)],
                         ids=lambda reply: f"{reply[0]} {str(reply[1])[:8]}")
def test_nobody_can_tell(serve, backend, reply):
    dunlin = serve(**http(backend(lambda request: reply).url))
    assert auth(dunlin) == TRY_LATER
    line, = dunlin.wait_logged("log-in refused")
    assert (line["module"], line["outcome"]) == ("http-auth", "unavailable")
    assert line["reason"]


def test_a_backend_that_hangs(serve, backend):
    asked = backend(user)
    asked.hold()
    dunlin = serve(workers=1, **http(asked.url, timeout="300ms", retries=0))
    waits, others = dunlin.connect(), dunlin.connect()
    waits.send({"op": "auth", "token": "x"})
    asked.wait_requests(1)
    assert others.is_alive()  # nobody else waits
    with Stopwatch() as watch:
        assert waits.recv_json() == TRY_LATER
    assert watch.seconds < 4
    asked.release()
    assert auth(dunlin) == {"result": True}


def test_a_dead_backend_opens_the_breaker_and_it_closes_again(serve, backend):
    healthy = [False]
    asked = backend(lambda request: user(request) if healthy[0] else (500, {}))
    dunlin = serve(workers=1, **http(asked.url, retries=0, breaker={"failures": 3, "open": "1s"}))
    for _ in range(3):
        assert auth(dunlin) == TRY_LATER
    assert dunlin.metric("dunlin_http_auth_breaker_state") == 1
    assert dunlin.metric("dunlin_http_auth_breaker_opened_total") == 1
    for _ in range(5):
        assert auth(dunlin) == TRY_LATER
    assert len(asked.requests) == 3  # left in peace
    assert dunlin.metric("dunlin_http_auth_breaker_refused_total") == 5
    healthy[0] = True
    until(lambda: auth(dunlin) == {"result": True}, "the breaker closes")
    assert dunlin.metric("dunlin_http_auth_breaker_state") == 0


def test_nobody_listens_there(serve, backend):
    gone = backend(user)
    gone.stop()
    dunlin = serve(**http(gone.url))
    with Stopwatch() as watch:
        assert auth(dunlin) == TRY_LATER
    assert watch.seconds < 4


def test_a_retry_saves_the_log_in(serve, backend):
    replies = [(500, {}), (200, {"uid": 1001})]
    asked = backend(lambda request: replies.pop(0))
    dunlin = serve(**http(asked.url))
    assert auth(dunlin) == {"result": True}
    assert len(asked.requests) == 2
    assert dunlin.metric("dunlin_http_auth_retries_total") == 1


def test_the_cache_and_single_flight(serve, backend):
    asked = backend(user)
    asked.hold()
    dunlin = serve(workers=1, **http(asked.url, cache={"ttl": "60s"}))
    clients = [dunlin.connect() for _ in range(10)]
    for client in clients:
        client.send({"op": "auth", "token": "the same"})
    dunlin.wait_metric("dunlin_http_auth_joins_total", 9)
    asked.release()
    assert [client.recv_json() for client in clients] == [{"result": True}] * 10
    assert auth(dunlin, "the same") == {"result": True}
    assert len(asked.requests) == 1
    assert dunlin.metric("dunlin_http_auth_cache_hits_total") == 1
    assert auth(dunlin, "another") == {"result": True}
    assert len(asked.requests) == 2


def test_without_a_cache_each_log_in_asks(serve, backend):
    asked = backend(user)
    dunlin = serve(**http(asked.url))
    for _ in range(3):
        assert auth(dunlin, "the same") == {"result": True}
    assert len(asked.requests) == 3


def test_connections_to_the_backend_are_kept(serve, backend):
    asked = backend(user)
    dunlin = serve(workers=1, **http(asked.url))
    for i in range(20):
        assert auth(dunlin, f"token {i}") == {"result": True}
    assert len({request.port for request in asked.requests}) == 1


def test_a_wave_of_log_ins_uses_no_more_connections_than_allowed(serve, backend):
    asked = backend(user)
    dunlin = serve(workers=1, **http(asked.url, connections=4))
    clients = [dunlin.connect() for _ in range(40)]
    for i, client in enumerate(clients):
        client.send({"op": "auth", "token": f"{i}"})
    assert [client.recv_json() for client in clients] == [{"result": True}] * 40
    assert len({request.port for request in asked.requests}) <= 4


def test_a_client_that_leaves_while_it_is_asked(serve, backend):
    asked = backend(user)
    asked.hold()
    dunlin = serve(workers=1, **http(asked.url))
    leaves = dunlin.raw()
    leaves.send_text('{"op":"auth","token":"x"}')
    asked.wait_requests(1)
    leaves.close()
    dunlin.wait_metric("dunlin_sessions", 0)
    asked.release()
    assert auth(dunlin) == {"result": True}
