# SPDX-License-Identifier: Apache-2.0
"""What nodes want of each other: channels of any name, very many of them, and nothing for who wants nothing.
DUNLIN_MANY_CHANNELS and DUNLIN_MANY_NODES say how many."""
import os

import pytest

CHANNELS = int(os.environ.get("DUNLIN_MANY_CHANNELS", "5000"))
NODES = int(os.environ.get("DUNLIN_MANY_NODES", "4"))

ROUTER = """
function on_message(msg)
  local conn, first, last = mix.websocket(), msg.data:match("^channels (%d+) to (%d+)$")
  if first then
    for i = tonumber(first), tonumber(last) do conn:subscribe("many:" .. i) end
  else
    conn:subscribe(msg.data)
  end
  conn:send("subscribed")
end
"""

NAMES = [
    "a b", " ", "  begins and ends with them  ", "a.b", ".", "..", ".a.", "*", "a.*", ">", "a.>", "*.>", "dunlin.all",
    "$JS.API.STREAM.CREATE.dunlin_queue", "_INBOX.x", "$SYS.>", "Grüße", "日本語", "🐦", "e\u0301", "\u00a0", "\u0085", "\u2028", "\ufeff",
    "\\", "\"", "'", "%s", "%00", "{}", "[1]", "null", "#", "/", "../..", "a,b", "a=b", "a\u200fb", "\U0010ffff",
    "x" * 255, "." * 255, "*" * 255, "é" * 127, "🐦" * 63 + "abc",
]


def subscribed(node, text):
    client = node.connect()
    client.send(text)
    assert client.recv() == "subscribed"
    return client


def test_a_channel_of_any_name_reaches_the_other_node_and_no_other_channel(cluster):
    assert all(len(name.encode()) <= 255 for name in NAMES)
    nodes = cluster(2, script=ROUTER)
    clients = [subscribed(nodes[1], name) for name in NAMES]
    for i, name in enumerate(NAMES):
        assert nodes[0].api.publish(name, str(i)) == {"s": 1, "f": 0}, name
        assert clients[i].recv() == str(i), name
    for client in clients:
        client.send("end")
        assert client.recv() == "subscribed"  # nothing has come before it
    for name in ("x" * 256, "", "\0", "a\0b", "\n", "\x7f"):
        assert nodes[0].api.post("/v1/mesh/publish", {"c": name, "d": "x"}).body["E"]["c"] == 101, repr(name)
    assert nodes.total("dunlin_cluster_bad_frames_total") == 0


def test_a_topic_of_any_name_reaches_the_other_node_and_no_other_topic(cluster):
    nodes = cluster(2, more={"queue": {"topics": len(NAMES)}})
    consumer = nodes[1].backend()
    consumer.result("queue.pop", NAMES)
    nodes[0].wait_metric("dunlin_queue_remote_consumers", 2)  # on each worker
    answers = nodes[0].api.post("/v1/queue/push", [{"t": name, "d": str(i)} for i, name in enumerate(NAMES)]).body["r"]
    assert all("n" in answer for answer in answers), answers
    events = [consumer.event() for _ in NAMES]
    assert sorted((event["t"], event["d"]) for event in events) == sorted((name, str(i)) for i, name in enumerate(NAMES))
    assert consumer.nothing_waits()


def test_very_many_channels_of_few_connections(cluster):
    nodes = cluster(2, script=ROUTER, limits={"channels": CHANNELS})
    each, step = CHANNELS // 4, 1000
    clients = []
    for first in range(0, CHANNELS, each):
        clients.append(nodes[1].connect())
        for i in range(first, first + each, step):
            clients[-1].send(f"channels {i} to {min(i + step, first + each) - 1}")
            assert clients[-1].recv() == "subscribed"
    assert nodes[1].metric("dunlin_cluster_interest") == CHANNELS
    assert nodes.total("dunlin_cluster_unconfirmed_total") == 0
    for i in [*range(0, CHANNELS, CHANNELS // 200), CHANNELS - 1]:
        assert nodes[0].api.publish(f"many:{i}", str(i)) == {"s": 1, "f": 0}
        assert clients[i // each].recv() == str(i)
    assert nodes[0].api.publish(f"many:{CHANNELS}", "x") == {"s": 0, "f": 0}
    newcomer = nodes.add()  # asks for all of it
    nodes.wait_complete()
    nodes.wait_reaches("many:0", 1)
    assert newcomer.api.publish(f"many:{CHANNELS - 1}", "from the newcomer") == {"s": 1, "f": 0}
    assert clients[-1].recv() == "from the newcomer"
    for client in clients:
        client.close()
    nodes[1].wait_metric("dunlin_cluster_interest", 0)
    assert newcomer.api.publish(f"many:{CHANNELS - 1}", "nobody's") == {"s": 0, "f": 0}


def test_one_of_many_nodes_wants_a_channel_and_the_others_do_nothing(cluster):
    nodes = cluster(NODES, more={"node": {"workers": 1}}, script=ROUTER)
    client = subscribed(nodes[NODES // 2], "wanted")
    idle = [node for index, node in enumerate(nodes) if index != NODES // 2]
    for node in nodes:
        for i in range(20):
            assert node.api.publish("wanted", f"{i}") == {"s": 1, "f": 0}
    assert client.recv_many(20 * NODES) == [str(i) for i in range(20)] * NODES
    for node in idle:
        assert node.metric("dunlin_cluster_publishes_received_total") == 0
        assert node.metric("dunlin_cluster_publishes_sent_total") == 20
        assert node.metric("dunlin_deliveries_total") == 0
    assert nodes[NODES // 2].metric("dunlin_cluster_publishes_received_total") == 20 * (NODES - 1)
    assert nodes[NODES // 2].metric("dunlin_cluster_publishes_sent_total") == 0


@pytest.fixture
def durable(cluster):
    nodes = cluster(2, jetstream=True, more={"queue": {"durable": True}})
    for node in nodes:
        node.wait_metric("dunlin_queue_durable", 1)
    return nodes


def test_a_durable_topic_of_any_name(durable):
    consumer = durable[1].backend()
    consumer.result("queue.pop", NAMES)
    answers = durable[0].api.post("/v1/queue/push", [{"t": name, "d": str(i)} for i, name in enumerate(NAMES)]).body["r"]
    assert answers == [{"n": 1}] * len(NAMES)
    events = [consumer.event() for _ in NAMES]
    assert sorted((event["t"], event["d"]) for event in events) == sorted((name, str(i)) for i, name in enumerate(NAMES))
