# SPDX-License-Identifier: Apache-2.0
"""Topics that JetStream keeps: they survive every node, and NATS itself."""
import shutil

import pytest

from harness.waiting import until


@pytest.fixture
def durable(cluster):
    """Starts nodes with durable topics."""
    def start(count=2, **queue):
        return cluster(count, jetstream=True, more={"queue": {"durable": True, "ack": "2s"} | queue})
    return start


def ready(nodes):
    for node in nodes:
        node.wait_metric("dunlin_queue_durable", 1)


def push(node, topic, texts):
    answers = node.api.post("/v1/queue/push", [{"t": topic, "d": text} for text in texts]).body["r"]
    assert all("n" in answer for answer in answers), answers
    return answers


def collect(consumer, count, ack=False):
    """So many different messages."""
    got = {}
    while len(got) < count:
        event = consumer.event()
        got[event["d"]] = event
        if ack:
            consumer.ask("queue.ack", {"id": event["id"]})
    return got


def test_pushed_on_any_popped_on_any_each_by_one(durable):
    nodes = durable(3)
    ready(nodes)
    assert push(nodes[0], "Grüße, *.>", ["0"]) == [{"n": 1}]
    consumers = [nodes[1].backend(), nodes[2].backend()]
    for consumer in consumers:
        consumer.result("queue.pop", ["Grüße, *.>", "t"])
    for node in nodes:
        push(node, "t", [f"{node.api.port} {i}" for i in range(40)])
    until(lambda: nodes.total("dunlin_queue_pops_total") == 121, "every message is popped")
    messages = [consumer.event()["d"] for node, consumer in zip(nodes.nodes[1:], consumers)
                for _ in range(int(node.metric("dunlin_queue_pops_total")))]
    assert len(set(messages)) == len(messages) == 121
    for consumer in consumers:
        assert consumer.nothing_waits()
    assert nodes.total("dunlin_queue_underway") == 0


def test_everything_restarts_and_nothing_unacknowledged_is_lost(durable):
    nodes = durable()
    ready(nodes)
    push(nodes[0], "t", [str(i) for i in range(30)])
    consumer = nodes[1].backend()
    consumer.result("queue.pop", {"t": ["t"], "ack": True})
    events = [consumer.event() for _ in range(30)]
    assert consumer.result("queue.ack", {"id": [event["id"] for event in events[:10]]}) == {"s": True}
    for index in (1, 0):
        nodes.kill(index)
    nodes.nats.terminate()
    nodes.nats.start()
    fresh = nodes.add()
    ready([fresh])
    assert push(fresh, "t", ["new"]) == [{"n": 21}]
    consumer = fresh.backend()
    consumer.result("queue.pop", {"t": ["t"], "ack": True})
    got = collect(consumer, 21, ack=True)
    assert set(got) == {str(i) for i in range(10, 30)} | {"new"}
    fresh.wait_metric("dunlin_queue_underway", 0)
    assert push(fresh, "t", ["last"]) == [{"n": 1}]  # all the others are gone for good
    assert consumer.event()["d"] == "last"


def test_what_is_not_acknowledged_comes_again_to_another(durable):
    nodes = durable(ack="1s")
    ready(nodes)
    first, second = nodes[0].backend(), nodes[1].backend()
    first.result("queue.pop", {"t": ["t"], "ack": True})
    push(nodes[0], "t", ["x"])
    event = first.event()
    second.result("queue.pop", {"t": ["t"], "ack": True})
    first.result("queue.unpop")
    again = second.event()
    assert (again["d"], again["id"]) == ("x", event["id"])
    assert second.result("queue.ack", {"id": again["id"]}) == {"s": True}
    assert nodes[0].metric("dunlin_queue_returned_total", reason="consumer_left") == 1
    # And with a consumer that stays, after its time.
    push(nodes[0], "t", ["y"])
    ids = {second.event()["id"], second.event()["id"]}
    assert len(ids) == 1
    second.ask("queue.ack", {"id": ids.pop()})


def test_a_consumer_that_has_more_than_it_can_do_gets_done(durable):
    nodes = durable(1, ack="300ms")
    ready(nodes)
    push(nodes[0], "t", [str(i) for i in range(500)])
    consumer = nodes[0].backend()
    consumer.result("queue.pop", {"t": ["t"], "ack": True})
    consumer.acknowledge_each(500)
    nodes[0].wait_metric("dunlin_queue_underway", 0)


def test_what_jetstream_would_not_hand_out_any_more_is_pushed_again(durable, tmp_path):
    """As with a server that was killed, and comes back with messages whose end it had not written down yet."""
    nodes = durable(1, ack="1s")
    ready(nodes)
    push(nodes[0], "t", ["x", "y"])
    kept = tmp_path / "kept"

    def restart(change):
        nodes.nats.terminate()
        change(nodes.nats.messages("dunlin_queue"))
        nodes.nats.start()
        ready(nodes)

    restart(lambda messages: shutil.copytree(messages, kept))
    consumer = nodes[0].backend()
    consumer.result("queue.pop", {"t": ["t"], "ack": True})
    collect(consumer, 2, ack=True)
    restart(lambda messages: (shutil.rmtree(messages), shutil.copytree(kept, messages)))
    assert set(collect(consumer, 2, ack=True)) == {"x", "y"}
    nodes[0].wait_logged("JetStream held messages that it would not have handed out any more; they were pushed again", messages=2)
    assert nodes[0].metric("dunlin_queue_returned_total", reason="stranded") == 2
    assert push(nodes[0], "t", ["last"]) == [{"n": 1}]
    assert consumer.event()["d"] == "last"


def test_a_consumer_that_waits_for_messages_that_are_gone_is_made_anew(durable, tmp_path):
    """As with a server that was killed, and comes back without the acknowledgements that the others had heard."""
    nodes = durable(1, ack="1s")
    ready(nodes)
    push(nodes[0], "other", ["older than all"])
    push(nodes[0], "t", [str(i) for i in range(30)])
    consumer = nodes[0].backend()
    consumer.result("queue.pop", {"t": ["t"], "ack": True})
    first = collect(consumer, 30)
    kept = tmp_path / "kept"

    def restart(change):
        nodes.nats.terminate()
        change(nodes.nats.messages("dunlin_queue").parent / "obs")
        nodes.nats.start()
        ready(nodes)

    restart(lambda consumers: shutil.copytree(consumers, kept))
    done, events = set(), list(first.values())
    while len(done) < 30:  # what takes too long comes again
        event = events.pop() if events else consumer.event()
        if consumer.ask("queue.ack", {"id": event["id"]})["E"] is None:
            done.add(event["d"])
    restart(lambda consumers: (shutil.rmtree(consumers), shutil.copytree(kept, consumers)))
    until(lambda: nodes.nats.tried_again("dunlin_queue") > 0, "it tries to hand out what is gone")
    push(nodes[0], "t", ["new"])
    until(lambda: consumer.event()["d"] == "new", "it is handed out")
    assert nodes[0].metric("dunlin_queue_stuck_total") >= 1


def test_a_full_topic_and_one_that_nats_does_not_keep_are_errors(durable):
    nodes = durable(1, size=3, deadline="3s")
    ready(nodes)
    push(nodes[0], "t", ["0", "1", "2"])
    assert nodes[0].api.post("/v1/queue/push", {"t": "t", "d": "3"}).body["E"]["c"] == 204
    assert nodes[0].metric("dunlin_queue_refused_total", reason="full") == 1
    push(nodes[0], "other", ["0"])
    nodes.nats.kill_all()
    nodes.wait_connected(0)
    refused = nodes[0].api.post("/v1/queue/push", {"t": "other", "d": "1"}).body["E"]  # when the deadline has passed
    assert refused["c"] == 204 and "cannot be reached" in refused["m"]


def test_a_push_waits_for_nats_to_come_back(durable):
    nodes = durable(1, deadline="30s")
    ready(nodes)
    nodes.nats.kill_all()
    nodes.wait_connected(0)
    backend = nodes[0].backend()
    for i in range(3):
        backend.send({"m": "queue.push", "i": i, "p": {"t": "t", "d": str(i)}})
    assert backend.nothing_waits()
    nodes.nats.start()
    for i in range(3):
        assert backend.answer_to(i)["r"]["n"] > 0
    backend.result("queue.pop", ["t"])
    assert [backend.event()["d"] for _ in range(3)] == ["0", "1", "2"]
    assert backend.nothing_waits()
