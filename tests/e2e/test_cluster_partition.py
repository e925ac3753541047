# SPDX-License-Identifier: Apache-2.0
"""The network between hosts comes apart without a word, and together again; or it is slow and loses packets."""
import json

from harness.cluster import node_id
from harness.subscribers import accounted, received, subscribers, wait_whole
from harness.waiting import until


def wait_parted(nodes, here, there):
    """Each of the one side has given up each of the other, and says so by its name."""
    for node in here:
        for other in there:
            node.wait_logged("node left", node=node_id(other), name=f"node-{nodes.nodes.index(other)}", why="silent")


def test_a_node_that_is_cut_off_from_the_rest(apart):
    nodes = apart(3)
    clients = subscribers(nodes)
    before = nodes.lost()
    alone, rest = nodes[2], nodes.nodes[:2]
    nodes.ways[2].freeze()
    assert nodes[0].api.publish("user:1", "into the void") == {"s": 2, "f": 1}
    wait_parted(nodes, rest, [alone])
    alone.wait_metric("dunlin_cluster_connected", 0)
    answer = alone.api.publish("user:1", "here only")
    assert answer["s"] == 1 and answer["partial"] is True
    assert "here only" in received_before(clients[2])
    for node in rest:  # it is known to be gone: nobody waits for it
        assert node.metric("dunlin_cluster_nodes") == 2
        assert node.api.publish("user:1", node_id(node)) == {"s": 2, "f": 0}
    nodes.ways[2].heal()
    wait_whole(nodes, 3)
    come = accounted(nodes, 4, clients, before)
    assert all(set(got) >= {"into the void", *map(node_id, rest)} for got in come[:2])
    assert alone.metric("dunlin_cluster_lost_total", reason="silent") == 2
    assert [node.api.publish("user:1", "again") for node in nodes] == [{"s": 3, "f": 0}] * 3
    assert [received(client) for client in clients] == [["again"] * 3] * 3


def received_before(client):
    """What has come so far; it is put back."""
    client.do("ping")
    return client._put_back


def test_nats_is_split_in_two(machines):
    nodes = machines(3)
    clients = subscribers(nodes)
    before = nodes.lost()
    nodes.ways[0].freeze()
    wait_parted(nodes, nodes.nodes[:1], nodes.nodes[1:])
    wait_parted(nodes, nodes.nodes[1:], nodes.nodes[:1])
    # Each side is complete in itself, and has an engine.
    assert nodes[0].api.publish("user:1", "alone") == {"s": 1, "f": 0}
    assert nodes[1].api.publish("user:1", "together") == {"s": 2, "f": 0}
    assert [node.metric("dunlin_cluster_nodes") for node in nodes] == [1, 2, 2]
    nodes.ways[0].heal()
    wait_whole(nodes, 3)
    come = accounted(nodes, 2, clients, before)
    assert come == [["alone"], ["together"], ["together"]]
    assert [node.metric("dunlin_cluster_lost_total", reason="silent") for node in nodes] == [1, 1, 1]


def test_a_link_that_is_slow_and_loses_packets(apart):
    nodes = apart(2, mesh={"deadline": "10s"})
    clients = subscribers(nodes)
    before = nodes.lost(), nodes.total("dunlin_cluster_reconnects_total")
    nodes.ways[1].slow(0.2, loss=0.01)
    count = 300
    backends = [node.backend() for node in nodes]
    for i in range(count):  # none waits for the one before: they are on the link together
        for node, backend in zip(nodes, backends):
            backend.send({"m": "mesh.publish", "i": str(i), "p": {"c": "user:1", "d": json.dumps([node_id(node), i])}})
    answers = [backend.answer_to(str(i)) for i in range(count) for backend in backends]
    nodes.ways[1].heal()
    wait_whole(nodes, 2)
    for got in accounted(nodes, 2 * count, clients, before[0]):
        for node in nodes:
            numbers = [i for sender, i in map(json.loads, got) if sender == node_id(node)]
            assert numbers == sorted(numbers)
    if nodes.total("dunlin_cluster_reconnects_total") == before[1]:  # a link may be too bad for NATS
        assert nodes.lost() == before[0] and [answer["r"] for answer in answers] == [{"s": 2, "f": 0}] * len(answers)
