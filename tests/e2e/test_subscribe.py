# SPDX-License-Identifier: Apache-2.0
"""The operations of the shipped message centre, and what it answers to bad ones."""
import pytest

ROOMS = {"endpoint": {"options": {"channels": ["room:"]}}}


def refusal(code, msg):
    return {"code": code, "msg": msg}


UNKNOWN_OP, BAD_REQUEST = refusal(4, "Unknown Op"), refusal(5, "Bad Request")
CHANNEL_REFUSED = refusal(6, "Channel Refused")


def test_subscribe_and_unsubscribe(dunlin):
    client = dunlin.login(uid=1001)
    client.send({"op": "subscribe", "channel": "@user"})
    assert client.recv() == '{"result":true}'
    assert dunlin.metric("dunlin_subscriptions") == 1
    client.send({"op": "unsubscribe", "channel": "@user"})
    assert client.recv() == '{"result":true}'
    assert dunlin.api.publish("user:1001", "gone") == {"s": 0, "f": 0}
    assert client.nothing_waits()
    assert dunlin.metric("dunlin_subscriptions") == 0


def test_subscribing_twice_delivers_once(dunlin):
    client = dunlin.login(uid=1001).subscribe("@user").subscribe("@user")
    assert dunlin.api.publish("user:1001", "once") == {"s": 1, "f": 0}
    assert client.recv() == "once"
    assert client.nothing_waits()


def test_unsubscribing_what_was_not_subscribed_is_no_error(dunlin):
    dunlin.login().unsubscribe("@user")


@pytest.mark.parametrize("channel", ["user:1002", "user:1001", "room:1", "@users", "", "a" * 300, "@user\u0000"])
def test_no_other_channel_can_be_named(dunlin, channel):
    client = dunlin.login(uid=1001)
    assert client.request("subscribe", channel=channel) == CHANNEL_REFUSED
    assert dunlin.metric("dunlin_subscriptions") == 0


def test_rooms_where_the_endpoint_opens_them(serve):
    dunlin = serve(**ROOMS)
    ann, bob = dunlin.login(uid=1).subscribe("room:1"), dunlin.login(uid=2).subscribe("room:1")
    ann.do("publish", channel="room:1", data={"text": "hi", "n": 1463786910324359168})
    expected = {"event": "room:1", "data": {"text": "hi", "n": 1463786910324359168}}
    assert ann.recv_json() == bob.recv_json() == expected
    assert ann.request("publish", channel="user:2", data="x") == CHANNEL_REFUSED
    assert ann.request("publish", channel="@user", data="x") == CHANNEL_REFUSED
    assert ann.request("subscribe", channel="user:2") == CHANNEL_REFUSED
    assert ann.request("publish", channel="room:1") == BAD_REQUEST


@pytest.mark.parametrize("sent", ['"a"', '""', "7", "0", "-1", "1463786910324359168", "9223372036854775807",
                                  '"1463786910324359168"', '"\\u00e9 \\" \\\\ \U0001f600"'])
def test_an_id_is_echoed_with_every_digit(dunlin, sent):
    client = dunlin.connect()
    client.send('{"op":"ping","id":%s}' % sent)
    answer = client.recv()
    expected = sent.replace("\\u00e9", "é")
    assert f'"id":{expected}' in answer and '"result":true' in answer
    client.send('{"op":"nonsense","id":%s}' % sent)
    answer = client.recv()
    assert f'"id":{expected}' in answer and '"code":4' in answer


@pytest.mark.parametrize("bad", ["true", "[]", "{}"])
def test_an_id_of_another_type_is_a_bad_request(dunlin, bad):
    client = dunlin.connect()
    client.send('{"op":"ping","id":%s}' % bad)
    assert client.recv_json() == BAD_REQUEST
    assert client.is_alive()


def test_a_null_id_is_none(dunlin):
    client = dunlin.connect()
    client.send('{"op":"ping","id":null}')
    assert client.recv() == '{"result":true}'


BAD = [
    ({}, BAD_REQUEST),
    ({"op": 1}, BAD_REQUEST),
    ({"op": None}, BAD_REQUEST),
    ({"op": ["auth"]}, BAD_REQUEST),
    ({"op": ""}, UNKNOWN_OP),
    ({"op": "Subscribe"}, UNKNOWN_OP),
    ({"op": "__index"}, UNKNOWN_OP),
    ({"op": "auth"}, BAD_REQUEST),
    ({"op": "auth", "token": 1001}, BAD_REQUEST),
    ({"op": "auth", "token": None}, BAD_REQUEST),
    ({"op": "subscribe"}, BAD_REQUEST),
    ({"op": "subscribe", "channel": 1}, BAD_REQUEST),
    ({"op": "subscribe", "channel": ["@user"]}, BAD_REQUEST),
    ({"op": "unsubscribe", "channel": {}}, BAD_REQUEST),
]


def test_a_bad_request_is_answered_and_the_connection_stays(dunlin):
    client = dunlin.login()
    for request, answer in BAD:
        client.send(request)
        assert client.recv_json() == answer, request
    assert client.is_alive()


def test_what_is_not_known_in_a_request_is_let_pass(dunlin):
    dunlin.login().do("subscribe", channel="@user", more={"a": [1, 2]})
