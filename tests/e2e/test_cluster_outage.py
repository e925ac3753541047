# SPDX-License-Identifier: Apache-2.0
"""When NATS, or a node, is gone: what is left works, says so, and comes together again."""
import json
import socket
import subprocess

from harness.cluster import node_id
from harness.server import BIN, configuration
from harness.subscribers import fresh, subscribers
from harness.waiting import DEADLINE, until


def test_without_nats_local_work_goes_on_and_says_that_it_is_partial(cluster):
    nodes = cluster(2)
    here, there = subscribers(nodes, 1)
    nodes.nats.kill_all()
    nodes.wait_connected(0)
    answer = nodes[0].api.publish("user:1", "here only")
    assert answer == {"s": 1, "f": 1, "partial": True}
    assert nodes[0].api.publish("user:2", "nobody") == {"s": 0, "f": 0, "partial": True}
    assert here.recv() == "here only"
    assert nodes[0].metric("dunlin_cluster_lost_total", reason="engine_down") == 1

    nodes.nats.start()
    nodes.wait_connected()
    nodes.wait_complete()
    until(lambda: nodes[0].api.publish("user:2", "nobody") == {"s": 0, "f": 0}, "what others want is known again")
    assert nodes[0].api.publish("user:1", "again") == {"s": 2, "f": 0}
    assert here.recv() == there.recv() == "again"  # and what was lost did not come late
    assert here.nothing_waits() and there.nothing_waits()


def test_one_nats_server_of_three_is_killed(cluster):
    nodes = cluster(3, servers=3)
    clients = subscribers(nodes, 1)
    nodes.nats.kill(0)
    nodes.wait_connected()
    nodes.wait_complete()
    until(lambda: [node.api.publish("user:1", "?") for node in nodes] == [{"s": 3, "f": 0}] * 3, "every publish reaches all")
    for client in clients:
        fresh(client)
    for node in nodes:
        assert node.api.publish("user:1", node_id(node)) == {"s": 3, "f": 0}
    for client in clients:
        assert client.recv_many(3) == [node_id(node) for node in nodes]
        assert client.nothing_waits()


def test_a_node_that_is_killed_counts_as_failed_until_it_is_known_to_be_gone(cluster):
    nodes = cluster(3)
    subscribers(nodes, 1)
    nodes.kill(2)
    assert nodes[0].api.publish("user:1", "x") == {"s": 2, "f": 1}
    assert nodes[0].wait_logged("node did not report in time", name="node-2")
    assert nodes[0].metric("dunlin_cluster_unanswered_total") == 1
    nodes.wait_complete()
    assert nodes[0].api.publish("user:1", "y") == {"s": 2, "f": 0}
    back = nodes.add()
    nodes.wait_complete()
    newcomer = back.login(uid=1)
    newcomer.subscribe("@user")
    nodes.wait_reaches("user:1", 3)


def test_a_connection_of_a_killed_node_is_refused_before_the_node_is_known_to_be_gone(cluster):
    nodes = cluster(2, script="function on_message(m) mix.websocket():send(string.format('%d', mix.websocket():client_id())) end")
    there = nodes[1].connect()
    there.send("id")
    client_id = there.recv()
    assert nodes[0].api.send(client_id, "hi")["r"] == {"s": True}
    nodes.kill(1)
    refusal = until(lambda: (said := nodes[0].api.send(client_id, "hi")["E"]) and "in time" not in said["m"] and said, "it is refused")
    assert refusal["c"] == 401 and not nodes[0].logged("node left")
    assert nodes[0].backend().ask("conn.call", {"c": client_id, "f": "close"})["E"]["c"] == 301


def test_a_start_that_waits_for_nats_says_so_and_can_be_stopped(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    nats = {"url": f"nats://127.0.0.1:{port}", "timeout": "1h"}  # nobody listens there
    file = tmp_path / "dunlin.yaml"
    file.write_text(json.dumps(configuration(top={"mesh": {"engine": "nats", "nats": nats}})))
    with subprocess.Popen([BIN, "serve", "--config", file], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert any("the start waits for it" in line for line in process.stderr)
            process.terminate()
            assert process.wait(DEADLINE) == 0
            assert "stopped before the start had ended" in process.stderr.read()
        finally:
            process.kill()
