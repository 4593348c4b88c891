"""A proxy of TCP that cuts, freezes and delays what passes."""

import asyncio
from typing import Self

from tests.servers.loop import Loop


class TcpProxy:
    """Listens on `port` and passes everything to `upstream`, a port of loopback."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.port = 0
        self.accepted = 0
        self._loop = Loop()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._refusing = False
        self.delay = 0.0

    def __enter__(self) -> Self:
        self.port = self._loop.call(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._loop.stop()

    def cut(self) -> None:
        """Reset every connection."""
        self._loop.call(self._cut())

    def refuse(self, *, now: bool = True) -> None:
        """Close new connections at once, or take them again."""
        self._refusing = now

    def freeze(self) -> None:
        """Let nothing pass, in both directions, without closing anything."""
        self._loop.call(self._set(flowing=False))

    def thaw(self) -> None:
        """Let everything pass again."""
        self._loop.call(self._set(flowing=True))

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _set(self, *, flowing: bool) -> None:
        if flowing:
            self._flowing.set()
        else:
            self._flowing.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self._refusing:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
        self._writers -= {writer, far_writer}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self._flowing.wait()
                await asyncio.sleep(self.delay)
                writer.write(data)
                await writer.drain()
            writer.write_eof()
        except OSError:
            pass
        finally:
            writer.close()
