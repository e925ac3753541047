# SPDX-License-Identifier: Apache-2.0
"""Three nodes on NATS act as one: publishes, sends, and who is there."""
import threading

from harness.cluster import Cluster, node_id
from harness.waiting import until

ROUTER = """
function on_handshake(id) mix.websocket():subscribe("all") end
function on_message(msg)
  local conn = mix.websocket()
  if msg.data == "id" then conn:send(string.format("%d", conn:client_id())) end
end
"""


def test_a_publish_on_any_node_reaches_the_subscribers_of_all_once(cluster):
    nodes = cluster()
    clients = [node.login(uid=7) for node in nodes for _ in range(2)]
    for client in clients:
        client.subscribe("@user")
    probes = nodes.wait_reaches("user:7", 6)
    for node in nodes:
        assert node.api.publish("user:7", f"from {node_id(node)}") == {"s": 6, "f": 0}
    for client in clients:
        got = [message for message in client.recv_many(probes_of(client) + 3) if message != "?"]
        assert got == [f"from {node_id(node)}" for node in nodes]
        assert client.nothing_waits()
    assert probes >= 3


def probes_of(client):
    """How many probes wait in front of what comes next."""
    seen = []
    while True:
        message = client.recv()
        if message != "?":
            client._put_back = seen + [message]
            return len(seen)
        seen.append(message)


def test_a_storm_from_all_nodes_is_accounted_exactly(cluster):
    nodes = cluster()
    clients = [node.login(uid=1) for node in nodes]
    for client in clients:
        client.subscribe("@user")
    nodes.wait_reaches("user:1", 3)
    for client in clients:
        probes_left(client)
    each = 150
    results = []

    def storm(node):
        results.extend(node.api.publish("user:1", f"{node_id(node)} {i}") for i in range(each))

    threads = [threading.Thread(target=storm, args=(node,)) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [{"s": 3, "f": 0}] * (3 * each)
    for client in clients:
        by_node = {}
        for message in client.recv_many(3 * each):
            sender, number = message.split()
            by_node.setdefault(sender, []).append(int(number))
        assert by_node == {node_id(node): list(range(each)) for node in nodes}  # all, once, in order
        assert client.nothing_waits()
    for name in ("dunlin_cluster_lost_total", "dunlin_cluster_duplicates_total", "dunlin_cluster_unanswered_total"):
        assert sum(sample.value for node in nodes for sample in node.api.metrics().samples if sample.name == name) == 0


def probes_left(client):
    """Lets go of what has come so far: an answer comes behind it."""
    client.do("ping")
    client._put_back = []


def test_a_node_that_nobody_subscribes_at_does_no_work(cluster):
    nodes = cluster()
    client = nodes[1].login(uid=5)
    client.subscribe("@user")
    probes = nodes.wait_reaches("user:5", 1)
    for i in range(20):
        assert nodes[0].api.publish("user:5", str(i)) == {"s": 1, "f": 0}
    assert nodes[2].metric("dunlin_cluster_publishes_received_total") == 0
    assert nodes[1].metric("dunlin_cluster_publishes_received_total") <= 20 + probes
    sent = nodes[0].metric("dunlin_cluster_publishes_sent_total")
    assert nodes[0].api.publish("nobody's", "x") == {"s": 0, "f": 0}
    assert nodes[0].metric("dunlin_cluster_publishes_sent_total") == sent


def test_a_send_goes_to_the_node_that_the_id_names(cluster):
    nodes = cluster(script=ROUTER)
    client = nodes[2].connect()
    client.send("id")
    mine = client.recv()
    for node in nodes:
        assert node.api.send(mine, f"from {node_id(node)}")["r"] == {"s": True}
    assert client.recv_many(3) == [f"from {node_id(node)}" for node in nodes]
    client.close()
    until(lambda: nodes[0].api.send(mine, "late")["E"], "the connection is gone")
    assert nodes[0].api.send(mine, "late")["E"]["c"] == 401
    assert nodes[0].api.send(str(16000 << 49 | 1 << 21), "nobody")["E"]["c"] == 401


def test_every_node_lists_all_and_sees_them_come_and_go(cluster):
    nodes = cluster(2)
    rows = nodes[0].api.get("/v1/nodes").body["nodes"]
    assert {row["name"] for row in rows} == {"node-0", "node-1"}
    assert {row["api_server"] for row in rows} == {f"127.0.0.1:{node.api.port}" for node in nodes}
    nodes.add()
    nodes.wait_complete()
    numbers = [node.wait_logged("node number claimed")[0]["number"] for node in nodes]
    assert len(set(numbers)) == 3
    stopped = nodes.nodes.pop()
    stopped.terminate()
    stopped.wait_exit()
    nodes.wait_complete()
    nodes[0].wait_logged("node left", node=node_id(stopped), why="stopped")
    killed = nodes.kill(1)
    nodes.wait_complete()
    nodes[0].wait_logged("node left", node=node_id(killed), why="silent")
    assert nodes[0].metric("dunlin_cluster_leaves_total") == 2


def test_a_subscription_holds_at_every_node_when_it_is_answered(cluster):
    nodes = cluster()
    for uid in range(100, 115):
        client = nodes[uid % 3].login(uid=uid).subscribe("@user")
        assert nodes[(uid + 1) % 3].api.publish(f"user:{uid}", "at once") == {"s": 1, "f": 0}
        assert client.recv() == "at once"
    assert nodes.total("dunlin_cluster_unconfirmed_total") == 0


def test_so_does_one_that_a_backend_asks_for(cluster):
    nodes = cluster(2, script=ROUTER)
    client = nodes[1].connect()
    client.send("id")
    mine = client.recv()
    for i in range(10):
        answer = nodes[0].api.post("/v1/conn/call", {"c": mine, "f": "subscribe", "a": [f"room:{i}"]})
        assert answer.body["E"] is None, answer
        assert nodes[0].api.publish(f"room:{i}", str(i)) == {"s": 1, "f": 0}
        assert client.recv() == str(i)
    gone = nodes[0].api.post("/v1/conn/call", {"c": str(16000 << 49 | 1 << 21), "f": "subscribe", "a": ["room:1"]})
    assert gone.body["E"]["c"] == 301


def test_what_nats_does_not_take_is_refused_and_nobody_gets_it(serve, nats, tmp_path):
    settings = tmp_path / "nats.conf"
    settings.write_text("max_payload: 4096\n")
    server = nats(1, ["-c", str(settings)])
    nodes = Cluster(serve, server, 2, {})
    client = nodes[0].login(uid=1).subscribe("@user")
    largest = 4096 - 128 - len("user:1")
    assert nodes[1].api.publish("user:1", "x" * largest) == {"s": 1, "f": 0}
    for node in nodes:
        answer = node.api.post("/v1/mesh/publish", {"c": "user:1", "d": "x" * (largest + 1)})
        assert (answer.status, answer.body["E"]["c"]) == (400, 101) and f"{largest} at most" in answer.body["E"]["m"]
    assert client.recv() == "x" * largest
    assert client.nothing_waits()


def test_an_answer_that_waits_for_this_node_alone(cluster):
    nodes = cluster(2)
    near, far = (node.login(uid=1).subscribe("@user") for node in nodes)
    assert nodes[0].api.post("/v1/mesh/publish", {"c": "user:1", "d": "x", "wait": "local"}).body["r"] == {"s": 1, "f": 0}
    assert near.recv() == far.recv() == "x"
