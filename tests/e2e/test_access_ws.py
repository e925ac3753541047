# SPDX-License-Identifier: Apache-2.0
"""Who may call the WebSocket API, and hashed passwords."""
import pytest
import websockets

from harness.api import basic
from harness.keys import openssl
from harness.raw import request

PUBLISH = {"c": "a", "d": "b"}
USERS = [
    {"username": "writer", "password": "w", "roles": ["write"]},
    {"username": "reader", "password": "r", "roles": ["read"]},
    {"username": "elsewhere", "password": "e", "roles": ["read", "write"], "host": "10.*.*.*"},
]


@pytest.fixture
def guarded(serve):
    return serve(api={"access": USERS})


def test_each_method_asks_for_its_role(guarded):
    writer, reader = guarded.backend("writer", "w"), guarded.backend("reader", "r")
    assert writer.result("mesh.publish", PUBLISH) == {"s": 0, "f": 0}
    assert writer.result("queue.push", {"t": "t", "d": "x"}) == {"n": 1}
    assert writer.error("mesh.send", {"c": "1", "d": "x"}) == 401
    assert writer.error("conn.call", {"c": "1", "f": "context"}) == 301
    assert writer.error("queue.pop", ["t"]) == writer.error("queue.unpop") == writer.error("queue.ack", {"id": 1}) == 403
    assert reader.result("queue.pop", ["t"]) == {"s": True}
    assert reader.event()["d"] == "x"
    for method in ["mesh.publish", "mesh.send", "conn.call", "queue.push"]:
        assert reader.error(method, PUBLISH) == 403
    assert writer.is_alive() and reader.is_alive()


@pytest.mark.parametrize("user, password, status", [
    (None, None, 401), ("writer", "x", 401), ("nobody", "w", 401), ("elsewhere", "e", 403)])
def test_the_handshake_is_refused(guarded, user, password, status):
    with pytest.raises(websockets.InvalidStatusCode) as refused:
        guarded.backend(user, password)
    assert refused.value.status_code == status


@pytest.mark.parametrize("method", ["-6", "-5"])
def test_a_hashed_password(serve, method):
    hashed = openssl("passwd", method, "-salt", "saltsalt", "h-secret").decode().strip()
    dunlin = serve(api={"access": [{"username": "hashed", "password": hashed, "roles": ["read", "write"]}]})
    for _ in range(3):
        assert dunlin.backend("hashed", "h-secret").result("mesh.publish", PUBLISH) == {"s": 0, "f": 0}
    with pytest.raises(websockets.InvalidStatusCode):
        dunlin.backend("hashed", "h-secrets")
    with pytest.raises(websockets.InvalidStatusCode):
        dunlin.backend("other", "h-secret")
    hashed = dunlin.api.as_user("hashed", "h-secret")
    assert hashed.metrics().value("dunlin_api_login_failures_total") == 2


def test_pipelined_requests_wait_for_the_first_check_and_keep_their_order(serve):
    hashed = openssl("passwd", "-6", "-salt", "saltsalt", "h-secret").decode().strip()
    dunlin = serve(api={"access": [{"username": "hashed", "password": hashed, "roles": ["read", "write"]}]})
    stream = dunlin.stream(dunlin.api.port)
    login = "Authorization: " + basic("hashed", "h-secret")["Authorization"]
    wrong = "Authorization: " + basic("hashed", "wrong")["Authorization"]
    stream.send(b"".join(request("GET", "/version", headers=[wrong if i == 3 else login]) for i in range(8)))
    assert [stream.response().status for _ in range(8)] == [401 if i == 3 else 200 for i in range(8)]
