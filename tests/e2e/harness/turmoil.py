# SPDX-License-Identifier: Apache-2.0
"""What storms share: threads that send to any node of a cluster without pause, and threads that keep a connection to some node,
whatever becomes of the nodes."""
import http.client
import json
import queue
import random
import threading

from .client import CLOSED


class Turmoil:
    """A storm says what one send is, `_send(node, text)`, and what one connection's life is, `_attend(which, choose)`: it may
    raise where its node was going or is not there yet, which `_refused(fault)` is told of."""

    def __init__(self, nodes, senders, attendants, seed, interval, patience):
        self.nodes, self.interval, self.patience = nodes, interval, patience
        self._calm, self._over = threading.Event(), threading.Event()
        self._senders = [threading.Thread(target=self._send_on, args=(n, random.Random(seed * 100 + n))) for n in range(senders)]
        self._attendants = [threading.Thread(target=self._attend_on, args=(n, random.Random(seed * 1000 + n))) for n in range(attendants)]

    def calm(self):
        """Nobody sends any more."""
        self._calm.set()
        self._join(self._senders)

    def end(self):
        self.calm()
        self._over.set()
        self._join(self._attendants)

    @staticmethod
    def start(threads):
        for thread in threads:
            thread.start()

    @staticmethod
    def _join(threads):
        for thread in threads:
            if thread.ident is not None:
                thread.join()

    def _send_on(self, which, choose):
        number = 0
        while not self._calm.is_set():
            self._send(choose.choice(self.nodes.awake()), f"{which}-{number}")
            number += 1
            self._calm.wait(self.interval)

    def _attend_on(self, which, choose):
        while not self._over.is_set():
            try:
                self._attend(which, choose)
            except Exception as fault:
                self._refused(fault)
                self._over.wait(0.05)

    def _post(self, node, path, body):
        """(status, what the answer says); or nothing: its node was going, and has promised nothing."""
        connection = http.client.HTTPConnection("127.0.0.1", node.api.port, timeout=self.patience)
        try:
            connection.request("POST", path, json.dumps(body))
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()

    def _has_come(self, client):
        """Waits for a message, and leaves it for the client to read; False: it is over, or the connection has ended."""
        while not client._put_back:
            if self._over.is_set():
                return False
            try:
                message = client._inbox.get(timeout=0.1)
            except queue.Empty:
                continue
            if message is CLOSED:
                return False
            client._put_back.append(message)
        return True
