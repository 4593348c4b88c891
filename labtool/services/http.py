"""HTTP with a limit on everything: the whole transfer's time, its size, its redirects.

`get` fetches one page; `bounded` gives the same limits to a session of a vendor's SDK.
"""

import io
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from labtool.core.errors import Failed, LabtoolError, Temporary
from labtool.services.addresses import ForbiddenAddressError, Guard
from labtool.services.deadline import Deadline
from labtool.services.http_words import why as _why
from labtool.services.retry import retrying

LARGEST = 20 * 1024 * 1024
_CHUNK = 64 * 1024
_REDIRECTS = 5
# A published sheet's key and a private calendar's address are longer parts of a path.
_LONGEST_SHOWN = 12
_deadline: ContextVar[Deadline | None] = ContextVar("deadline", default=None)
_guard: ContextVar[Guard | None] = ContextVar("guard", default=None)
# When what a session sends, with all redirects, has to be done.
_end: ContextVar[float | None] = ContextVar("end", default=None)


@dataclass(frozen=True, slots=True)
class Page:
    """What a server answered: the body, and the content type it claims (lower case)."""

    body: bytes
    content_type: str


class TooLargeError(requests.RequestException):
    """The body is larger than the session's limit."""


class TooSlowError(requests.Timeout):
    """The transfer did not end within the session's time."""


def get(
    url: str,
    seconds: float,
    limit: int = LARGEST,
    guard: Guard | None = None,
    headers: Mapping[str, str] | None = None,
) -> Page:
    """The page at an http(s) URL, tried again where the network failed. Its `headers` go to
    the first host alone, as far as they may be secret.

    With a `guard`, no address that it refuses is asked, whatever redirects there; proxies
    are not used then, as they would be asked instead.

    Raises Temporary (network, 429, 5xx) and Failed (another status, more than `limit`
    bytes, not http or https, refused). Messages name the address as `shown` does.
    """
    end = time.monotonic() + seconds
    token = _guard.set(guard)
    try:
        given = headers or {}
        return retrying(lambda: _get(url, end - time.monotonic(), limit, given), seconds)
    finally:
        _guard.reset(token)


def _get(url: str, seconds: float, limit: int, headers: Mapping[str, str]) -> Page:
    where = shown(url)
    with requests.Session() as session, explained(where):
        session.trust_env = _guard.get() is None
        session.max_redirects = _REDIRECTS
        bounded(session, max(1.0, seconds), limit)
        # Other secrets than Authorization would follow a redirect to whomever it names.
        response = session.get(
            url,
            headers={"Accept": "*/*", "User-Agent": "labtool", **headers},
            allow_redirects=not headers.keys() - {"Authorization"},
        )
        check_status(response, where)
        return Page(response.content, response.headers.get("Content-Type", "").lower())


def shown(url: str) -> str:
    """A URL as messages name it: scheme, host and path, without what may be secret: a user,
    a password, a query, and long parts of the path (`https://host/ical/…/basic.ics`).
    """
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that is none"
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    path = "/".join("…" if len(p) > _LONGEST_SHOWN else p for p in parts.path.split("/"))
    return f"{parts.scheme}://{host}{port}{path}"


def bounded(session: requests.Session, seconds: float, limit: int = LARGEST) -> None:
    """Limit each of a session's transfers to `seconds`, all its redirects together, and each
    body to `limit` bytes."""
    adapter = _BoundedAdapter(seconds, limit)
    send = session.send

    def send_whole(request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        if _end.get() is not None:
            return send(request, **kwargs)  # a redirect of what is being sent
        token = _end.set(time.monotonic() + seconds)
        try:
            return send(request, **kwargs)
        finally:
            _end.reset(token)

    session.send = send_whole  # type: ignore[method-assign]
    session.mount("https://", adapter)
    session.mount("http://", adapter)


def check_status(response: requests.Response, where: str) -> None:
    """Raise Temporary or Failed for a status other than 2xx."""
    status = response.status_code
    if response.ok:
        return
    if status == 429 or status >= 500:
        raise Temporary(
            f"answered {status}", where=where, code="http", retry_after=retry_after(response)
        )
    fix = "check that it is published, and the address" if status in (401, 403, 404, 410) else ""
    raise Failed(f"answered {status}", where=where, fix=fix, code=f"http_{status}")


def retry_after(response: requests.Response) -> float | None:
    """The seconds that a server asks us to wait; None for a date or nothing."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else None


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Whatever bounded sessions send inside has to be done in so many seconds."""
    token = _end.set(min(time.monotonic() + seconds, _end.get() or math.inf))
    try:
        yield
    finally:
        _end.reset(token)


@contextmanager
def explained(where: str) -> Iterator[None]:
    """What goes wrong in a transfer, as our errors."""
    try:
        yield
    # A ValueError: requests does not catch what urllib says of the address of a redirect.
    except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as error:
        raise _explain(error, where) from error


def _explain(error: Exception, where: str) -> LabtoolError:
    if isinstance(error, TooLargeError):
        return Failed(str(error), where=where, fix="check the address", code="too_large")
    if isinstance(error, requests.exceptions.SSLError):
        fix = "check the machine's clock and certificates"
        return Failed(f"its certificate is not trusted ({_why(error)})", where=where, fix=fix)
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return Failed("redirects in a circle", where=where, fix="check the address")
    if isinstance(error, ForbiddenAddressError):
        fix = "it must be public, or stand in the config's list of hosts"
        return Failed(str(error), where=where, fix=fix, code="forbidden_address")
    # RequestException is an OSError: what is left of its ValueErrors is about the address.
    if isinstance(error, ValueError) and not isinstance(error, requests.JSONDecodeError):
        what = "is not, or redirects to what is not, an http(s) address"
        return Failed(what, where=where, fix="check the address; write https://...")
    if isinstance(error, TooSlowError | requests.Timeout):
        what = f"{_host(error, where)}gave no whole answer in time ({_why(error)})"
        return Temporary(what, where=where, code="http")
    what = f"{_host(error, where)}cannot be reached ({_why(error)})"
    return Temporary(what, where=where, code="http")


def _host(error: Exception, where: str) -> str:
    """The host that was asked, unless the place names it already."""
    url = getattr(getattr(error, "request", None), "url", None)
    try:
        parts = urlsplit(str(url or ""))
        host = f"{parts.hostname or ''}:{parts.port}" if parts.port else parts.hostname or ""
    except ValueError:
        return ""
    return "" if not host or host in where else f"{host} "


class _BoundedAdapter(HTTPAdapter):
    """Reads every body within the limits before the caller sees the response."""

    def __init__(self, seconds: float, limit: int) -> None:
        self._seconds = seconds
        self._limit = limit
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        left = min(self._seconds, (_end.get() or math.inf) - time.monotonic())
        if left <= 0:
            raise TooSlowError(f"{self._seconds:g} s", request=request)
        with Deadline(left) as deadline:
            token = _deadline.set(deadline)
            try:
                kwargs.update(stream=True, timeout=left)
                response = super().send(request, *args, **kwargs)
                raw = response.raw
                body = self._read(raw, deadline)
            except (requests.RequestException, HTTPError, HTTPException, OSError) as error:
                if deadline.expired:
                    raise TooSlowError(f"{self._seconds:g} s", request=request) from error
                if isinstance(error, requests.RequestException):
                    raise
                raise requests.ConnectionError(error, request=request) from error
            finally:
                _deadline.reset(token)
        response.raw = io.BytesIO(body)
        return response

    def _read(self, raw: BaseHTTPResponse, deadline: Deadline) -> bytes:
        body = bytearray()
        for chunk in raw.stream(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > self._limit:
                raw.close()
                raise TooLargeError(f"is larger than {self._limit // 1024 // 1024} MB")
        if deadline.expired:  # a cut socket without Content-Length looks like an end
            raise TooSlowError(f"{self._seconds:g} s")
        return bytes(body)


class _Connection(HTTPConnection):
    def connect(self) -> None:
        _check_host(self)
        super().connect()
        _check_peer(self)

    def getresponse(self) -> Any:
        _watch(self)
        return super().getresponse()


class _TlsConnection(HTTPSConnection):
    def connect(self) -> None:
        _check_host(self)
        super().connect()
        _check_peer(self)

    def getresponse(self) -> Any:
        _watch(self)
        return super().getresponse()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def _check_host(connection: HTTPConnection) -> None:
    guard = _guard.get()
    if guard is not None:
        guard.check_host(connection.host, connection.port)


def _check_peer(connection: HTTPConnection) -> None:
    guard, sock = _guard.get(), connection.sock
    if guard is not None and sock is not None:
        guard.check_peer(str(sock.getpeername()[0]), connection.host)


def _watch(connection: HTTPConnection) -> None:
    deadline = _deadline.get()
    if deadline is not None:
        sock = connection.sock
        deadline.watch(lambda: sock)
