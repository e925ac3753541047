# SPDX-License-Identifier: Apache-2.0
"""login: handshake: the token comes with the handshake, and nobody is let in without."""
import pytest

from harness.tokens import token

AT_HANDSHAKE = {"endpoint": {"login": "handshake"}}
TELLS = """
function on_handshake(client_id, headers, server)
  local conn = mix.websocket()
  conn:subscribe("user:" .. conn:uid())
  conn:send("welcome " .. conn:uid())
end
function on_message(msg) mix.websocket():send(msg.data) end
"""


def bearer(text):
    return {"extra_headers": {"Authorization": "Bearer " + text}}


def test_a_bearer_token(serve):
    dunlin = serve(**AT_HANDSHAKE)
    client = dunlin.connect(**bearer(token(1463786910324359168))).subscribe("@user")
    assert dunlin.api.publish("user:1463786910324359168", "hi") == {"s": 1, "f": 0}
    assert client.recv() == "hi"


def test_a_token_in_the_query(serve):
    dunlin = serve(script=TELLS, **AT_HANDSHAKE)
    client = dunlin.connect(f"/message-center?x=1&token={token(1001)}&y")
    assert client.recv() == "welcome 1001"  # the router saw it logged in
    assert dunlin.api.publish("user:1001", "hi") == {"s": 1, "f": 0}
    assert client.recv() == "hi"


@pytest.mark.parametrize("options", [bearer("nonsense"), bearer(token(1001, ttl=-60)), bearer(token(1001)[:-3]), bearer(""),
                                     {"extra_headers": {"Authorization": "Basic " + token(1001)}}, {},
                                     {"path": "/message-center?token=nonsense"}, {"path": "/message-center?toke=" + token(1001)}],
                         ids=["nonsense", "expired", "cut", "empty", "Basic", "none", "query", "other query"])
def test_refused(serve, options):
    dunlin = serve(script=TELLS, **AT_HANDSHAKE)
    client = dunlin.connect(**options)
    client.expect_close(4004)
    dunlin.wait_metric("dunlin_closes_total", 1, reason="login_refused")
    assert dunlin.wait_logged("log-in refused", outcome="denied")
    assert dunlin.metric("dunlin_lua_runs_total") == 0  # the router never saw it


def test_nobody_can_tell(serve, backend):
    asked = backend(lambda request: (500, {}))
    dunlin = serve(auth=["http-auth"], modules={"http-auth": {"url": asked.url, "retries": 0}}, **AT_HANDSHAKE)
    dunlin.connect(**bearer("x")).expect_close(1013)


def test_messages_wait_for_the_log_in(serve, backend):
    asked = backend(lambda request: (200, {"uid": 7}))
    asked.hold()
    dunlin = serve(script=TELLS, auth=["http-auth"], modules={"http-auth": {"url": asked.url}}, **AT_HANDSHAKE)
    client = dunlin.connect(**bearer("x"))
    client.send("early")
    asked.wait_requests(1)
    assert dunlin.metric("dunlin_sessions", state="authenticating") == 1
    asked.release()
    assert client.recv_many(2) == ["welcome 7", "early"]


def test_it_can_log_in_again_by_a_message(serve):
    dunlin = serve(**AT_HANDSHAKE)
    client = dunlin.connect(**bearer(token(1001))).subscribe("@user").auth(token(1002)).subscribe("@user")
    assert dunlin.api.publish("user:1001", "no more") == {"s": 0, "f": 0}
    assert dunlin.api.publish("user:1002", "hi") == {"s": 1, "f": 0}
    assert client.recv() == "hi"


def test_the_session_ends_with_the_token(serve):
    dunlin = serve(modules={"jwt-auth": {"algorithms": ["HS256"], "secret": "a-secret-for-the-tests-and-nothing-else", "leeway": "0s"}},
                   **AT_HANDSHAKE)
    dunlin.connect(**bearer(token(1001, ttl=2))).expect_close(4003)
