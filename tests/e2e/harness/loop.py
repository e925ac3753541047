# SPDX-License-Identifier: Apache-2.0
"""An asyncio loop in a thread of its own: tests are synchronous, the websockets library is not."""
import asyncio
import threading

from .waiting import DEADLINE


class LoopThread:
    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine, timeout=DEADLINE):
        """What the coroutine returns or raises."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout)

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(DEADLINE)
        self.loop.close()
