"""A reverse proxy in front of any HTTP stand-in, so that it records and fails too."""

from collections.abc import Mapping

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web
from yarl import URL

from tests.servers.http import HttpServer

# What belongs to one connection, or is made anew for the other one.
_OWN = frozenset(
    {
        "connection",
        "content-length",
        "date",
        "host",
        "keep-alive",
        "server",
        "te",
        "transfer-encoding",
        "upgrade",
    }
)


class Proxy(HttpServer):
    """Forwards every request to `upstream`, a URL without a slash at the end."""

    def __init__(self, upstream: str = "") -> None:
        super().__init__(self.forward)
        self.upstream = upstream
        self._session: ClientSession | None = None

    async def forward(
        self,
        request: web.Request,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> web.Response:
        """What the upstream answers, to the request as it came or with parts replaced."""
        if self._session is None:
            # A new connection each time: a server may close an idle one just as it is used.
            self._session = ClientSession(
                connector=TCPConnector(force_close=True),
                timeout=ClientTimeout(total=60),
                auto_decompress=False,
            )
        sent = {k: v for k, v in request.headers.items() if k.lower() not in _OWN}
        async with self._session.request(
            request.method,
            URL(self.upstream + request.raw_path, encoded=True),
            headers={**sent, **(headers or {})},
            data=await request.read() if body is None else body,
            allow_redirects=False,
        ) as answer:
            own = _OWN - {"content-length"} if request.method == "HEAD" else _OWN
            kept = [(k, v) for k, v in answer.headers.items() if k.lower() not in own]
            return web.Response(status=answer.status, headers=kept, body=await answer.read())

    async def _close(self) -> None:
        await super()._close()
        if self._session is not None:
            await self._session.close()
            self._session = None
