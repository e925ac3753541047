# SPDX-License-Identifier: Apache-2.0
"""Pushers at every node of a cluster, consumers that come back when they lose theirs, and an account of each message."""
from collections import Counter

from .turmoil import Turmoil
from .waiting import until

PATIENCE = 40.0  # with the answer to a push, which is tried again for 30 s at most


class QueueStorm(Turmoil):
    """`pushed` has every text, `kept` those whose push was answered well, `popped` how often each was handed out, and
    `settled` those whose acknowledgement was."""

    def __init__(self, nodes, topic="t", pushers=3, consumers=3, ack=True, seed=1, interval=0.002):
        super().__init__(nodes, pushers, consumers, seed, interval, PATIENCE)
        self.topic, self.ack = topic, ack
        self.pushed, self.kept, self.popped, self.settled, self.refusals = set(), set(), Counter(), set(), Counter()
        self.refused = Counter()  # pushes, by why
        self.again = []  # handed out once more after their acknowledgement had been confirmed

    def __enter__(self):
        self.start(self._senders + self._attendants)
        return self

    def __exit__(self, kind, *_):
        try:
            self.calm()
            if kind is None:
                until(lambda: not self.missing(), "everything that was kept has been handed out", timeout=60)
        except AssertionError as late:
            raise AssertionError(f"{late}; {len(self.missing())} of {len(self.kept)} are missing: {sorted(self.missing())[:5]}") from None
        finally:
            self.end()

    def missing(self):
        return self.kept - self.popped.keys()

    def wait_kept(self, more, timeout=60):
        wanted = len(self.kept) + more
        until(lambda: len(self.kept) >= wanted, f"{more} more pushes are answered; {len(self.kept)} are, refused: {self.refused}, {self.refusals}", timeout)

    def wait_popped(self, more, timeout=60):
        wanted = len(self.popped) + more
        until(lambda: len(self.popped) >= wanted, f"{more} more are handed out; {len(self.popped)} are", timeout)

    # What the threads do

    def _send(self, node, text):
        self.pushed.add(text)
        answer = self._post(node, "/v1/queue/push", {"t": self.topic, "d": text})
        if answer is None:
            return
        _, body = answer
        if body["E"] is None and "n" in body["r"]:
            self.kept.add(text)
        else:
            self.refused[body["E"]["m"]] += 1

    def _attend(self, which, choose):
        consumer = choose.choice(self.nodes.awake()).backend()
        consumer.result("queue.pop", {"t": [self.topic], "ack": self.ack})
        while self._has_come(consumer):
            event = consumer.event()
            if event["d"] in self.settled:
                self.again.append(event["d"])
            self.popped[event["d"]] += 1
            if self.ack and consumer.ask("queue.ack", {"id": event["id"]})["E"] is None:
                self.settled.add(event["d"])

    def _refused(self, fault):
        self.refusals[repr(fault)[:200]] += 1
