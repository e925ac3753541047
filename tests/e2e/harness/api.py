# SPDX-License-Identifier: Apache-2.0
"""The HTTP API as a backend calls it. Each call comes on a connection of its own, so that any worker may take it."""
import base64
import http.client
import json
from collections import namedtuple

from .metrics import Metrics
from .waiting import DEADLINE

Answer = namedtuple("Answer", "status body headers")


def basic(user, password):
    """The header of HTTP Basic."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


class Api:
    def __init__(self, port, headers=None):
        self.port = port
        self._headers = headers or {}

    def as_user(self, user, password):
        return Api(self.port, basic(user, password))

    def call(self, method, path, body=None, headers=None):
        """Any call. `body` may be bytes, a text, or what is sent as JSON; so the answer's body is what its type says."""
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request(method, path, body, self._headers | (headers or {}))
            response = connection.getresponse()
            text = response.read()
            kind = response.headers.get_content_type()
            return Answer(response.status, json.loads(text) if text and kind == "application/json" else text.decode(),
                          response.headers)
        finally:
            connection.close()

    def post(self, path, body, headers=None):
        return self.call("POST", path, body, headers)

    def get(self, path, headers=None):
        return self.call("GET", path, headers=headers)

    def publish(self, channel, data, kind=None):
        """`r` of a publish that must be answered: {"s": handed to, "f": failed}."""
        body = {"c": channel, "d": data} | ({"t": kind} if kind else {})
        return self._result("/v1/mesh/publish", body)

    def send(self, client_id, data, kind=None):
        """The whole answer of a send: {"E":null,"r":{"s":true}}, or {"E":{"c":401,…}}."""
        answer = self.post("/v1/mesh/send", {"c": client_id, "d": data} | ({"t": kind} if kind else {}))
        assert answer.status == 200, answer
        return answer.body

    def metrics(self):
        answer = self.get("/metrics")
        assert answer.status == 200, answer
        return Metrics(answer.body)

    def _result(self, path, body):
        answer = self.post(path, body)
        assert answer.status == 200 and answer.body["E"] is None, answer
        return answer.body["r"]
