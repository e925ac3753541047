# SPDX-License-Identifier: Apache-2.0
"""Durable topics on a cluster of NATS servers, which are killed while messages are pushed and popped: what was answered is
kept, and handed out at least once."""
import pytest

from harness.queue_storm import QueueStorm

STREAM = "dunlin_queue"


@pytest.fixture
def replicated(cluster):
    """Starts three nodes on three NATS servers, each with a copy of the topics."""
    def start(count=3, servers=3, **queue):
        return cluster(count, servers=servers, jetstream=True, more={"queue": {"durable": True, "ack": "2s", "deadline": "30s"} | queue})
    return start


def wait_durable(nodes, durable=1):
    for node in nodes:
        node.wait_metric("dunlin_queue_durable", durable)


def wait_copies(nodes, copies):
    """As many as NATS has servers for, though they may not have found each other when they were first asked."""
    for node in nodes:
        node.wait_logged("durable topics are kept by JetStream", timeout=60, replicas=copies)


def check(storm):
    assert storm.refused.keys() <= {"the topic is full"}, storm.refused
    assert storm.kept and not storm.missing()
    assert storm.popped.keys() <= storm.pushed


def test_the_server_that_leads_is_killed_and_then_another(replicated):
    """The second one while the first still catches up. The topic has room for what waits so long: docs/cluster.md says why."""
    nodes = replicated(size=20_000)
    wait_copies(nodes, 3)
    with QueueStorm(nodes) as storm:
        storm.wait_kept(50)
        leader = nodes.nats.wait_leader(STREAM)
        nodes.nats.kill(leader)
        storm.wait_kept(50)
        storm.wait_popped(50)
        nodes.nats.start(leader)
        storm.wait_kept(50)
        nodes.nats.kill((nodes.nats.wait_leader(STREAM) + 1) % 3)
        storm.wait_kept(50)
        storm.wait_popped(50)
    check(storm)


def test_all_servers_are_killed_and_come_back_with_what_they_kept(replicated):
    nodes = replicated()
    wait_copies(nodes, 3)
    with QueueStorm(nodes) as storm:
        storm.wait_kept(50)
        nodes.nats.kill_all()
        nodes.wait_connected(0)
        for index in range(3):
            nodes.nats.start(index)
        storm.wait_kept(50)
        storm.wait_popped(50)
    check(storm)


def test_every_node_is_killed_and_others_go_on(replicated):
    nodes = replicated()
    wait_copies(nodes, 3)
    with QueueStorm(nodes) as storm:
        for _ in range(3):
            storm.wait_kept(50)
            nodes.kill(0)
            nodes.add()
        storm.wait_kept(50)
        storm.wait_popped(50)
    check(storm)


def test_without_acknowledgement_too(replicated):
    nodes = replicated()
    wait_copies(nodes, 3)
    with QueueStorm(nodes, ack=False) as storm:
        storm.wait_kept(50)
        leader = nodes.nats.wait_leader(STREAM)
        nodes.nats.kill(leader)
        storm.wait_kept(50)
        nodes.nats.start(leader)
        storm.wait_popped(50)
    check(storm)


@pytest.mark.parametrize("servers, replicas", [(1, 3), (3, 5)], ids=str)
def test_more_copies_than_servers_are_an_error(replicated, servers, replicas):
    nodes = replicated(1, servers, replicas=replicas, deadline="1s")
    nodes[0].wait_logged("queue.replicas is more than the servers that NATS has for the durable topics now; trying on", replicas=replicas)
    assert nodes[0].metric("dunlin_queue_durable") == 0
    assert nodes[0].api.post("/v1/queue/push", {"t": "t", "d": "x"}).body["E"]["c"] == 204
