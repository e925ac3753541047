# SPDX-License-Identifier: Apache-2.0
"""While nodes and NATS servers go and come, under load: every message to a connected subscriber arrives once, or an answer
or a counter says that it did not. DUNLIN_CHAOS is a number of rounds of the last test, each with a seed of its own."""
import os
import random
import signal

import pytest

from harness.storm import Storm
from harness.waiting import until


def check(nodes, storm):
    """No message twice; what no answer spoke of was counted: by the node that missed it, or by those that did not hear it."""
    account = storm.account()
    assert account["twice"] == []
    counted = nodes.lost("silent") + nodes.silent_of_the_gone
    unheard = nodes.total("dunlin_cluster_unheard_total") + nodes.unheard_of_the_gone
    says = f"{account}, {counted:g} silent, {unheard:g} unheard: {storm.unexplained[:5]}"
    assert account["missing"] <= counted, says
    assert account["missing_at_killed"] <= nodes.silent_of_the_gone + unheard, says
    assert not storm.faults, f"handed to more than got it: {storm.faults[:5]}"


def test_all_nodes_are_restarted_one_after_another(cluster):
    nodes = cluster(3)
    with Storm(nodes) as storm:
        for _ in range(3):
            storm.wait_published(20)
            going = nodes.drain(0)
            assert going.wait_exit() == 0
            nodes.add()
            nodes.wait_complete()
        storm.wait_published(20)
    check(nodes, storm)
    assert all(one.answer is None or one.answer["f"] == 0 for one in storm.published.values())
    assert nodes.lost() == 0


def test_a_node_is_killed_and_comes_back(cluster):
    nodes = cluster(3)
    with Storm(nodes) as storm:
        storm.wait_published(20)
        nodes.kill(1)
        nodes.add()
        nodes.wait_complete()
        storm.wait_published(20)
    check(nodes, storm)


def test_all_nats_servers_are_killed_and_come_back(cluster):
    nodes = cluster(3, servers=3)
    with Storm(nodes) as storm:
        storm.wait_published(20)
        nodes.nats.kill_all()
        nodes.wait_connected(0)
        storm.wait_published(20)
        for index in range(3):
            nodes.nats.start(index)
        nodes.wait_connected()
        storm.wait_published(20)
    check(nodes, storm)
    assert any(one.answer and one.answer.get("partial") for one in storm.published.values())
    assert nodes.lost("engine_down") > 0


class Chaos:
    """Something happens, and is mended later or not at all."""

    def __init__(self, nodes, seed):
        self.nodes, self.random = nodes, random.Random(seed)
        self.servers = set(range(len(nodes.nats.ports)))
        self.done = []

    def step(self):
        able = [self.kill_frozen_node, self.kill_node, self.drain_node, self.kill_server, self.kill_server, self.stop_node, self.stop_server, self.kill_all]
        act = self.random.choice(able)
        self.done.append(act.__name__)
        act()

    def kill_node(self):
        self.nodes.kill(self.random.randrange(len(self.nodes.nodes)))
        self.nodes.add()

    def kill_frozen_node(self):
        index = self.random.randrange(len(self.nodes.nodes))
        self.nodes.freeze(index)
        self.pause()
        self.nodes.kill(index)
        self.nodes.add()

    def drain_node(self):
        self.nodes.wait_complete()
        self.nodes.drain(self.random.randrange(len(self.nodes.nodes)))
        self.nodes.add()

    def kill_server(self):
        index = self.random.choice(sorted(self.servers))
        self.nodes.nats.kill(index)
        self.pause()
        self.nodes.nats.start(index)

    def stop_server(self):
        index = self.random.choice(sorted(self.servers))
        self.nodes.nats.signal(index, signal.SIGSTOP)
        try:
            self.pause()
        finally:
            self.nodes.nats.signal(index, signal.SIGCONT)

    def kill_all(self):
        self.nodes.nats.kill_all()
        self.pause()
        for index in sorted(self.servers):
            self.nodes.nats.start(index)

    def stop_node(self):
        index = self.random.randrange(len(self.nodes.nodes))
        self.nodes.freeze(index)
        try:
            self.pause()
        finally:
            self.nodes.thaw(index)

    def pause(self):
        published = len(self.storm.published) + self.random.choice((5, 50, 300))
        until(lambda: len(self.storm.published) >= published, "publishing goes on", timeout=60)


@pytest.mark.parametrize("seed", range(int(os.environ.get("DUNLIN_CHAOS_FROM", "1")),
                                       int(os.environ.get("DUNLIN_CHAOS_FROM", "1")) + int(os.environ.get("DUNLIN_CHAOS", "1"))))
def test_whatever_happens(cluster, seed):
    nodes = cluster(3, servers=3)
    chaos = Chaos(nodes, seed)
    with Storm(nodes, seed=seed) as storm:
        chaos.storm = storm
        for _ in range(3 if "DUNLIN_CHAOS" not in os.environ else 6):
            chaos.step()
            chaos.pause()
    try:
        check(nodes, storm)
    except AssertionError as fault:
        raise AssertionError(f"after {chaos.done}: {fault}") from None
