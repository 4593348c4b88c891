"""The stream of changes: one watcher of the site's folder, many browsers that follow it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from weakref import WeakSet

_EVERY = 0.3
_ALIVE = 20.0


class Changes:
    """Tells those who follow when a file of the folder changed; at most `most` of them."""

    def __init__(self, folder: Path, most: int, stopping: asyncio.Event, *, but: str) -> None:
        self._folder = folder
        self._most = most
        self._stopping = stopping
        self._but = but
        # Weak: a stream that was never read, as its browser left at once, takes no place.
        self._followers: WeakSet[asyncio.Event] = WeakSet()
        self._number = 0

    def join(self) -> AsyncIterator[bytes] | None:
        """The stream for one more who follows; None when there are too many."""
        if len(self._followers) >= self._most:
            return None
        news = asyncio.Event()
        self._followers.add(news)
        return self._follow(news)

    async def watch(self) -> None:
        """Look at the folder now and again, for ever."""
        seen = await asyncio.to_thread(self._signature)
        while True:
            await asyncio.sleep(_EVERY)
            found = await asyncio.to_thread(self._signature)
            if found != seen:
                seen = found
                self._number += 1
                for follower in list(self._followers):
                    follower.set()

    async def _follow(self, news: asyncio.Event) -> AsyncIterator[bytes]:
        """Server-Sent Events (WHATWG HTML, 9.2): `change` with each change, a comment now and
        again so that a lost connection is noticed. It ends when the server stops."""
        try:
            yield b"retry: 3000\n\n: hello\n\n"
            while not self._stopping.is_set():
                if await self._wait(news):
                    news.clear()
                    yield f"event: change\ndata: {self._number}\n\n".encode()
                elif not self._stopping.is_set():
                    yield b": here\n\n"
        finally:
            self._followers.discard(news)

    async def _wait(self, news: asyncio.Event) -> bool:
        """Whether there is news, before the next sign of life is due."""
        waits = [asyncio.ensure_future(news.wait()), asyncio.ensure_future(self._stopping.wait())]
        try:
            await asyncio.wait(waits, timeout=_ALIVE, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return news.is_set()

    def _signature(self) -> tuple[tuple[str, int, int], ...]:
        """The site's pages and data, as they are; not what changes with every build."""
        found = []
        for path in sorted(self._folder.glob("[!.]*")):
            try:
                status = path.stat()
            except OSError:
                continue
            if path.name != self._but and path.is_file():
                found.append((path.name, status.st_mtime_ns, status.st_ino))
        return tuple(found)
