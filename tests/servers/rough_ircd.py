"""An IRC server that says whatever a test wants, and registers whoever comes."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Self

from tests.lab import poll
from tests.servers.loop import Loop


class RoughIrcd:
    """Listens on `port`. `said` is all that clients wrote. With `answers` off it accepts
    connections and says nothing. `answers` are more commands that it knows, with functions
    from what follows to the lines that it says."""

    def __init__(
        self, *, features: str = "", answers: bool = True, tls: ssl.SSLContext | None = None
    ) -> None:
        self.port = 0
        self.said: list[str] = []
        self.connections = 0
        self.answers: dict[str, Callable[[str], list[str]]] = {}
        self._features = features
        self._answers = answers
        self._tls = tls
        self._loop = Loop()
        self._writers: list[asyncio.StreamWriter] = []

    def __enter__(self) -> Self:
        self.port = self._loop.call(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()
        self._loop.stop()

    def tell(self, *lines: str | bytes) -> None:
        """Send lines to everybody."""
        data = b"".join(
            (line.encode() if isinstance(line, str) else line) + b"\r\n" for line in lines
        )
        self._loop.call(self._write(data))

    def drop(self) -> None:
        """Close every connection."""
        self._loop.call(self._drop())

    def wait(self, part: str, timeout: float = 10) -> str:
        """The first line from a client that contains `part`."""

        def found() -> str:
            return next((line for line in list(self.said) if part in line), "")

        return poll(found, timeout, f"nobody said {part!r}; but {self.said}")

    async def _listen(self) -> int:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def _write(self, data: bytes) -> None:
        for writer in self._writers:
            writer.write(data)

    async def _drop(self) -> None:
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        nick = ""
        while data := await reader.readline():
            line = data.decode().strip()
            self.said.append(line)
            command, _, rest = line.partition(" ")
            if not self._answers:
                continue
            if command == "NICK":
                nick = rest
            elif line == "CAP END" or (command == "USER" and "CAP" not in self.answers):
                features = f":s 005 {nick} {self._features} :are supported\r\n"
                writer.write(f":s 001 {nick} :hi\r\n{features}:s 422 {nick} :no\r\n".encode())
            elif command == "JOIN":
                writer.write(
                    f":{nick}!u@h JOIN {rest}\r\n:s 353 {nick} = {rest} :{nick} @ann bob\r\n"
                    f":s 366 {nick} {rest} :end\r\n".encode()
                )
            elif command in self.answers:
                for answer in self.answers[command](rest):
                    writer.write(f"{answer}\r\n".encode())
            elif command == "PING":
                writer.write(f":s PONG s {rest}\r\n".encode())
            elif command == "QUIT":
                writer.close()
