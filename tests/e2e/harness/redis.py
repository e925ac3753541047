# SPDX-License-Identifier: Apache-2.0
"""A Redis server of the test's own."""
import signal
import socket
import subprocess

from .ports import free_port
from .waiting import DEADLINE, until


class Redis:
    def __init__(self, folder, *options):
        self.port = free_port()
        self._command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                         "--dir", str(folder), "--enable-debug-command", "yes", *options]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        until(self.answers, "redis-server answers")

    def answers(self):
        try:
            return self.raw(b"PING\r\n")[:1] in (b"+", b"-")
        except OSError:
            return False

    def raw(self, line):
        """The beginning of the answer to an inline command."""
        with socket.create_connection(("127.0.0.1", self.port), DEADLINE) as connection:
            connection.sendall(line)
            return connection.recv(4096)

    def url(self, login="", database=0):
        return f"redis://{login}127.0.0.1:{self.port}/{database}"

    def suspend(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait(DEADLINE)
