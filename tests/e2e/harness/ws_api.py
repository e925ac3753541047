# SPDX-License-Identifier: Apache-2.0
"""The WebSocket API as a backend calls it."""
import itertools
import json

from .client import Client


class WsApi(Client):
    """One connection to /ws/v1. Answers are matched by `i`; events wait in the inbox."""

    def __init__(self, loop, port, headers=None, path="/ws/v1", **options):
        self._numbers = itertools.count(1)
        super().__init__(loop, f"ws://127.0.0.1:{port}{path}", extra_headers=headers or {}, **options)

    def ask(self, method, params=None, **more):
        """The whole answer to a request, without its `i`."""
        number = f"n-{next(self._numbers)}"
        self.send({"m": method, "i": number} | ({} if params is None else {"p": params}) | more)
        return self.answer_to(number)

    def answer_to(self, number):
        others = []
        while True:
            message = self.recv()
            answer = json.loads(message)
            if "e" not in answer and answer.get("i") == number:
                self._put_back = others + self._put_back
                del answer["i"]
                return answer
            others.append(message)

    def result(self, method, params=None):
        """`r` of a request that must succeed."""
        answer = self.ask(method, params)
        assert answer["E"] is None, answer
        return answer["r"]

    def error(self, method, params=None):
        """`E.c` of a request that must fail with a reason."""
        answer = self.ask(method, params)
        assert answer.keys() == {"E"} and answer["E"]["m"], answer
        return answer["E"]["c"]

    def event(self):
        """`p` of the next event."""
        event = json.loads(self.recv())
        assert event["e"] == "queue.pop" and event["i"] is None, event
        return event["p"]

    def acknowledge_each(self, count):
        """One event after the other, until so many different messages have been acknowledged in time."""
        done = set()
        while len(done) < count:
            event = self.event()
            if self.ask("queue.ack", {"id": event["id"]})["E"] is None:
                done.add(event["d"])

    def is_alive(self):
        self.send("ping")
        others = []
        while (message := self.recv()) != "pong":
            others.append(message)
        self._put_back = others + self._put_back
        return True

    def nothing_waits(self):
        self.is_alive()
        return not self._put_back
