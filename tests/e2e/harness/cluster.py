# SPDX-License-Identifier: Apache-2.0
"""Nodes of one cluster."""
import os
import signal
import time

from .hosts import Here
from .waiting import until


def node_id(node):
    return node.logged("ready")[0]["node"]


class Cluster:
    def __init__(self, serve, nats, count, options, urls=None, hosts=None):
        """`urls`: what the node of an index has as mesh.nats.url, where that is not simply where NATS listens; `hosts`: where
        it runs (hosts.py)."""
        self._serve, self.nats, self._options = serve, nats, options
        self._more = options.pop("more", {})  # top-level keys of the configuration
        self._mesh = {"engine": "nats"} | options.pop("mesh", {})
        self._urls = urls or (lambda index: self.nats.urls)
        self._hosts = hosts or (lambda index: Here)
        self._begun = 0
        self._frozen = set()
        self.silent_of_the_gone = self.unheard_of_the_gone = 0
        self.nodes = []
        for _ in range(count):
            self.add()
        self.wait_complete()

    def __iter__(self):
        return iter(self.nodes)

    def __getitem__(self, index):
        return self.nodes[index]

    def add(self):
        name = f"node-{self._begun}"
        nats = {"url": self._urls(self._begun)} | self._options.get("nats", {})
        host = self._hosts(self._begun)
        self._begun += 1
        top = {"mesh": self._mesh | {"nats": nats}, "node": {"workers": 2, "name": name}} | self._more
        self.nodes.append(self._serve(top=top, host=host, **{key: value for key, value in self._options.items() if key != "nats"}))
        return self.nodes[-1]

    def kill(self, index):
        """kill -9; the node is no more among the nodes."""
        node = self._take(index)
        node.process.kill()
        node.process.wait()
        node.killed = True
        return node

    def drain(self, index):
        """SIGTERM; the node is no more among the nodes. Its end is not waited for."""
        node = self._take(index)
        node.terminate()
        return node

    def _take(self, index):
        """Its figures go with it: those that an account needs are kept, unless it is frozen and does not tell them."""
        node = self.nodes.pop(index)
        if node not in self._frozen:
            self.silent_of_the_gone += node.metric("dunlin_cluster_lost_total", reason="silent")
            self.unheard_of_the_gone += node.metric("dunlin_cluster_unheard_total")
        self._frozen.discard(node)
        node.leaving_at = time.monotonic()
        return node

    def freeze(self, index):
        self._frozen.add(self.nodes[index])
        os.kill(self.nodes[index].process.pid, signal.SIGSTOP)

    def thaw(self, index):
        os.kill(self.nodes[index].process.pid, signal.SIGCONT)
        self._frozen.discard(self.nodes[index])

    def awake(self):
        return [node for node in self.nodes if node not in self._frozen]

    def lost(self, reason=None):
        return self.total("dunlin_cluster_lost_total", **({"reason": reason} if reason else {}))

    def seen_by(self, node):
        return {row["id"] for row in node.api.get("/v1/nodes").body["nodes"]}

    def wait_complete(self):
        """Every node sees exactly those that there are."""
        ids = {node_id(node) for node in self.nodes}
        for node in self.nodes:
            until(lambda node=node: self.seen_by(node) == ids, f"{node_id(node)} sees all {len(ids)} nodes")

    def wait_connected(self, connected=1):
        for node in self.nodes:
            node.wait_metric("dunlin_cluster_connected", connected)

    def wait_reaches(self, channel, count):
        """Every node knows where the channel is wanted: a publish on it reaches `count`. Returns how many it took."""
        tries = []

        def reached(node):
            tries.append(1)
            return node.api.publish(channel, "?") == {"s": count, "f": 0}

        for node in self.nodes:
            until(lambda node=node: reached(node), f"a publish at {node_id(node)} reaches {count}")
        return len(tries)

    def total(self, name, **labels):
        return sum(node.metric(name, **labels) for node in self.nodes)
