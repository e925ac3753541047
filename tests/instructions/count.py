# SPDX-License-Identifier: Apache-2.0
"""How many instructions the server's hot paths take, counted by callgrind, against those that are recorded.

    count.py            fails when a path takes over 10 % more than baseline.json says
    count.py --record   writes baseline.json: after a change that is worth its price, or that saves some

Instructions of the server's own process alone, libraries included, the kernel not. One request after another over real
sockets, so that each turn of the loop brings one: what a figure means stays the same on any machine. A log of what was
found is printed in any case; libraries that choose their code by the processor move the figures by a few percent.
"""
import base64
import hashlib
import hmac
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "e2e"))

from harness.waiting import until  # noqa: E402 (it is found there)

BASELINE = HERE / "baseline.json"
SOURCE = Path(os.environ.get("DUNLIN_SOURCE", HERE.parents[1]))
BIN = os.environ.get("DUNLIN_BIN", str(SOURCE / "build/bin/dunlin"))
PLUGINS = os.environ.get("DUNLIN_PLUGINS", str(Path(BIN).resolve().parent.parent / "plugins"))
SECRET = "an-example-secret-of-32-characters"
ALLOWED = 1.10
DEADLINE = 60
ECHO = "function on_message(msg) mix.websocket():send(msg.data) end"
MESSAGE = "x" * 100


def token(uid):
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
    text = part({"alg": "HS256", "typ": "JWT"}) + b"." + part({"sub": uid, "exp": 4102444800})
    signature = hmac.new(SECRET.encode(), text, hashlib.sha256).digest()
    return (text + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


class Stream:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def headers(self):
        """Of an answer; the length of its body."""
        length = 0
        while (line := self.file.readline().strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return length


class WebSocket(Stream):
    def __init__(self, port, path):
        super().__init__(port)
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        self.headers()

    def say(self, text):
        data = text.encode()
        length = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0xFE]) + struct.pack(">H", len(data))
        self.socket.sendall(b"\x81" + length + b"\0\0\0\0" + data)

    def hear(self):
        opcode, length = self.file.read(2)
        if length == 126:
            (length,) = struct.unpack(">H", self.file.read(2))
        data = self.file.read(length).decode()
        return data if opcode == 0x81 else self.hear()

    def ask(self, text):
        self.say(text)
        return self.hear()

    def login(self, uid):
        assert self.ask(json.dumps({"op": "auth", "token": token(uid)})) == '{"result":true}'
        return self

    def subscribe(self):
        assert self.ask('{"op":"subscribe","channel":"@user"}') == '{"result":true}'
        return self


class Api(Stream):
    def publish(self, channel):
        body = json.dumps({"c": channel, "d": MESSAGE})
        self.socket.sendall(f"POST /v1/mesh/publish HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                            f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        answer = json.loads(self.file.read(self.headers()))
        assert answer["E"] is None, answer
        return answer["r"]["s"]


class Server:
    def __init__(self, folder):
        self.folder = Path(folder)
        (self.folder / "echo.lua").write_text(ECHO)
        endpoint = lambda path, **more: {"path": path, "limits": {"idle": "10m", "handshake": "60s"}} | more
        config = {
            "node": {"workers": 1}, "plugins": {"directory": PLUGINS},
            "listeners": [{"bind": "127.0.0.1:0", "endpoints": [
                endpoint("/center", auth=["jwt-auth"], router="lua"),
                endpoint("/echo", router={"module": "lua", "entry": "echo.lua"})]}],
            "modules": {"lua": {"entry": str(SOURCE / "lua/message-center.lua")},
                        "jwt-auth": {"algorithms": ["HS256"], "secret": SECRET}},
            "api": {"bind": "127.0.0.1:0"}, "directory": {"bind": "127.0.0.1:0"}, "log": {"format": "json"}}
        (self.folder / "dunlin.yaml").write_text(json.dumps(config))
        self.log = self.folder / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["valgrind", "--tool=callgrind", f"--callgrind-out-file={self.folder}/out", "--vgdb-prefix=" + str(self.folder / "vgdb"),
                 BIN, "serve", "--config", "dunlin.yaml"], cwd=folder, stdout=log, stderr=log)
        until(lambda: self.process.poll() is not None or '"msg":"ready"' in self.log.read_text(), "the server is ready", DEADLINE)
        assert self.process.poll() is None, self.log.read_text()
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        ports = {line["what"]: int(line["address"].rpartition(":")[2]) for line in lines if line["msg"] == "listening"}
        self.port, self.api = ports["client"], ports["api"]
        self.dumps = 0

    def control(self, command):
        subprocess.run(["vgdb", "--vgdb-prefix=" + str(self.folder / "vgdb"), f"--pid={self.process.pid}", command], check=True,
                       capture_output=True, timeout=DEADLINE)

    def count(self, name, operations, run, each=1):
        """The instructions that one of `operations` takes, after a few to warm up; `each`: it counts as so many."""
        for _ in range(20):
            run()
        self.control("zero")
        for _ in range(operations):
            run()
        self.control("dump " + name)
        self.dumps += 1
        (total,) = re.findall(r"^(?:summary|totals): (\d+)", (self.folder / f"out.{self.dumps}").read_text(), re.M)[:1]
        return round(int(total) / operations / each)

    def stop(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def count_all(server):
    api = Api(server.api)
    alone = WebSocket(server.port, "/center").login(1).subscribe()

    def publish(channel, subscribers):
        assert api.publish(channel) == len(subscribers)
        for subscriber in subscribers:
            assert subscriber.hear() == MESSAGE

    yield "publish", server.count("publish", 300, lambda: publish("user:1", [alone]))
    socket = WebSocket(server.api, "/ws/v1")
    request = json.dumps({"m": "mesh.publish", "p": {"c": "user:1", "d": MESSAGE}, "i": 1})

    def publish_by_socket():
        assert socket.ask(request) == '{"E":null,"r":{"s":1,"f":0},"i":1}' and alone.hear() == MESSAGE

    yield "publish-ws", server.count("publish-ws", 300, publish_by_socket)
    crowd = [WebSocket(server.port, "/center").login(2).subscribe() for _ in range(100)]
    yield "deliver", server.count("deliver", 30, lambda: publish("user:2", crowd), each=len(crowd))
    echo = WebSocket(server.port, "/echo")
    yield "echo", server.count("echo", 300, lambda: echo.ask(MESSAGE))
    yield "auth", server.count("auth", 200, lambda: alone.login(1))


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        try:
            found = dict(count_all(server))
        finally:
            server.stop()
    if "--record" in sys.argv:
        BASELINE.write_text(json.dumps(found, indent=1) + "\n")
    recorded = json.loads(BASELINE.read_text())
    worse = []
    for name, count in found.items():
        if name not in recorded:
            print(f"{name:10} {count:9} instructions, not recorded yet")
            worse.append(name)
            continue
        change = count / recorded[name]
        print(f"{name:10} {count:9} instructions, {recorded[name]:9} recorded, {(change - 1) * 100:+6.1f} %")
        if change > ALLOWED:
            worse.append(name)
    if worse:
        print(f"over {(ALLOWED - 1) * 100:.0f} % more, or not recorded: {', '.join(worse)}. Find out why, or record it: count.py --record")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
