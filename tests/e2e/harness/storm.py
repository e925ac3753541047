# SPDX-License-Identifier: Apache-2.0
"""Publishers at every node of a cluster, subscribers that come back when they lose theirs, and an account of each message.

What the account knows: when a publish was asked for and answered, and between which moments a subscriber was surely
there: from the answer to its subscription to the moment before its node was told to go, or its connection ended."""
import random
import time

from .turmoil import Turmoil
from .waiting import DEADLINE, until

CHANNEL = "user:1"
PATIENCE = 3.0  # with the answer to a publish: a node that is stopped gives none


class Session:
    def __init__(self, node, client):
        self.node, self.client = node, client
        self.since, self.until, self.got = None, float("inf"), []

    def sure_until(self):
        return min(self.until, getattr(self.node, "leaving_at", float("inf")))


class Published:
    def __init__(self, begun):
        self.begun, self.ended, self.answer = begun, None, None


class Storm(Turmoil):
    def __init__(self, nodes, subscribers=3, publishers=3, seed=1, interval=0.004):
        super().__init__(nodes, publishers, subscribers, seed, interval, PATIENCE)
        self.sessions, self.published, self.faults, self.refusals = [], {}, [], []

    def __enter__(self):
        self.start(self._attendants)
        try:
            until(lambda: len(self.open_sessions()) == len(self._attendants), "everybody has subscribed", timeout=2 * DEADLINE)
        except BaseException:
            self.end()
            print("refused:", self.refusals)
            raise
        self.start(self._senders)
        return self

    def __exit__(self, kind, *_):
        try:
            self.calm()
            if kind is None:
                self._wait_for_the_last()
        finally:
            self.end()

    def wait_published(self, more):
        """Until so many more have been answered."""
        wanted = self.answered() + more
        until(lambda: self.answered() >= wanted, f"{more} more publishes are answered")

    def answered(self):
        return sum(one.answer is not None for one in list(self.published.values()))

    def open_sessions(self):
        return [s for s in list(self.sessions) if s.since is not None and s.until == float("inf")]

    def _wait_for_the_last(self):
        """Everybody is back and has what was published then: the nodes know each other again."""
        until(lambda: len(self.open_sessions()) == len(self._attendants), "everybody is back")

        def reaches_all():
            number = len(self.published)
            self._send(random.choice(self.nodes.awake()), number)
            answer = self.published[number].answer
            everybody = self.open_sessions()
            return (answer == {"s": len(everybody), "f": 0} and
                    all(until(lambda s=s: number in s.got, "the last has come") for s in everybody))

        until(reaches_all, "a publish reaches everybody", timeout=2 * DEADLINE)

    # What the threads do

    def _send(self, node, number):
        one = self.published[number] = Published(time.monotonic())
        answer = self._post(node, "/v1/mesh/publish", {"c": CHANNEL, "d": str(number)})
        if answer is None:
            return
        status, body = answer
        if status == 200:
            one.answer = body["r"]
        one.ended = time.monotonic()

    def _attend(self, which, choose):
        nodes = self.nodes.awake()
        node = nodes[which % len(nodes)] if not self.sessions else choose.choice(nodes)
        session = Session(node, node.login(uid=1))
        try:
            session.client.subscribe("@user")
            session.since = time.monotonic()
        except Exception as fault:
            self._refused(fault)
            session.until = 0
        self.sessions.append(session)
        while self._has_come(session.client):
            session.got.append(numbered(session.client.recv()))
        session.until = min(session.until, time.monotonic())

    def _refused(self, fault):
        self.refusals.append(repr(fault))

    # The account

    def account(self):
        """What went wrong: messages that came twice, and how many nodes' subscribers miss one that no answer spoke of: of the
        nodes that were killed and of the others."""
        twice, missing_at = [], {True: 0, False: 0}
        for session in self.sessions:
            if len(set(session.got)) != len(session.got):
                twice.append([m for m in set(session.got) if session.got.count(m) > 1])
        got = [(session, set(session.got)) for session in self.sessions if session.since is not None]
        self.unexplained = []
        for number, one in self.published.items():
            if one.answer is None or one.answer.get("partial"):
                continue
            missing = [s for s, messages in got
                       if s.since < one.begun and one.ended < s.sure_until() and number not in messages]
            if missing and one.answer["f"] == 0:
                for node in {s.node for s in missing}:
                    missing_at[node.killed] += 1
                self.unexplained.append((number, one.begun, one.answer, [s.node.folder.name for s in missing]))
            reached = sum(number in messages for _, messages in got)
            if reached < one.answer["s"] and not any(hasattr(s.node, "leaving_at") for s, _ in got):
                self.faults.append((number, one.answer, reached))
        return {"twice": twice, "missing": missing_at[False], "missing_at_killed": missing_at[True]}


def numbered(message):
    """The number of a message of the storm."""
    try:
        return int(message)
    except ValueError:
        return message
