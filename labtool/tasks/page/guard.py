"""Who may see the lab's own pages: who knows the password, or whom a proxy has let in."""

import asyncio
import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from labtool.tasks.page.brake import Brake
from labtool.tasks.page.section import Serve

Endpoint = Callable[[Request], Awaitable[Response]]

_ASK = {"WWW-Authenticate": 'Basic realm="The lab\'s own pages", charset="UTF-8"'}


class Guard:
    """Lets in, or answers why not."""

    def __init__(self, settings: Serve) -> None:
        self._password = settings.password.reveal() if settings.password else ""
        self._header = settings.header
        self._proxies = [ip_network(proxy, strict=False) for proxy in settings.proxies]
        self._brake = Brake()

    def __call__(self, endpoint: Endpoint) -> Endpoint:
        """An endpoint behind the guard."""

        async def guarded(request: Request) -> Response:
            return await self._refusal(request) or await endpoint(request)

        return guarded

    async def _refusal(self, request: Request) -> Response | None:
        if self._is_vouched_for(request):
            return None
        if not self._password:
            why = "These pages are the lab's own."
            if not self._header:
                why += " Nobody can open them yet: set serve.password in labtool.yaml."
            return PlainTextResponse(f"{why}\n", 403)
        given = _password(request.headers.get("authorization", ""))
        if given is None:
            return PlainTextResponse("These pages are the lab's own.\n", 401, _ASK)
        client = self._client(request)
        if self._brake.holds(client):
            # Without a look at the password.
            why = "Too many wrong passwords; wait a little.\n"
            return PlainTextResponse(why, 429, {"Retry-After": "2"})
        if hmac.compare_digest(given, self._password.encode()):
            self._brake.right(client)
            return None
        with self._brake.wrong(client) as seconds:
            await asyncio.sleep(seconds)
        return PlainTextResponse("That is not the password.\n", 401, _ASK)

    def _is_vouched_for(self, request: Request) -> bool:
        named = bool(self._header) and bool(request.headers.get(self._header, "").strip())
        return named and self._is_proxy(_peer(request))

    def _is_proxy(self, peer: str) -> bool:
        """Whether a request comes from a proxy that is believed."""
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address in proxy for proxy in self._proxies)

    def _client(self, request: Request) -> str:
        """Who asks: the peer, or whom a proxy that is believed has added as its own."""
        peer = _peer(request)
        said = request.headers.get("x-forwarded-for", "") if self._is_proxy(peer) else ""
        return said.rpartition(",")[2].strip() or peer


def _peer(request: Request) -> str:
    """The address at the other end of the connection; of IPv4 as such, also where the server
    listens on IPv6."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def _password(header: str) -> bytes | None:
    """The password of HTTP basic authentication (RFC 7617); None where there is none."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(value.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    del user  # any does
    return password if colon else None
