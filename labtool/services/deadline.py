"""A limit on the whole of a dialogue, where a socket's own timeout limits one step of it.

A peer that sends a byte every few seconds never meets a socket's timeout. When the
deadline passes, the socket is shut down, and whatever waits on it fails at once.
"""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self


class Deadline:
    """`with Deadline(20) as deadline:` ends every dialogue that it watches after 20 s."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.expired = False
        self._end = time.monotonic() + seconds
        self._watched: list[Callable[[], socket.socket | None]] = []
        self._guard = threading.Lock()
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()

    @property
    def left(self) -> float:
        """Seconds until the end; never quite 0, as sockets take that for no blocking."""
        return max(0.001, self._end - time.monotonic())

    def watch(self, current: Callable[[], socket.socket | None]) -> None:
        """Cut what `current` gives at the end; it is asked late, as TLS replaces sockets."""
        with self._guard:
            self._watched.append(current)
            late = self.expired
        if late:
            _cut(current())

    def _expire(self) -> None:
        with self._guard:
            self.expired = True
            watched = list(self._watched)
        for current in watched:
            _cut(current())


def _cut(sock: socket.socket | None) -> None:
    if sock is not None:
        # The base class's method: that of a TLS socket would take its TLS away as well, and
        # what still waits on it would go on in the clear.
        with suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)
