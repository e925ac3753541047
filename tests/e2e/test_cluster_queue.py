# SPDX-License-Identifier: Apache-2.0
"""Topics of a cluster: pushed on any node, popped on any, each message by one consumer."""
from harness.cluster import node_id
from harness.waiting import until


def wait_consumers(nodes, count):
    """Each node knows so many consumers of others, on whichever worker."""
    for node in nodes:
        node.wait_metric("dunlin_queue_remote_consumers", count)


def push(node, topic, texts):
    answers = node.api.post("/v1/queue/push", [{"t": topic, "d": text} for text in texts]).body["r"]
    assert all("n" in answer for answer in answers), answers


def test_a_consumer_on_one_node_gets_what_is_pushed_on_all(cluster):
    nodes = cluster()
    consumer = nodes[0].backend()
    consumer.result("queue.pop", ["orders"])
    wait_consumers(nodes.nodes[1:], 1)
    texts = {node_id(node): [f"{node_id(node)} {i}" for i in range(100)] for node in nodes}
    for node in nodes:
        push(node, "orders", texts[node_id(node)])
    got = {name: [] for name in texts}
    for _ in range(300):
        event = consumer.event()
        assert event["t"] == "orders" and event["c"] == "0"
        got[event["n"]].append(event["d"])  # the node that it was pushed at
    assert got == texts  # all, once, each node's in order
    assert consumer.nothing_waits()
    for node in nodes:
        node.wait_metric("dunlin_queue_messages", 0)


def test_messages_are_shared_out_among_the_consumers_of_all_nodes(cluster):
    nodes = cluster()
    consumers = [node.backend() for node in nodes]
    for consumer in consumers:
        consumer.result("queue.pop", ["t"])
    wait_consumers(nodes, 2)
    push(nodes[1], "t", [str(i) for i in range(90)])
    got = [[consumer.event()["d"] for _ in range(30)] for consumer in consumers]  # in turns
    assert sorted(sum(got, []), key=int) == [str(i) for i in range(90)]
    assert all(some == sorted(some, key=int) for some in got)
    for consumer in consumers:
        assert consumer.nothing_waits()


def test_what_waits_goes_to_a_consumer_that_comes_later_on_another_node(cluster):
    nodes = cluster(2)
    push(nodes[0], "t", [str(i) for i in range(200)])
    consumer = nodes[1].backend()
    consumer.result("queue.pop", ["t"])
    assert [consumer.event()["d"] for _ in range(200)] == [str(i) for i in range(200)]
    nodes[0].wait_metric("dunlin_queue_messages", 0)
    assert nodes[0].metric("dunlin_queue_pops_total") == 200


def test_acknowledgement_across_nodes(cluster):
    nodes = cluster(2)
    push(nodes[0], "t", ["0", "1", "2"])
    first, second = nodes[1].backend(), nodes[1].backend()
    first.result("queue.pop", {"t": ["t"], "ack": True})
    events = [first.event() for _ in range(3)]
    assert first.result("queue.ack", {"id": events[1]["id"]}) == {"s": True}
    assert first.error("queue.ack", {"id": events[1]["id"]}) == 205
    nodes[0].wait_metric("dunlin_queue_messages", 2)
    second.result("queue.pop", {"t": ["t"], "ack": True})
    first.result("queue.unpop")
    again = [second.event() for _ in range(2)]
    assert [(event["d"], event["id"]) for event in again] == [(events[0]["d"], events[0]["id"]), (events[2]["d"], events[2]["id"])]
    second.result("queue.ack", {"id": [event["id"] for event in again]})
    nodes[0].wait_metric("dunlin_queue_messages", 0)


def test_when_a_consumers_node_is_killed_nothing_is_lost_uncounted(cluster):
    nodes = cluster()
    plain, careful = nodes[2].backend(), nodes[2].backend()
    plain.result("queue.pop", ["plain"])
    careful.result("queue.pop", {"t": ["careful"], "ack": True})
    wait_consumers(nodes.nodes[:2], 2)
    push(nodes[0], "careful", [str(i) for i in range(20)])
    before = [careful.event() for _ in range(20)]
    careful.result("queue.ack", {"id": [event["id"] for event in before[:5]]})
    nodes.kill(2)
    push(nodes[0], "plain", [str(i) for i in range(100)])  # some of them on their way to the dead
    nodes[0].wait_metric("dunlin_queue_remote_consumers", 0)
    lost = int(nodes[0].metric("dunlin_queue_lost_total", reason="node_lost"))
    heirs = nodes[1].backend(), nodes[1].backend()
    heirs[0].result("queue.pop", ["plain"])
    heirs[1].result("queue.pop", {"t": ["careful"], "ack": True})
    got = {heirs[0].event()["d"] for _ in range(100 - lost)}
    assert len(got) == 100 - lost
    again = [heirs[1].event() for _ in range(15)]
    assert [event["id"] for event in again] == [event["id"] for event in before[5:]]
    heirs[1].result("queue.ack", {"id": [event["id"] for event in again]})
    nodes[0].wait_metric("dunlin_queue_messages", 0)
    for heir in heirs:
        assert heir.nothing_waits()


def test_without_nats_local_consumers_go_on_and_others_wait(cluster):
    nodes = cluster(2)
    far = nodes[1].backend()
    far.result("queue.pop", ["t", "far"])
    nodes[0].wait_metric("dunlin_queue_remote_consumers", 1)
    nodes.nats.kill_all()
    nodes.wait_connected(0)
    near = nodes[0].backend()
    near.result("queue.pop", ["t"])
    push(nodes[0], "t", [str(i) for i in range(50)])
    push(nodes[0], "far", ["waits"])
    assert [near.event()["d"] for _ in range(50)] == [str(i) for i in range(50)]
    nodes.nats.start()
    nodes.wait_connected()
    assert far.event()["d"] == "waits"
    assert far.nothing_waits()


def test_a_full_topic_is_an_error_wherever_its_consumers_are(cluster):
    nodes = cluster(2, more={"queue": {"size": 70}})
    consumer = nodes[1].backend()
    consumer.result("queue.pop", {"t": ["t"], "ack": True})
    nodes[0].wait_metric("dunlin_queue_remote_consumers", 1)
    push(nodes[0], "t", [str(i) for i in range(70)])
    assert nodes[0].api.post("/v1/queue/push", {"t": "t", "d": "x"}).body["E"]["c"] == 204
    consumer.result("queue.ack", {"id": consumer.event()["id"]})
    until(lambda: nodes[0].api.post("/v1/queue/push", {"t": "t", "d": "x"}).body["E"] is None, "there is room again")
