# SPDX-License-Identifier: Apache-2.0
"""What lies between a node and NATS breaks, freezes and is slow; a node stops for a while. What is missed is counted."""
from concurrent.futures import ThreadPoolExecutor

from harness.cluster import node_id
from harness.subscribers import accounted, received, subscribers, wait_whole
from harness.waiting import until


def test_a_slow_link_delays_and_loses_nothing(proxied):
    nodes = proxied(2)
    clients = subscribers(nodes)
    nodes.ways[1].slow(0.05)
    answers = [nodes[0].api.publish("user:1", str(i)) for i in range(10)]
    assert answers == [{"s": 2, "f": 0}] * 10
    for client in clients:
        assert client.recv_many(10) == [str(i) for i in range(10)]
        assert client.nothing_waits()


def test_a_node_that_is_cut_off(proxied):
    nodes = proxied(2)
    clients = subscribers(nodes)
    before = nodes.lost()
    nodes.ways[1].cut()
    nodes[1].wait_metric("dunlin_cluster_connected", 0)
    for node in nodes:
        for i in range(5):
            node.api.publish("user:1", f"{node_id(node)} {i}")
    nodes[0].wait_logged("node left", node=node_id(nodes[1]), why="silent")
    # It is known to be gone: nobody waits for it. Whether it has missed something shows when it comes back.
    assert [nodes[0].api.publish("user:1", f"gone {i}") for i in range(5)] == [{"s": 1, "f": 0}] * 5
    nodes.ways[1].heal()
    wait_whole(nodes, 2)
    accounted(nodes, 15, clients, before)
    assert nodes.lost("silent") == 5


def test_a_link_that_freezes(proxied):
    nodes = proxied(2)
    clients = subscribers(nodes)
    before = nodes.lost()
    nodes.ways[1].freeze()
    assert nodes[0].api.publish("user:1", "into the void") == {"s": 1, "f": 1}
    assert nodes[1].api.publish("user:1", "out of it")["s"] == 1
    nodes[0].wait_logged("node left", node=node_id(nodes[1]), why="silent")
    nodes[1].wait_metric("dunlin_cluster_connected", 0)
    nodes.ways[1].cut()
    nodes.ways[1].heal()
    wait_whole(nodes, 2)
    accounted(nodes, 2, clients, before)


def test_a_node_that_is_stopped_and_goes_on(cluster):
    nodes = cluster(3)
    clients = subscribers(nodes)
    before = nodes.lost()
    nodes.freeze(2)
    assert nodes[0].api.publish("user:1", "while it stands") == {"s": 2, "f": 1}
    for node in nodes.nodes[:2]:
        node.wait_logged("node left", node=node_id(nodes[2]), why="silent")
    assert nodes[1].api.publish("user:1", "while it is gone") == {"s": 2, "f": 0}
    nodes.thaw(2)
    wait_whole(nodes, 3)
    accounted(nodes, 2, clients, before)
    assert nodes.lost("silent") == 1  # the first came late


def test_a_node_that_starts_while_another_is_stopped_counts_what_that_one_misses(cluster):
    nodes = cluster(3)
    clients = subscribers(nodes)
    before = nodes.lost()
    nodes.freeze(2)
    nodes[0].wait_logged("node left", node=node_id(nodes[2]), why="silent")
    clients.pop(1)
    nodes.kill(1)
    newcomer = nodes.add()  # never hears of the one that is stopped
    until(lambda: newcomer.api.publish("nobody's", "?") == {"s": 0, "f": 0}, "it does not wait for the one that was killed")
    assert [newcomer.api.publish("user:1", f"unheard {i}") for i in range(5)] == [{"s": 1, "f": 0}] * 5
    nodes.thaw(1)
    newcomer.wait_logged("a node had answered subscriptions before this one heard of them", node=node_id(nodes[1]), missed=5)
    wait_whole(nodes, 2)
    accounted(nodes, 5, clients, before)
    assert nodes[1].metric("dunlin_cluster_lost_total", reason="silent") == 5


def test_what_a_node_publishes_as_it_wakes_is_counted_where_somebody_subscribed_meanwhile(cluster):
    nodes = cluster(2, mesh={"deadline": "300ms"})
    asleep, awake = nodes
    client = awake.login(uid=7)
    before = nodes.lost()
    nodes.freeze(0)
    client.subscribe("@user")
    awake.wait_logged("node did not confirm a subscription in time", node=node_id(asleep))
    with ThreadPoolExecutor(5) as pool:
        answers = [pool.submit(asleep.api.publish, "user:7", str(i)) for i in range(5)]  # they wait in its sockets
        nodes.thaw(0)
        assert all(set(answer.result()) <= {"s", "f", "partial"} for answer in answers)
    come = []

    def accounted_for():
        come.extend(received(client))
        return len(come) + nodes.lost() - before >= 5  # one that is on its way when the news comes may be both

    until(accounted_for, "each has come or is counted")
