# SPDX-License-Identifier: Apache-2.0
"""NATS servers of the test's own, one or a cluster of them."""
import socket
import subprocess

from .waiting import DEADLINE, until


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class Nats:
    """nats-server processes that know each other; start() and kill() by index."""

    def __init__(self, folder, count=1, options=()):
        self.folder = folder
        self.options = list(options)
        self.ports = free_ports(count)
        self.routes = free_ports(count)
        self.processes = [None] * count
        for index in range(count):
            self.start(index)

    @property
    def urls(self):
        return [f"nats://127.0.0.1:{port}" for port in self.ports]

    def start(self, index=0):
        arguments = ["nats-server", "-a", "127.0.0.1", "-p", str(self.ports[index]), "-l", str(self.folder / f"nats-{index}.log"),
                     *self.options]
        if len(self.ports) > 1:
            arguments += ["--cluster_name", "test", "--cluster", f"nats://127.0.0.1:{self.routes[index]}", "--routes",
                          ",".join(f"nats://127.0.0.1:{port}" for port in self.routes)]
        self.processes[index] = subprocess.Popen(arguments)
        until(lambda: self._answers(index), "nats-server answers")

    def _answers(self, index):
        assert self.processes[index].poll() is None, (self.folder / f"nats-{index}.log").read_text()
        try:
            with socket.create_connection(("127.0.0.1", self.ports[index]), timeout=1) as stream:
                return stream.recv(4) == b"INFO"
        except OSError:
            return False

    def kill(self, index=0):
        self.processes[index].kill()
        self.processes[index].wait(DEADLINE)

    def signal(self, index, number):
        self.processes[index].send_signal(number)

    def terminate(self, index=0):
        """It may write down what it has to."""
        self.processes[index].terminate()
        self.processes[index].wait(DEADLINE)

    def kill_all(self):
        for index in range(len(self.ports)):
            self.kill(index)

    def stop(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait(DEADLINE)
