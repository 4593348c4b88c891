"""The connection itself: the library's, made robust.

The library's asyncio connection opens, registers and closes. Its reading and writing are
replaced: one bad line would end it, invalid UTF-8 too, its buffer has no bound, and its
debug log repeats passwords.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from irc.client_aio import AioConnection, AioReactor
from irc.connection import AioFactory

from labtool.services.irc.settings import Settings
from labtool.services.irc.wire import Buffer

_BREAKS = re.compile(r"[\r\n\0]+")
_MOST = 510
_CONGESTED = 65_536


class Link(AioConnection):  # type: ignore[misc] # the library ships no types
    """One connection to a server. `started` is called when it is open and nothing was said
    yet, `received` with each line, `closed` once at its end, `oops` with bugs in those."""

    def __init__(
        self,
        *,
        started: Callable[[], None],
        received: Callable[[str], None],
        closed: Callable[[], None],
        oops: Callable[[Exception], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(AioReactor(on_connect=lambda *_: started(), loop=loop))
        self.transport: asyncio.Transport | None = None
        self._received = received
        self._oops = oops
        self._lines = Buffer()
        self.reactor.add_global_handler("disconnect", lambda *_: closed())

    async def open(self, settings: Settings) -> None:
        """Connect and begin to register. Raises OSError and ValueError."""
        context = _context(settings.ca_file) if settings.tls else None
        name = {"server_hostname": settings.server} if context else {}
        factory = AioFactory(ssl=context, happy_eyeballs_delay=0.25, **name)
        await self.connect(
            settings.server,
            settings.port,
            settings.nick,
            username=re.sub(r"[^A-Za-z0-9]", "", settings.nick).lower()[:9] or "labtool",
            ircname=settings.realname or settings.nick,
            connect_factory=factory,
        )
        if self.transport is None or self.transport.is_closing():
            raise ConnectionResetError("the server closed the connection at once")

    @property
    def congested(self) -> bool:
        """Whether what was sent piles up, because the server does not read it."""
        return self.transport is None or self.transport.get_write_buffer_size() > _CONGESTED

    def abort(self) -> None:
        """End at once, whatever was not sent yet."""
        if self.transport is not None:
            self.transport.abort()

    def process_data(self, new_data: bytes) -> None:
        """Read lines; replaces the library's."""
        for text in self._lines.feed(new_data):
            try:
                self._received(text)
            except Exception as error:  # noqa: BLE001 - no line may end the connection
                self._oops(error)

    def send_raw(self, string: str) -> None:
        """Write one line, if the connection is open; replaces the library's."""
        if self.transport is None or self.transport.is_closing():
            return
        data = _BREAKS.sub(" ", string).encode("utf-8", "replace")
        if len(data) > _MOST:
            data = data[:_MOST].decode("utf-8", "ignore").encode()
        self.transport.write(data + b"\r\n")


def _context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise OSError(f"{ca_file} cannot be used: {error.strerror or error}") from error


def reason(error: Exception) -> str:
    """Why there is no connection, in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"no TLS there ({error.reason or 'handshake failed'})"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(error, socket.gaierror):
        return f"no address is known for it ({error.strerror})"
    return str(error) or type(error).__name__
