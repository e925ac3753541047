# SPDX-License-Identifier: Apache-2.0
"""Logging in by a message: what the client is told, and what stays of a former user."""
import json
import time

import pytest

from harness.raw import TEXT, frame
from harness.tokens import hs256, token, unsigned

NOT_AUTH = {"code": 1, "msg": "Not Auth"}
TOKEN_REFUSED = {"code": 2, "msg": "Token Refused"}


def test_a_good_token_logs_in(dunlin):
    client = dunlin.connect()
    client.send({"op": "auth", "token": token(1001)})
    assert client.recv() == '{"result":true}'
    assert dunlin.metric("dunlin_logins_total") == 1
    assert dunlin.metric("dunlin_auth_outcomes_total", module="jwt-auth", outcome="allow") == 1


BAD_TOKENS = {
    "of another secret": hs256({"sub": 1001, "exp": time.time() + 600}, secret="not the secret at all, another one"),
    "expired": token(1001, ttl=-3600),
    "not yet": token(1001, nbf=time.time() + 3600),
    "no uid": hs256({"exp": time.time() + 600}),
    "unsigned": unsigned({"sub": 1001, "exp": time.time() + 600}, alg="none") + ".",
    "cut": token(1001)[:-4],
    "no JWT": "1001",
    "dots": "a.b.c",
    "empty": "",
    "long": "x" * 20_000,
    "no ASCII": "tökén \u0000 \U0001f600",
}


@pytest.mark.parametrize("bad", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
def test_a_bad_token_is_refused_and_the_connection_stays(dunlin, bad):
    client = dunlin.connect()
    assert client.request("auth", token=bad) == TOKEN_REFUSED
    assert client.request("subscribe", channel="@user") == NOT_AUTH
    client.auth(token(1001)).subscribe("@user")
    assert dunlin.metric("dunlin_logins_total") == 1


@pytest.mark.parametrize("op", ["subscribe", "unsubscribe"])
def test_before_log_in_nothing_is_subscribed(dunlin, op):
    client = dunlin.connect()
    client.send({"op": op, "channel": "@user"})
    assert client.recv_json() == NOT_AUTH
    assert client.is_alive()
    assert dunlin.metric("dunlin_subscriptions") == 0


def test_a_refused_token_leaves_the_user_logged_in(dunlin):
    client = dunlin.login(uid=1001).subscribe("@user")
    assert client.request("auth", token="nonsense") == TOKEN_REFUSED
    assert dunlin.api.publish("user:1001", "still here") == {"s": 1, "f": 0}
    assert client.recv() == "still here"


def test_the_same_user_again_keeps_channels(dunlin):
    client = dunlin.login(uid=1001).subscribe("@user").auth(dunlin.token(1001))
    assert dunlin.api.publish("user:1001", "hi") == {"s": 1, "f": 0}
    assert client.recv() == "hi"


def test_another_user_leaves_what_the_former_one_joined(dunlin):
    client = dunlin.login(uid=1001).subscribe("@user").auth(dunlin.token(1002))
    assert dunlin.api.publish("user:1001", "not for 1002") == {"s": 0, "f": 0}
    client.subscribe("@user")
    assert dunlin.api.publish("user:1002", "for 1002") == {"s": 1, "f": 0}
    assert client.recv() == "for 1002"


def test_requests_sent_together_are_answered_in_order(dunlin):
    client = dunlin.raw()
    wanted = [("auth", {"token": dunlin.token(1001)}), ("subscribe", {"channel": "@user"}), ("nonsense", {}), ("ping", {})]
    client.send(b"".join(frame(TEXT, json.dumps({"op": op, "id": op} | more)) for op, more in wanted))
    answers = [json.loads(client.recv_text()) for _ in wanted]
    assert [answer["id"] for answer in answers] == [op for op, _ in wanted]
    assert [answer.get("code") for answer in answers] == [None, None, 4, None]
