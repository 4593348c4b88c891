"""Who may see the lab's own pages: who knows the password, or whom a proxy has let in."""

import asyncio
import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from labtool.tasks.page.section import Serve

Endpoint = Callable[[Request], Awaitable[Response]]

# Seconds that a wrong password costs, and how many may be waited for at once.
_PENALTY = 0.5
_MOST_WAITING = 20
_ASK = {"WWW-Authenticate": 'Basic realm="The lab\'s own pages", charset="UTF-8"'}


class Guard:
    """Lets in, or answers why not."""

    def __init__(self, settings: Serve) -> None:
        self._password = settings.password.reveal() if settings.password else ""
        self._header = settings.header
        self._proxies = frozenset(settings.proxies)
        self._waiting = 0

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
        if hmac.compare_digest(given, self._password.encode()):
            return None
        if self._waiting >= _MOST_WAITING:
            return PlainTextResponse("Too many wrong passwords; wait a little.\n", 429)
        self._waiting += 1
        try:
            await asyncio.sleep(_PENALTY)
        finally:
            self._waiting -= 1
        return PlainTextResponse("That is not the password.\n", 401, _ASK)

    def _is_vouched_for(self, request: Request) -> bool:
        peer = request.client.host if request.client else ""
        named = bool(self._header) and bool(request.headers.get(self._header, "").strip())
        return named and peer in self._proxies


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
