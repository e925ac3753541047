# SPDX-License-Identifier: Apache-2.0
"""A Dunlin of the test's own: a configuration in a folder of its own, free ports, its log in a file."""
import json
import os
import signal
import subprocess
from pathlib import Path

from .api import Api, basic
from .client import Client, refused_status
from .hosts import Here
from .raw import RawWebSocket, Stream
from .tokens import SECRET, token
from .waiting import DEADLINE, until
from .ws_api import WsApi

SOURCE = Path(os.environ.get("DUNLIN_SOURCE", Path(__file__).resolve().parents[3]))
BIN = os.environ.get("DUNLIN_BIN", str(SOURCE / "build/bin/dunlin"))
PLUGINS = os.environ.get("DUNLIN_PLUGINS", str(Path(BIN).resolve().parent.parent / "plugins"))
MESSAGE_CENTER = str(SOURCE / "lua/message-center.lua")

SANITIZERS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "UndefinedBehaviorSanitizer", "runtime error:")


def watches_threads():
    """Is this a build with ThreadSanitizer?"""
    return b"__tsan_init" in Path(BIN).read_bytes()


def run_cli(*arguments, timeout=3 * DEADLINE, **options):
    """Runs the program to its end."""
    return subprocess.run([BIN, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, **options)


def configuration(*, workers=2, auth=("jwt-auth",), router=None, script=None, endpoint=None, endpoints=(), limits=None,
                  modules=None, tls=None, api=None, top=None, socket=None):
    """The configuration as a dict. `script` is the text of a router in Lua, written beside the file; `endpoint` has more
    keys of /message-center, `endpoints` are further ones, `top` are top-level keys; `socket` is the script of a raw TCP
    listener, or a dict with it as `script` and with more keys of the listener."""
    if router is None:
        router = {"module": "lua", "entry": "router.lua"} if script else "lua"
    first = {"path": "/message-center", "auth": list(auth), "router": router, "limits": limits or {}} | (endpoint or {})
    listener = {"bind": "127.0.0.1:0", "endpoints": [first, *endpoints]}
    if tls:
        listener["tls"] = dict(zip(("certificate", "key", "client_ca"), map(str, tls)))
    listeners = [listener]
    if socket:
        raw = {"bind": "127.0.0.1:0", "protocol": "socket", "router": {"module": "lua", "entry": "socket.lua", "reload": "100ms"}}
        listeners.append(raw | ({} if isinstance(socket, str) else {k: v for k, v in socket.items() if k != "script"}))
    return {
        "node": {"workers": workers},
        "plugins": {"directory": PLUGINS},
        "listeners": listeners,
        "modules": {"lua": {"entry": MESSAGE_CENTER}, "jwt-auth": {"algorithms": ["HS256"], "secret": SECRET}} | (modules or {}),
        "api": {"bind": "127.0.0.1:0"} | (api or {}),
        "directory": {"bind": "127.0.0.1:0"},
        "log": {"format": "json"},
        "mesh": {"deadline": "5s"},  # a worker that a sanitizer slows down still reports
        "shutdown": "1s",
    } | (top or {})


class Dunlin:
    def __init__(self, folder, loop, text=None, host=Here, **options):
        """`text`: the YAML file as it stands, instead of configuration(**options); `host`: where it runs (hosts.py)."""
        self.folder = folder
        self.config_file = folder / "dunlin.yaml"
        self._loop = loop
        self._log_file = folder / "dunlin.log"
        self._clients = []
        self.killed = False  # with kill -9, by the test
        if options.get("script"):
            (folder / "router.lua").write_text(options["script"])
        if socket := options.get("socket"):
            (folder / "socket.lua").write_text(socket if isinstance(socket, str) else socket["script"])
        self._scheme = "wss" if options.get("tls") else "ws"
        # JSON is YAML.
        self.config_file.write_text(text or json.dumps(configuration(**options), indent=1))
        with open(self._log_file, "wb") as log:
            self.process = subprocess.Popen([*host.enter, BIN, "serve", "--config", self.config_file], stderr=log, stdout=log, cwd=folder)
        try:
            until(lambda: self.process.poll() is not None or self.logged("ready"), "the server is ready")
            assert self.process.poll() is None, f"exit code {self.process.returncode}:\n{self.log_text()}"
        except BaseException:
            self.process.kill()
            raise
        def listens(what):
            ports = [port_of(line) for line in self.logged("listening", what=what)]
            return ports if host is Here else [host.door(loop, port) for port in ports]

        self.ports = listens("client")
        self.api = Api(listens("api")[0])
        self.directory = Api(listens("directory")[0])

    # Clients

    @property
    def port(self):
        return self.ports[0]

    def url(self, path="/message-center"):
        return f"{self._scheme}://127.0.0.1:{self.port}{path}"

    def connect(self, path="/message-center", **options):
        """A client that has not logged in."""
        return self._keep(Client(self._loop, self.url(path), **options))

    def login(self, uid=1001, **options):
        """A client that has."""
        return self.connect(**options).auth(self.token(uid))

    def refused(self, path="/message-center", **options):
        """The HTTP status with which a handshake is refused."""
        return refused_status(self._loop, self.url(path), **options)

    def backend(self, user=None, password=None, **options):
        """A connection to the WebSocket API."""
        return self._keep(WsApi(self._loop, self.api.port, basic(user, password) if user else None, **options))

    def raw_backend(self, **options):
        """The same, its every frame the test's own."""
        return self._keep(RawWebSocket(self.api.port, "/ws/v1", **options))

    def raw(self, **options):
        """A WebSocket connection whose every frame the test decides."""
        return self._keep(RawWebSocket(self.port, **options))

    def stream(self, port=None, **options):
        """Bytes on the client port, or on another."""
        return self._keep(Stream(port or self.port, **options))

    def tcp(self, **options):
        """Bytes on the raw TCP listener."""
        return self.stream(self.ports[1], **options)

    def _keep(self, client):
        self._clients.append(client)
        return client

    @staticmethod
    def token(uid=1001, **options):
        return token(uid, **options)

    # What it says of itself

    def metric(self, name, **labels):
        return self.api.metrics().value(name, **labels)

    def wait_metric(self, name, value, **labels):
        last = []

        def reached():
            last[:] = [self.metric(name, **labels)]
            return last[0] == value

        try:
            until(reached, f"{name}{labels or ''} is {value}")
        except AssertionError as late:
            raise AssertionError(f"{late}; it is {last[0]:g}") from None

    def log_text(self):
        return self._log_file.read_text(errors="replace")

    @property
    def log(self):
        """Its whole lines, as dicts. What is no JSON (a sanitizer's report) is left out; stop() looks for that."""
        lines = []
        for line in self.log_text().split("\n")[:-1]:
            try:
                lines.append(json.loads(line))
            except ValueError:
                continue
        return lines

    def logged(self, msg, **fields):
        """The lines of this event with these fields."""
        return [line for line in self.log if line["msg"] == msg and fields.items() <= line.items()]

    def wait_logged(self, msg, timeout=DEADLINE, **fields):
        return until(lambda: self.logged(msg, **fields), f"a log line \"{msg}\" {fields or ''}", timeout)

    # Its end

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait_exit(self):
        return self.process.wait(DEADLINE)

    def stop(self):
        """Drains it, and looks at what it leaves behind."""
        for client in self._clients if not self.killed else ():
            client.close()
        self._clients.clear()
        if self.process.poll() is None:
            self.terminate()
        try:
            code = self.wait_exit()
        finally:
            self.process.kill()
        text = self.log_text()
        assert not [word for word in SANITIZERS if word in text], text
        assert code == (-9 if self.killed else 0), f"exit code {code}:\n{text}"


def port_of(line):
    return int(line["address"].rpartition(":")[2])
