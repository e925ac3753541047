#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The smallest backend for http-auth: POST /websocket_auth {"token": "user-1001"} is answered by {"uid": 1001}.

A token "user-" and digits is the user of that number; any other is refused with 401. Python's standard library only.
"""
import argparse
import json
import re
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = re.compile(r"user-([1-9][0-9]{0,18})")
MAX_BODY = 64 * 1024


class Backend(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keep-alive: Dunlin keeps its connections and asks again over them
    timeout = 60  # an idle or dawdling connection is let go
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.read_body()
        if body is None:
            return
        if self.path != "/websocket_auth":
            return self.answer(404, {"error": "there is only /websocket_auth"})
        try:
            token = json.loads(body)["token"]
        except (ValueError, KeyError, TypeError):
            return self.answer(400, {"error": 'write {"token": "..."}'})
        # Here a real backend looks into its sessions.
        found = TOKEN.fullmatch(token) if isinstance(token, str) else None
        if found is None:
            return self.answer(401, {"error": "this token is nobody's"})
        return self.answer(200, {"uid": int(found[1])})

    def read_body(self):
        """The body, or None when it was refused. Read before any answer, or the connection could not be kept."""
        size = self.headers.get("Content-Length", "")
        if not size.isdecimal() or int(size) > MAX_BODY:
            self.close_connection = True
            self.answer(413 if size.isdecimal() else 411, {"error": f"send a Content-Length of at most {MAX_BODY}"})
            return None
        return self.rfile.read(int(size))

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing: one line a log-in would drown the server's own."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--bind", default="127.0.0.1:8000", metavar="HOST:PORT", help="default: %(default)s")
    host, _, port = arguments.parse_args().bind.rpartition(":")
    if not port.isdecimal():
        arguments.error("--bind: write HOST:PORT, such as 127.0.0.1:8000")
    try:
        server = Server((host, int(port)), Backend)
    except OSError as error:
        sys.exit(f"cannot listen on {host}:{port}: {error}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"backend: http://{host}:{server.server_port}/websocket_auth", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
