"""Many destinations at once for one stream: each takes it at its own pace within a bound, and
one that fails is left behind.
"""

import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, Full, Queue

from labtool.core.errors import Temporary

# Chunks of about 1 MB that wait for a destination: what it costs in memory.
_AHEAD = 4
_LOOK = 0.5
# How long one may take nothing before the others go on without it, in seconds.
_STUCK = 180.0


class GivenUpError(Exception):
    """The stream will have no end: what was written of it is to go."""


Write = Callable[[Iterator[bytes]], None]


class Fan:
    """Hands chunks to many writers, each in a thread of its own. `errors` is what became of
    those that failed, by name."""

    def __init__(self, writers: dict[str, Write]) -> None:
        self.errors: dict[str, Exception] = {}
        self._queues: dict[str, Queue[bytes | None]] = {}
        self._given_up = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        for name, write in writers.items():
            queue: Queue[bytes | None] = Queue(_AHEAD)
            thread = threading.Thread(target=self._run, args=(name, write, queue), daemon=True)
            self._queues[name], self._threads[name] = queue, thread
            thread.start()

    @property
    def alive(self) -> list[str]:
        """Who still takes."""
        return [name for name in self._queues if name not in self.errors]

    def put(self, chunk: bytes) -> None:
        """Hand a chunk to all who still take. Raises the last error once nobody does."""
        for name in self.alive:
            self._hand(name, chunk)
        if not self.alive:
            raise next(reversed(self.errors.values()))

    def close(self) -> None:
        """Wait until all have the whole of it."""
        for name in self.alive:
            self._hand(name, None)
        for name in self.alive:
            self._threads[name].join(_STUCK * 2)
            if self._threads[name].is_alive():
                self.errors[name] = _stuck()

    def give_up(self) -> None:
        """There will be no end."""
        self._given_up.set()
        for thread in self._threads.values():
            thread.join(_STUCK)

    def _hand(self, name: str, chunk: bytes | None) -> None:
        end = time.monotonic() + _STUCK
        while name not in self.errors:
            try:
                self._queues[name].put(chunk, timeout=_LOOK)
            except Full:
                # The others do not wait for one that hangs.
                if time.monotonic() > end:
                    self.errors[name] = _stuck()
                continue
            return

    def _run(self, name: str, write: Write, queue: "Queue[bytes | None]") -> None:
        try:
            write(self._chunks(name, queue))
        except Exception as error:  # noqa: BLE001  (told by who began it)
            self.errors.setdefault(name, error)

    def _chunks(self, name: str, queue: "Queue[bytes | None]") -> Iterator[bytes]:
        while True:
            try:
                chunk = queue.get(timeout=_LOOK)
            except Empty:
                if self._is_over(name):
                    raise GivenUpError from None
                continue
            if self._is_over(name):
                raise GivenUpError
            if chunk is None:
                return
            yield chunk

    def _is_over(self, name: str) -> bool:
        return self._given_up.is_set() or name in self.errors


def _stuck() -> Temporary:
    what = f"took nothing for {_STUCK / 60:g} minutes"
    return Temporary(what, fix="look at its disk or network", code="stuck")
