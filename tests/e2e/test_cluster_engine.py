# SPDX-License-Identifier: Apache-2.0
"""The mesh's engine: one that a module offers (examples/engine-unix-c), and those that reach nobody."""
import json
from pathlib import Path

import pytest

from harness.server import PLUGINS, configuration, run_cli
from harness.swap import TEST_PLUGINS
from harness.waiting import until


@pytest.fixture
def meshed(serve, tmp_path):
    """Starts nodes that share a folder of Unix sockets."""
    folder = tmp_path / "mesh"
    folder.mkdir()

    def start(count, **options):
        engine = {"module": "engine-unix", "directory": str(folder)}
        nodes = [serve(top={"mesh": {"engine": engine}, "node": {"workers": 2, "name": f"node-{i}"}}, **options) for i in range(count)]
        for node in nodes:
            until(lambda node=node: len(node.api.get("/v1/nodes").body["nodes"]) == count, "the nodes see each other")
        return nodes

    start.folder = folder
    return start


def test_two_nodes_are_one(meshed):
    nodes = meshed(2)
    client = nodes[0].login(uid=7)
    client.subscribe("@user")
    until(lambda: nodes[1].api.publish("user:7", "?") == {"s": 1, "f": 0}, "the other node knows of the subscriber")
    for i in range(100):
        assert nodes[1].api.publish("user:7", str(i)) == {"s": 1, "f": 0}
    got = [message for message in client.recv_many(100) if message != "?"]
    while len(got) < 100:
        got += [message for message in [client.recv()] if message != "?"]
    assert got == [str(i) for i in range(100)]
    consumer = nodes[1].backend()
    consumer.result("queue.pop", ["t"])
    nodes[0].api.post("/v1/queue/push", {"t": "t", "d": "from the other"})
    assert consumer.event()["d"] == "from the other"
    assert nodes[0].metric("dunlin_cluster_bad_frames_total") == 0
    nodes[1].terminate()
    nodes[1].wait_exit()
    nodes[0].wait_logged("node left", why="stopped")
    assert len(list(meshed.folder.iterdir())) == 1  # it has taken its socket with it


def test_a_connection_of_a_killed_node_is_refused_before_the_node_is_known_to_be_gone(meshed):
    node, other = meshed(2, script="function on_message(m) mix.websocket():send(string.format('%d', mix.websocket():client_id())) end")
    there = other.connect()
    there.send("id")
    client_id = there.recv()
    assert node.api.send(client_id, "hi")["r"] == {"s": True}
    other.process.kill()
    other.process.wait()
    other.killed = True
    refusal = until(lambda: (said := node.api.send(client_id, "hi")["E"]) and "in time" not in said["m"] and said, "it is refused")
    why = "the connection's node cannot be reached now"  # it may have lost its way to the others and live
    assert refusal == {"c": 401, "m": why} and not node.logged("node left")
    assert node.backend().ask("conn.call", {"c": client_id, "f": "close"})["E"] == {"c": 301, "m": why}


@pytest.fixture
def alone(serve, tmp_path):
    """Starts a node whose engine is to reach nobody; the modules of the tests are among those that it has."""
    folder = tmp_path / "modules"
    folder.mkdir()
    for module in ("lua", "jwt-auth"):
        (folder / f"{module}.so").symlink_to(Path(PLUGINS) / f"{module}.so")
    (folder / "loop-engine.so").symlink_to(TEST_PLUGINS / "engines" / "loop-engine.so")
    return lambda engine: serve(top={"mesh": {"engine": engine}, "plugins": {"directory": str(folder)}})


@pytest.mark.parametrize("engine, cluster", [
    ("local", False),
    ({"module": "loop-engine", "alone": True}, False),
    ({"module": "loop-engine", "alone": False}, True),
], ids=["local", "a module that says so", "a module that does not"])
def test_a_node_whose_engine_reaches_nobody_makes_no_cluster(alone, engine, cluster):
    node = alone(engine)
    client = node.login(uid=7)
    client.subscribe("@user")
    assert node.api.publish("user:7", "hi")["s"] == 1
    assert client.recv() == "hi"
    assert len(node.api.get("/v1/nodes").body["nodes"]) == 1
    assert bool(node.logged("node number claimed")) == cluster
    assert ("dunlin_cluster_" in node.api.get("/metrics").body) == cluster


def test_what_the_engine_cannot_carry_is_refused(meshed):
    node, _ = meshed(2)
    answer = node.api.post("/v1/mesh/publish", {"c": "user:1", "d": "x" * 200_000})
    assert answer.body["E"]["c"] == 101


@pytest.mark.parametrize("engine, complaint", [
    ("jwt-auth", "is no mesh engine"),
    ("no-such", "no such file"),
    ({"module": "local"}, "no such file"),  # a module of that name, not the server's own engine
    ({"module": "engine-unix", "directory": "/", "isolation": "process"}, "isolation: is for auth modules only"),
    ({"module": "engine-unix"}, "directory"),
    ({"module": "engine-unix", "directory": "/" + 100 * "x"}, "longer than an address"),
], ids=str)
def test_a_module_that_cannot_be_the_engine_stops_the_start(tmp_path, engine, complaint):
    file = tmp_path / "dunlin.yaml"
    file.write_text(json.dumps(configuration(top={"mesh": {"engine": engine}})))
    done = run_cli("check", "--config", file)
    assert done.returncode != 0
    assert complaint in done.stderr + done.stdout
    assert f"{file}:" in done.stderr + done.stdout


def test_the_example_is_listed_as_an_engine():
    listed = run_cli("plugin", "list", "--directory", PLUGINS)
    line = next(line for line in listed.stdout.splitlines() if "engine-unix" in line)
    assert "draft-engine/2" in line
