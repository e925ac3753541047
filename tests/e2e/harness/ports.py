# SPDX-License-Identifier: Apache-2.0
"""Ports for servers that must be told theirs before they listen: below those that the system gives to whoever asks for any,
and of no other test's, as long as this one runs."""
import random
import socket

FIRST, LAST = 10_000, 32_000
_choice = random.SystemRandom()  # tests may have seeded the other
_held = []


def free_port():
    while True:
        port = _choice.randint(FIRST, LAST)
        held = socket.socket(socket.AF_UNIX)
        try:
            held.bind(f"\0dunlin-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            held.close()
            continue
        _held.append(held)
        return port


def free_ports(count):
    return [free_port() for _ in range(count)]
