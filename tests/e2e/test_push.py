# SPDX-License-Identifier: Apache-2.0
"""A publish by HTTP reaches whoever is subscribed: exactly as it was published, in order, and counted."""
import base64
import json

import pytest

from harness.raw import request

PUSH = '{"event":"@user","data":{"uid":1001,"msg":"Hello,World!"}}'


def test_publish_reaches_every_device(dunlin):
    phone, laptop = dunlin.login(uid=1001), dunlin.login(uid=1001)
    phone.subscribe("@user"), laptop.subscribe("@user")
    assert dunlin.api.publish("user:1001", "hi") == {"s": 2, "f": 0}
    assert phone.recv() == laptop.recv() == "hi"
    assert dunlin.metric("dunlin_deliveries_total") == 2
    assert dunlin.metric("dunlin_publishes_total") == 1


def test_a_batch_of_publishes_wakes_the_other_worker_once(dunlin):
    """Two workers: one mail to the other with all of them, one back with their tallies; and one each for a scrape."""
    dunlin.login(uid=1001).subscribe("@user")
    before = dunlin.metric("dunlin_mails_total"), dunlin.metric("dunlin_wake_ups_total")
    answer = dunlin.api.post("/v1/mesh/publish", [{"c": "user:1001", "d": str(i)} for i in range(100)])
    assert answer.body == {"E": None, "r": [{"s": 1, "f": 0}] * 100}
    for figure, was in zip(("dunlin_mails_total", "dunlin_wake_ups_total"), before):
        assert dunlin.metric(figure) - was < 15, figure


def test_a_publish_troubles_no_worker_that_has_no_subscriber(dunlin):
    """Two workers: whoever is subscribed, one of them is not told of a publish; of those to nobody neither is."""
    ann = dunlin.login(uid=1001).subscribe("@user")
    before = dunlin.metric("dunlin_mails_total")
    for _ in range(20):
        assert dunlin.api.publish("user:1002", "hi") == {"s": 0, "f": 0}
    assert dunlin.metric("dunlin_mails_total") - before < 15  # a scrape's are two
    ann.unsubscribe("@user")
    assert dunlin.api.publish("user:1001", "hi") == {"s": 0, "f": 0}
    ann.subscribe("@user")
    assert dunlin.api.publish("user:1001", "again") == {"s": 1, "f": 0}
    assert ann.recv() == "again"


def test_the_answer_is_as_documented(dunlin):
    dunlin.login(uid=1001).subscribe("@user")
    answer = dunlin.api.post("/v1/mesh/publish", {"c": "user:1001", "d": PUSH})
    assert (answer.status, answer.body) == (200, {"E": None, "r": {"s": 1, "f": 0}})
    assert answer.headers["Content-Type"].startswith("application/json")


def test_nobody_else_gets_it(dunlin):
    ann, bob = dunlin.login(uid=1001).subscribe("@user"), dunlin.login(uid=1002).subscribe("@user")
    idle = dunlin.login(uid=1001)  # logged in, not subscribed
    assert dunlin.api.publish("user:1001", PUSH) == {"s": 1, "f": 0}
    assert ann.recv() == PUSH
    assert bob.nothing_waits() and idle.nothing_waits()


def test_nobody_is_subscribed(dunlin):
    assert dunlin.api.publish("user:1001", "hi") == {"s": 0, "f": 0}
    assert dunlin.metric("dunlin_deliveries_total") == 0


def test_one_who_left_is_not_counted(dunlin):
    stays, leaves = dunlin.login(uid=1001).subscribe("@user"), dunlin.login(uid=1001).subscribe("@user")
    leaves.close()
    dunlin.wait_metric("dunlin_subscriptions", 1)
    assert dunlin.api.publish("user:1001", "hi") == {"s": 1, "f": 0}
    assert stays.recv() == "hi"


TEXTS = {
    "empty": "",
    "JSON": PUSH,
    "JSON with odd spaces": '{ "b" : 1,\n\t"a": 1.0, "n": 1463786910324359168 }  ',
    "not JSON": "Hello, World!",
    "unicode": "Grüße, 世界, \U0001f600, \u0000, \u2028, \uffff",
    "control characters": "".join(map(chr, range(32))),
    "quotes": "\\\"'\\u0041",
    "125 bytes": "x" * 125,
    "126 bytes": "x" * 126,
    "65535 bytes": "y" * 65535,
    "65536 bytes": "y" * 65536,
    "500 kB": "0123456789" * 50_000,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_push_is_delivered_exactly_as_published(dunlin, text):
    client = dunlin.login(uid=1001).subscribe("@user")
    assert dunlin.api.publish("user:1001", text) == {"s": 1, "f": 0}
    assert client.recv() == text


@pytest.mark.parametrize("data", [b"", b"\x00\xff\xfe", bytes(range(256)) * 1000], ids=["empty", "short", "256 kB"])
def test_binary_is_given_as_base64(dunlin, data):
    client = dunlin.login(uid=1001).subscribe("@user")
    assert dunlin.api.publish("user:1001", base64.b64encode(data).decode(), "binary") == {"s": 1, "f": 0}
    assert client.recv() == data


def test_escaped_and_plain_channel_names_are_the_same(dunlin):
    client = dunlin.login(uid="zoë").subscribe("@user")
    body = b'{"c":"user:zo\\u00eb","d":"escaped"}'
    assert dunlin.api.post("/v1/mesh/publish", body).body["r"] == {"s": 1, "f": 0}
    assert dunlin.api.publish("user:zoë", "plain") == {"s": 1, "f": 0}
    assert client.recv_many(2) == ["escaped", "plain"]


def test_a_thousand_pushes_keep_their_order(dunlin):
    clients = [dunlin.login(uid=1001).subscribe("@user") for _ in range(4)]
    api = dunlin.stream(dunlin.api.port)
    bodies = [json.dumps({"c": "user:1001", "d": f"push {i}"}).encode() for i in range(1000)]
    for first in range(0, 1000, 50):
        api.send(b"".join(request("POST", "/v1/mesh/publish", body) for body in bodies[first:first + 50]))
        for _ in range(50):
            assert json.loads(api.response().body) == {"E": None, "r": {"s": 4, "f": 0}}
    for client in clients:
        assert client.recv_many(1000) == [f"push {i}" for i in range(1000)]
    assert dunlin.metric("dunlin_deliveries_total") == 4000


def test_fan_out_to_two_hundred_over_all_workers(dunlin):
    clients = [dunlin.login(uid=1001).subscribe("@user") for _ in range(200)]
    sessions = [dunlin.metric("dunlin_connections", worker=str(worker)) for worker in range(2)]
    assert sum(sessions) == 200 and min(sessions) > 0, sessions
    for i in range(5):
        assert dunlin.api.publish("user:1001", f"{i}") == {"s": 200, "f": 0}
    for client in clients:
        assert client.recv_many(5) == list("01234")
    assert dunlin.metric("dunlin_deliveries_total") == 1000


def test_every_user_gets_his_own(dunlin):
    clients = {uid: dunlin.login(uid=uid).subscribe("@user") for uid in range(1, 41)}
    for uid in clients:
        assert dunlin.api.publish(f"user:{uid}", f"for {uid}") == {"s": 1, "f": 0}
    for uid, client in clients.items():
        assert client.recv() == f"for {uid}"
        assert client.nothing_waits()
