# SPDX-License-Identifier: Apache-2.0
"""Hosts of the test's own: network namespaces on a switch that is a thread here, and moves, delays, loses and holds back
Ethernet frames as it is told: what is real is all but the cable. (It needs no netem, which many kernels lack; and what is
lost is the same in every run.) They need root, unshare, nsenter, ip and /dev/net/tun: missing() says what is not there.

A namespace has no name: it is gone when the process that holds it and those that run in it are, and the holder ends with
the test's process, whatever becomes of that. Nothing outside changes, so that tests may run beside each other."""
import contextlib
import ctypes
import fcntl
import functools
import heapq
import os
import random
import selectors
import shutil
import socket
import struct
import subprocess
import threading
import time

from .proxy import Proxy
from .waiting import DEADLINE

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
LINK = "link0"


class Here:
    """No host of its own: the one that the test runs on."""
    address = "127.0.0.1"
    enter = ()

    @staticmethod
    def connect(address, port, timeout=DEADLINE):
        return socket.create_connection((address, port), timeout)


class Host:
    """Processes are started on it with `enter` before their command."""

    def __init__(self, number):
        self._holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo in; exec cat"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if self._holder.stdout.readline() != b"in\n":
            raise OSError(self._holder.communicate()[1].decode())
        self._path = f"/proc/{self._holder.pid}/ns/net"
        self._doors = []
        self.enter = ("nsenter", f"--net={self._path}", "--")
        self.address = f"10.0.0.{number}"
        self.mac = bytes((2, 0, 0, 0, 0, number))
        self.frozen, self.delay, self.loss = False, 0.0, 0.0
        self.plug = self.call(self._make_link)
        self._ip("address", "add", f"{self.address}/24", "dev", LINK)
        self._ip("link", "set", "dev", LINK, "address", self.mac.hex(":"))
        for device in ("lo", LINK):
            self._ip("link", "set", "dev", device, "up")
        with contextlib.suppress(OSError):  # not everywhere may this be set
            self.call(self._give_up_early)

    @staticmethod
    def _make_link():
        plug = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(plug, TUNSETIFF, struct.pack("16sH22x", LINK.encode(), IFF_TAP | IFF_NO_PI))
        return plug

    @staticmethod
    def _give_up_early():
        """As docs/cluster.md advises for hosts of NATS servers."""
        with open("/proc/sys/net/ipv4/tcp_retries2", "w") as file:
            file.write("5")

    def _ip(self, *words):
        done = subprocess.run([*self.enter, "ip", *words], capture_output=True, text=True)
        if done.returncode != 0:
            raise OSError(f"ip {' '.join(words)}: {done.stderr}")

    def call(self, function):
        """In there: what it opens stays where it was opened."""
        given = []

        def enter():
            try:
                with open(self._path) as file:
                    if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), "setns")
                given.append((function(), None))
            except Exception as fault:
                given.append((None, fault))

        thread = threading.Thread(target=enter)  # which ends there, and takes nobody along
        thread.start()
        thread.join()
        value, fault = given[0]
        if fault:
            raise fault
        return value

    def connect(self, address, port, timeout=DEADLINE):
        """A socket of a client that runs there."""
        return self.call(lambda: socket.create_connection((address, port), timeout))

    def door(self, loop, port):
        """A port here that leads to one of 127.0.0.1 there, whatever the link does."""
        self._doors.append(Proxy(loop, port, lambda: self.connect("127.0.0.1", port)))
        return self._doors[-1].port

    def freeze(self):
        """Nothing passes its link any more in either direction, and nobody is told."""
        self.frozen = True

    def slow(self, seconds, loss=0.0):
        """Each way takes so long from here on, and this part of all frames is lost."""
        self.delay, self.loss = seconds, loss

    def heal(self):
        self.frozen, self.delay, self.loss = False, 0.0, 0.0

    def close(self):
        for door in self._doors:
            door.close()
        os.close(self.plug)
        self._holder.communicate()


class Network:
    """The hosts, and the switch between them."""

    def __init__(self):
        self._hosts = {}
        self._chance = random.Random(1)
        self._late, self._count = [], 0  # frames under way, by when they are due
        self._plugs = selectors.DefaultSelector()
        self._over = False
        self._switch = threading.Thread(target=self._run)
        self._switch.start()

    def host(self):
        host = Host(len(self._hosts) + 1)
        self._hosts[host.mac] = host
        self._plugs.register(host.plug, selectors.EVENT_READ, host)
        return host

    def _run(self):
        while not self._over:
            wait = 0.05 if not self._late else min(0.05, max(0.0, self._late[0][0] - time.monotonic()))
            for key, _ in self._plugs.select(wait):
                self._take(key.data)
            while self._late and self._late[0][0] <= time.monotonic():
                _, _, source, target, frame = heapq.heappop(self._late)
                self._hand_over(source, target, frame)

    def _take(self, source):
        while True:
            try:
                frame = os.read(source.plug, 65536)
            except BlockingIOError:
                return
            target = self._hosts.get(frame[:6])
            for one in [target] if target else [host for host in list(self._hosts.values()) if host is not source]:
                self._send(source, one, frame)

    def _send(self, source, target, frame):
        if self._chance.random() < source.loss or self._chance.random() < target.loss:
            return
        delay = source.delay + target.delay
        if delay == 0:
            return self._hand_over(source, target, frame)
        self._count += 1
        heapq.heappush(self._late, (time.monotonic() + delay, self._count, source, target, frame))

    @staticmethod
    def _hand_over(source, target, frame):
        if source.frozen or target.frozen:
            return
        try:
            os.write(target.plug, frame)
        except OSError:
            pass  # its queue is full, as that of any interface may be

    def close(self):
        self._over = True
        self._switch.join()
        for one in self._hosts.values():
            one.close()


@functools.cache
def missing():
    """What this machine lacks, or None."""
    for tool in ("unshare", "nsenter", "ip"):
        if not shutil.which(tool):
            return tool
    if os.geteuid() != 0:
        return "root"
    network = Network()
    try:
        network.host()
    except OSError as fault:
        return str(fault)
    finally:
        network.close()
    return None
