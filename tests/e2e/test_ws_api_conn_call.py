# SPDX-License-Identifier: Apache-2.0
"""conn.call: what a backend does to one connection, whichever worker holds it."""
import pytest

SCRIPT = """
function on_message(msg)
  local conn = mix.websocket()
  local op, rest = msg.data:match("(%S*)%s*(.*)")
  if op == "id" then conn:send(tostring(conn:client_id()))
  elseif op == "get" then conn:send(mix.json_encode(conn:context_value(rest)))
  elseif op == "all" then conn:send(mix.json_encode(conn:context()))
  elseif op == "wait" then
    conn:send("waiting")
    conn:send("got " .. tostring(conn:wait_context_value(rest)))
  end
end
"""


@pytest.fixture
def scene(serve):
    dunlin = serve(script=SCRIPT, auth=[], workers=3)
    return dunlin, dunlin.backend(), [Person(dunlin) for _ in range(6)]  # six connections over three workers


class Person:
    def __init__(self, dunlin):
        self.client = dunlin.connect()
        self.id = self.ask("id")

    def ask(self, text):
        self.client.send(text)
        return self.client.recv()


def call(person, function, *arguments, as_integer=False):
    return {"c": int(person.id) if as_integer else person.id, "f": function, "a": list(arguments)}


@pytest.mark.parametrize("as_integer", [False, True], ids=["string", "integer"])
def test_set_context_value(scene, as_integer):
    _, backend, people = scene
    for number, person in enumerate(people):
        uid = 1463786910324359168 + number
        assert backend.result("conn.call", call(person, "set_context_value", "uid", uid, as_integer=as_integer)) == {"s": True}
        assert person.ask("get uid") == str(uid)
        assert backend.result("conn.call", call(person, "context", "uid")) == {"s": True, "v": uid}
        assert backend.result("conn.call", call(person, "set_context_value", "uid", None)) == {"s": True}
        assert backend.result("conn.call", call(person, "context")) == {"s": True, "v": {}}


def test_it_wakes_who_waits_for_the_value(scene):
    _, backend, people = scene
    for person in people:
        assert person.ask("wait user_id") == "waiting"
    for number, person in enumerate(people):
        backend.result("conn.call", call(person, "set_context_value", "user_id", number))
        assert person.client.recv() == f"got {number}"


def test_set_context_takes_the_place_of_everything(scene):
    _, backend, people = scene
    for person in people:
        backend.result("conn.call", call(person, "set_context_value", "old", 1))
        assert backend.result("conn.call", call(person, "set_context", {"a": 1, "b": [2]})) == {"s": True}
        assert backend.result("conn.call", call(person, "context")) == {"s": True, "v": {"a": 1, "b": [2]}}
        backend.result("conn.call", call(person, "set_context", []))  # PHP's empty map
        assert backend.result("conn.call", call(person, "context", "a")) == {"s": True, "v": None}


def test_subscribe_and_unsubscribe(scene):
    dunlin, backend, people = scene
    for person in people:
        assert backend.result("conn.call", call(person, "subscribe", "news", "more")) == {"s": True}
    assert dunlin.api.publish("news", "hi") == dunlin.api.publish("more", "hi") == {"s": 6, "f": 0}
    for person in people:
        assert person.client.recv_many(2) == ["hi", "hi"]
        assert backend.result("conn.call", call(person, "unsubscribe", "news", "never")) == {"s": True}
    assert dunlin.api.publish("news", "hi") == {"s": 0, "f": 0}


def test_close(scene):
    _, backend, people = scene
    assert backend.result("conn.call", call(people[0], "close")) == {"s": True}
    people[0].client.expect_close(1000)
    assert backend.result("conn.call", call(people[1], "close", 4321, "go away")) == {"s": True}
    assert people[1].client.expect_close(4321) == "go away"
    assert backend.error("conn.call", call(people[1], "context")) == 301


def test_over_http(scene):
    dunlin, _, people = scene
    for person in people:
        answer = dunlin.api.post("/v1/conn/call", call(person, "set_context_value", "k", "v"))
        assert (answer.status, answer.body) == (200, {"E": None, "r": {"s": True}})
        assert person.ask("get k") == '"v"'
    assert dunlin.api.post("/v1/conn/call", {"c": "1", "f": "context"}).body["E"]["c"] == 301
    assert dunlin.api.post("/v1/conn/call", {"f": "context"}).status == 400


@pytest.mark.parametrize("client", ["1", "0", 9223372036854775807, "562949953421313", 5])
def test_who_is_not_there(scene, client):
    _, backend, _ = scene
    for function, arguments in [("context", []), ("subscribe", ["a"]), ("set_context_value", ["a", 1]), ("close", [])]:
        answer = backend.ask("conn.call", {"c": client, "f": function, "a": arguments})
        assert answer == {"E": {"c": 301, "m": "no such connection"}}


def test_what_does_not_fit_is_refused_with_the_reason(scene):
    _, backend, people = scene
    answer = backend.ask("conn.call", call(people[0], "set_context_value", "big", 70_000 * "x"))
    assert answer["E"]["c"] == 301 and "64 KiB" in answer["E"]["m"]
    channels = [f"channel-{number}" for number in range(2000)]
    answer = backend.ask("conn.call", call(people[0], "subscribe", *channels))
    assert answer["E"]["c"] == 301 and "as many channels" in answer["E"]["m"]
