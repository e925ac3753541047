# SPDX-License-Identifier: Apache-2.0
"""Pushers at every node of a cluster, consumers that come back when they lose theirs, and an account of each message."""
import http.client
import json
import queue
import random
import threading
from collections import Counter

from .client import CLOSED
from .waiting import until

PATIENCE = 40.0  # with the answer to a push, which is tried again for 30 s at most


class QueueStorm:
    """`pushed` has every text, `kept` those whose push was answered well, `popped` how often each was handed out, and
    `settled` those whose acknowledgement was."""

    def __init__(self, nodes, topic="t", pushers=3, consumers=3, ack=True, seed=1, interval=0.002):
        self.nodes, self.topic, self.ack, self.interval = nodes, topic, ack, interval
        self.pushed, self.kept, self.popped, self.settled, self.refusals = set(), set(), Counter(), set(), Counter()
        self.refused = Counter()  # pushes, by why
        self.again = []  # handed out once more after their acknowledgement had been confirmed
        self._random = random.Random(seed)
        self._calm, self._over = threading.Event(), threading.Event()
        self._pushers = [threading.Thread(target=self._push, args=(n,)) for n in range(pushers)]
        self._consumers = [threading.Thread(target=self._consume) for _ in range(consumers)]

    def __enter__(self):
        for thread in self._pushers + self._consumers:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        try:
            self.calm()
            if kind is None:
                until(lambda: not self.missing(), "everything that was kept has been handed out", timeout=60)
        except AssertionError as late:
            raise AssertionError(f"{late}; {len(self.missing())} of {len(self.kept)} are missing: {sorted(self.missing())[:5]}") from None
        finally:
            self._calm.set()
            self._over.set()
            for thread in self._consumers:
                thread.join()

    def calm(self):
        """No more is pushed."""
        self._calm.set()
        for thread in self._pushers:
            thread.join()

    def missing(self):
        return self.kept - self.popped.keys()

    def wait_kept(self, more, timeout=60):
        wanted = len(self.kept) + more
        until(lambda: len(self.kept) >= wanted, f"{more} more pushes are answered; {len(self.kept)} are, refused: {self.refused}, {self.refusals}", timeout)

    def wait_popped(self, more, timeout=60):
        wanted = len(self.popped) + more
        until(lambda: len(self.popped) >= wanted, f"{more} more are handed out; {len(self.popped)} are", timeout)

    # What the threads do

    def _push(self, which):
        number = 0
        while not self._calm.is_set():
            self._ask(self._random.choice(self.nodes.awake()), f"{which}-{number}")
            number += 1
            self._calm.wait(self.interval)

    def _ask(self, node, text):
        self.pushed.add(text)
        connection = http.client.HTTPConnection("127.0.0.1", node.api.port, timeout=PATIENCE)
        try:
            connection.request("POST", "/v1/queue/push", json.dumps({"t": self.topic, "d": text}))
            body = json.loads(connection.getresponse().read())
            if body["E"] is None and "n" in body["r"]:
                self.kept.add(text)
            else:
                self.refused[body["E"]["m"]] += 1
        except (OSError, http.client.HTTPException, ValueError):
            pass  # its node was going: nobody has promised anything
        finally:
            connection.close()

    def _consume(self):
        while not self._over.is_set():
            try:
                consumer = self._random.choice(self.nodes.awake()).backend()
                consumer.result("queue.pop", {"t": [self.topic], "ack": self.ack})
                self._take(consumer)
            except Exception as fault:  # its node was going, or is not there yet
                self.refusals[repr(fault)[:200]] += 1
                self._over.wait(0.05)

    def _take(self, consumer):
        while not self._over.is_set():
            if not consumer._put_back:
                try:
                    message = consumer._inbox.get(timeout=0.1)
                except queue.Empty:
                    continue
                if message is CLOSED:
                    return
                consumer._put_back.append(message)
            event = consumer.event()
            if event["d"] in self.settled:
                self.again.append(event["d"])
            self.popped[event["d"]] += 1
            if self.ack and consumer.ask("queue.ack", {"id": event["id"]})["E"] is None:
                self.settled.add(event["d"])
