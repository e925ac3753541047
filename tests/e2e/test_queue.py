# SPDX-License-Identifier: Apache-2.0
"""Topics: what scripts and backends push, consumers of the WebSocket API pop."""
import json

import pytest

from harness.waiting import until

PUSHER = """
function on_message(msg)
  local conn = mix.websocket()
  local request = mix.json_decode(msg.data)
  local n, err = mix.queue.push(request.topic, request.data)
  conn:send(mix.json_encode({n = n, err = err or mix.null, id = tostring(conn:client_id())}))
end
"""


@pytest.fixture
def pushing(serve):
    def start(**options):
        return serve(script=PUSHER, auth=[], **options)
    return start


def push(client, topic, data):
    client.send({"topic": topic, "data": data})
    return client.recv_json()


def test_a_script_pushes_and_a_backend_pops(pushing):
    dunlin = pushing()
    client, backend = dunlin.connect(), dunlin.backend()
    assert backend.result("queue.pop", {"t": ["orders"]}) == {"s": True}
    pushed = push(client, "orders", "an order")
    assert pushed["err"] is None and pushed["n"] == 1
    node, = dunlin.api.get("/v1/nodes").body["nodes"]
    assert backend.event() == {"n": node["id"], "c": pushed["id"], "t": "orders", "d": "an order"}


def test_what_was_pushed_before_comes_at_once_and_in_order(pushing):
    dunlin = pushing()
    client = dunlin.connect()
    for number in range(100):
        assert push(client, "orders", str(number))["n"] == number + 1
    backend = dunlin.backend()
    assert backend.result("queue.pop", ["orders"]) == {"s": True}  # a bare list
    assert [backend.event()["d"] for _ in range(100)] == [str(number) for number in range(100)]
    dunlin.wait_metric("dunlin_queue_messages", 0)
    assert dunlin.metric("dunlin_queue_pushes_total") == dunlin.metric("dunlin_queue_pops_total") == 100


@pytest.mark.parametrize("data, arrives", [
    ('{"op":"auth","uid":1463786910324359168}', {"op": "auth", "uid": 1463786910324359168}), ("[]", []), ("[1]", [1]),
    ("{broken}", "{broken}"), ("5", "5"), ("null", "null"), ("", ""), ('"quoted"', '"quoted"'), ("Grüße\n", "Grüße\n"),
    ({"a": [1, 2]}, {"a": [1, 2]}),
], ids=str)
def test_json_objects_arrive_as_such_and_all_else_as_text(pushing, data, arrives):
    dunlin = pushing(workers=1)
    client, backend = dunlin.connect(), dunlin.backend()
    backend.result("queue.pop", ["t"])
    assert push(client, "t", data)["err"] is None
    assert backend.event()["d"] == arrives


def test_a_full_topic_is_an_error_and_room_mends_it(pushing):
    dunlin = pushing(top={"queue": {"size": 3, "topics": 2}})
    client, backend = dunlin.connect(), dunlin.backend()
    assert [push(client, "t", "x")["err"] for _ in range(3)] == [None] * 3
    refused = push(client, "t", "x")
    assert refused["n"] == 0 and "full" in refused["err"]
    assert dunlin.api.post("/v1/queue/push", {"t": "t", "d": "x"}).body["E"]["c"] == 204
    assert dunlin.metric("dunlin_queue_refused_total", reason="full") == 2
    backend.result("queue.pop", ["t"])
    for _ in range(3):
        backend.event()
    dunlin.wait_metric("dunlin_queue_messages", 0)
    assert push(client, "t", "x")["err"] is None


def test_topics_are_counted_over_the_whole_node(pushing):
    dunlin = pushing(workers=3, top={"queue": {"topics": 2}})
    client, backend = dunlin.connect(), dunlin.backend()
    assert push(client, "one", "x")["err"] is None
    assert push(client, "two", "x")["err"] is None
    assert "topics" in push(client, "three", "x")["err"]
    assert backend.error("queue.pop", ["one", "three", "four"]) == 201
    assert dunlin.api.post("/v1/queue/push", {"t": "four", "d": "x"}).body["E"]["c"] == 204
    assert backend.result("queue.pop", ["one", "two"]) == {"s": True}
    assert {backend.event()["t"], backend.event()["t"]} == {"one", "two"}
    assert backend.result("queue.unpop") == {"s": True}
    dunlin.wait_metric("dunlin_queue_topics", 0)  # the other workers have heard of it
    assert backend.result("queue.pop", ["three", "four"]) == {"s": True}


def test_popping_twice_and_unpopping_nothing(dunlin):
    backend = dunlin.backend()
    assert backend.error("queue.unpop") == 203
    backend.result("queue.pop", ["t"])
    assert backend.error("queue.pop", ["u"]) == 202
    assert backend.result("queue.unpop", []) == {"s": True}
    assert backend.result("queue.pop", ["u"]) == {"s": True}


def test_unpop_ends_it(dunlin):
    backend, other = dunlin.backend(), dunlin.backend()
    backend.result("queue.pop", ["t"])
    backend.result("queue.unpop")
    assert other.result("queue.push", {"t": "t", "d": "x"}) == {"n": 1}
    assert backend.nothing_waits()
    other.result("queue.pop", ["t"])
    assert other.event()["d"] == "x"


def test_consumers_share_a_topic_fairly_and_each_in_order(serve):
    dunlin = serve(workers=2)
    consumers = [dunlin.backend() for _ in range(4)]
    for consumer in consumers:
        consumer.result("queue.pop", ["t"])
    pusher = dunlin.backend()
    for start in range(0, 400, 40):
        pusher.result("queue.push", [{"t": "t", "d": str(n)} for n in range(start, start + 40)])
    dunlin.wait_metric("dunlin_queue_pops_total", 400)
    shares = []
    for consumer in consumers:
        consumer.is_alive()
        shares.append([int(json.loads(message)["p"]["d"]) for message in consumer._put_back])
    assert sorted(number for share in shares for number in share) == list(range(400))
    assert all(share == sorted(share) for share in shares)
    assert all(len(share) == 100 for share in shares), [len(share) for share in shares]


def test_many_backends_push_at_once(serve):
    dunlin = serve(workers=2, top={"queue": {"size": 10000}})
    consumer = dunlin.backend()
    consumer.result("queue.pop", ["t"])
    pushers = [dunlin.backend() for _ in range(3)]
    for number in range(500):
        for who, pusher in enumerate(pushers):
            pusher.send({"m": "queue.push", "p": {"t": "t", "d": f"{who} {number}"}, "i": number})
    came = [consumer.event()["d"].split() for _ in range(1500)]
    for who in range(3):
        assert [int(n) for w, n in came if int(w) == who] == list(range(500))


def test_a_consumer_that_leaves_loses_none_that_it_was_not_sent(serve):
    """It reads nothing: what the kernel did not take goes to another, once, in order."""
    dunlin = serve(workers=2, top={"queue": {"size": 5000}})
    slow = dunlin.raw_backend(receive_buffer=4096)
    slow.send_text('{"m":"queue.pop","p":["t"]}')
    dunlin.wait_metric("dunlin_queue_consumers", 1)
    pusher = dunlin.backend()
    for number in range(2000):
        pusher.send({"m": "queue.push", "p": {"t": "t", "d": f"{number} " + 10_000 * "x"}, "i": number})
    for _ in range(2000):
        assert json.loads(pusher.recv())["E"] is None
    left = dunlin.metric("dunlin_queue_messages")
    assert 0 < left < 2000
    other = dunlin.backend()
    slow.close()
    dunlin.wait_metric("dunlin_queue_consumers", 0)
    left = int(dunlin.metric("dunlin_queue_messages"))
    other.result("queue.pop", ["t"])
    came = [int(other.event()["d"].split()[0]) for _ in range(left)]
    assert came == list(range(2000 - left, 2000))
    dunlin.wait_metric("dunlin_queue_messages", 0)


def test_a_slow_consumer_does_not_hoard(serve):
    dunlin = serve(workers=2, top={"queue": {"size": 5000}})
    slow = dunlin.raw_backend(receive_buffer=4096)
    slow.send_text('{"m":"queue.pop","p":["t"]}')
    dunlin.wait_metric("dunlin_queue_consumers", 1)
    quick = dunlin.backend()
    quick.result("queue.pop", ["t"])
    pusher = dunlin.backend()
    for number in range(3000):
        pusher.send({"m": "queue.push", "p": {"t": "t", "d": 10_000 * "x"}, "i": number})
    for _ in range(3000):
        assert json.loads(pusher.recv())["E"] is None
    underway = 64  # what a consumer may be given at a time
    until(lambda: dunlin.metric("dunlin_queue_messages") <= underway, "the quick one has taken the rest")
    assert dunlin.metric("dunlin_api_sockets") == 3  # nobody was closed for being slow


def test_a_backend_pushes_over_http(dunlin):
    backend = dunlin.backend()
    backend.result("queue.pop", ["t"])
    assert dunlin.api.post("/v1/queue/push", {"t": "t", "d": "one"}).body == {"E": None, "r": {"n": 1}}
    assert backend.event() | {"n": ""} == {"n": "", "c": "0", "t": "t", "d": "one"}


@pytest.mark.parametrize("arguments, wrong", [("nil", "string expected"), ("'t'", "string expected"), ("'', 'x'", "argument is wrong"),
                                              ("'t', '\\xff'", "argument is wrong"), ("('t'):rep(256), 'x'", "argument is wrong"),
                                              ("{}, 'x'", "string expected"), ("'t', function() end", "string expected")])
def test_bad_arguments_of_push(serve, arguments, wrong):
    dunlin = serve(auth=[], script=f"""
function on_message(msg)
  local fine, n, err = pcall(mix.queue.push, {arguments})
  mix.websocket():send(tostring(fine and err or n))
end
""")
    client = dunlin.connect()
    client.send("go")
    assert wrong in client.recv()


def test_a_script_pushes_when_its_connection_closes(serve):
    dunlin = serve(auth=[], script="""
function on_message(msg) end
function on_close(client_id, err)
  mix.queue.push("left", {event = "close", id = tostring(client_id)})
end
""")
    backend = dunlin.backend()
    backend.result("queue.pop", ["left"])
    dunlin.connect().close()
    event = backend.event()
    assert event["d"] == {"event": "close", "id": event["c"]}
