# SPDX-License-Identifier: Apache-2.0
"""Waiting for something to become true. Every wait has a deadline, none takes a fixed time."""
import threading
import time

DEADLINE = 20.0  # seconds: generous, since sanitizer builds share a busy machine
INTERVAL = 0.01


def until(condition, what, timeout=DEADLINE):
    """Asks `condition` until what it gives is true, and returns that."""
    never = threading.Event()
    end = time.monotonic() + timeout
    while True:
        given = condition()
        if given:
            return given
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout:g} s: {what}")
        never.wait(INTERVAL)


class Stopwatch:
    """How long something took: `with Stopwatch() as watch: …; assert watch.seconds < 2`."""

    def __enter__(self):
        self._begun = time.monotonic()
        return self

    def __exit__(self, *_):
        self.seconds = time.monotonic() - self._begun
