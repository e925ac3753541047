# SPDX-License-Identifier: Apache-2.0
"""An HTTP server in the test: the backend that http-auth asks, or the place where a JWKS is."""
import json
import threading
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .waiting import DEADLINE, until

Request = namedtuple("Request", "method path headers body port")  # port: of the connection it came by


class Backend:
    """`answer(request)` gives (status, body); the body may be bytes, or what is sent as JSON."""

    def __init__(self, answer):
        self.requests = []
        self.answer = answer
        self.held = threading.Event()  # see hold()
        self.held.set()
        backend = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = DEADLINE

            def do_GET(self):
                self.do_POST()

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked = Request(self.command, self.path, self.headers, body, self.client_address[1])
                backend.requests.append(asked)
                status, answer = backend.answer(asked)
                backend.held.wait(DEADLINE)
                if not isinstance(answer, bytes):
                    answer = json.dumps(answer).encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except ConnectionError:
                    self.close_connection = True  # Dunlin did not wait for it

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def hold(self):
        """Lets requests in and no answer out, until release()."""
        self.held.clear()

    def release(self):
        self.held.set()

    def wait_requests(self, count):
        until(lambda: len(self.requests) >= count, f"{count} requests at the backend")
        return self.requests

    def stop(self):
        self.release()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join(DEADLINE)
            self._server = None
