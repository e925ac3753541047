# SPDX-License-Identifier: Apache-2.0
"""NATS servers of the test's own, one or a cluster of them."""
import json
import subprocess
import urllib.request

from .hosts import Here
from .ports import free_ports
from .waiting import DEADLINE, until


class Nats:
    """nats-server processes that know each other; start() and kill() by index."""

    def __init__(self, folder, count=1, options=(), jetstream=False, hosts=None):
        """`jetstream`: each has a store that outlives it; `hosts`: where they run (hosts.py), one each."""
        self.folder = folder
        self.options = list(options)
        self.hosts = hosts or [Here] * count
        self.monitors = free_ports(count) if jetstream else None
        self.ports = free_ports(count)
        self.routes = free_ports(count)
        self.processes = [None] * count
        for index in range(count):
            self.start(index)

    @property
    def urls(self):
        return [f"nats://{host.address}:{port}" for host, port in zip(self.hosts, self.ports)]

    def start(self, index=0):
        host = self.hosts[index]
        arguments = [*host.enter, "nats-server", "-a", host.address, "-p", str(self.ports[index]), "-l",
                     str(self.folder / f"nats-{index}.log"), "-n", f"nats-{index}", *self.options]
        if self.monitors:
            arguments += ["-js", "-sd", str(self.folder / f"store-{index}"), "-m", str(self.monitors[index])]
        if len(self.ports) > 1:
            routes = [f"nats://{one.address}:{port}" for one, port in zip(self.hosts, self.routes)]
            arguments += ["--cluster_name", "test", "--cluster", routes[index], "--routes", ",".join(routes)]
        self.processes[index] = subprocess.Popen(arguments)
        until(lambda: self._answers(index), "nats-server answers")

    def _answers(self, index):
        assert self.processes[index].poll() is None, (self.folder / f"nats-{index}.log").read_text()
        try:
            with self.hosts[index].connect(self.hosts[index].address, self.ports[index], timeout=1) as stream:
                return stream.recv(4) == b"INFO"
        except OSError:
            return False

    def _details_of(self, stream, more=""):
        """What each server that runs says of it."""
        for index, process in enumerate(self.processes):
            if process.poll() is not None:
                continue
            with urllib.request.urlopen(f"http://127.0.0.1:{self.monitors[index]}/jsz?acc=$G&streams=true{more}", timeout=DEADLINE) as answer:
                accounts = json.load(answer).get("account_details") or []
            yield from (one for account in accounts for one in account.get("stream_detail", []) if one["name"] == stream)

    def leader_of(self, stream):
        """The index of the server that leads it; None: nobody knows one."""
        for detail in self._details_of(stream):
            if leader := detail["cluster"].get("leader"):
                return int(leader.rpartition("-")[2])
        return None

    def tried_again(self, stream):
        """How many messages the consumers of a stream have to hand out again."""
        return sum(consumer["num_redelivered"] for one in self._details_of(stream, "&consumers=true") for consumer in one["consumer_detail"])

    def wait_leader(self, stream):
        return until(lambda: [leader] if (leader := self.leader_of(stream)) is not None else None, f"a server leads {stream}")[0]

    def messages(self, stream, index=0):
        """Where a server keeps those of a stream."""
        return self.folder / f"store-{index}" / "jetstream" / "$G" / "streams" / stream / "msgs"

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
