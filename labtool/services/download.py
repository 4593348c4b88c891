"""A file of any size over HTTP, as it comes; one that broke off is gone on with, where the server
can and the file is still the same (RFC 9110, If-Range).
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import requests

from labtool.core.errors import Failed, Temporary
from labtool.services.calls import refusal
from labtool.services.coming import Coming
from labtool.services.http import explained, shown

_CHUNK = 256 * 1024
_REDIRECTS = 10
_MOVED = (301, 302, 303, 307, 308)
_CONNECT = 20.0
# Of what a server says of a refusal: bytes.
_SAID = 2000
# Of more digits nothing is as large; nor does int() take any number of them.
_SIZE = re.compile(r"[0-9]{1,18}")
_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")
_PORTS = {"http": 80, "https": 443}


@contextmanager
def download(
    url: str, headers: Mapping[str, str], silent: float, start: int = 0, version: str = ""
) -> Iterator[Coming]:
    """The file at an http(s) URL; from `start` on, if it is still of this `version`. `silent` are
    the seconds that may pass without a byte. The `headers` go to no other host than the URL's.
    Raises Temporary (network, 408, 425, 429, 5xx) and Failed (another status)."""
    where = shown(url)
    start = start if version else 0
    with requests.Session() as session:
        response = _asked(session, url, headers, silent, start, version)
        if _is_other(response, start, version):
            response.close()
            start = 0
            response = _asked(session, url, headers, silent, start, "")
        with response:
            if response.status_code == 200:
                start = 0
            elif response.status_code != 206 or not start:
                raise _refused(response, where)
            size = _size(response, start)
            chunks = _chunks(response, where, None if size is None else size - start)
            yield Coming(start, _version(response), size, chunks)


def _asked(
    session: requests.Session,
    url: str,
    headers: Mapping[str, str],
    silent: float,
    start: int,
    version: str,
) -> requests.Response:
    """The answer, after all redirects."""
    given = {"Accept": "*/*", "User-Agent": "labtool", **headers, "Accept-Encoding": "identity"}
    ours = {"Accept": "*/*", "User-Agent": "labtool", "Accept-Encoding": "identity"}
    part = {"Range": f"bytes={start}-", "If-Range": version} if start else {}
    where, first = shown(url), url
    for _ in range(_REDIRECTS):
        with explained(where):
            response = session.get(
                url,
                headers={**given, **part},
                allow_redirects=False,
                stream=True,
                timeout=(min(_CONNECT, silent), silent),
            )
        to = response.headers.get("Location", "")
        if response.status_code not in _MOVED or not to:
            return response
        response.close()
        url = _next(url, to, where)
        # Any of them may be secret; what has been to another host does not get them back.
        given = given if _is_same(first, url) else ours
    raise Failed("redirects in a circle", where=where, fix="check the address")


def _next(url: str, to: str, where: str) -> str:
    # As servers write it: what is not ASCII is that of UTF-8.
    to = to.encode("latin-1", "replace").decode("utf-8", "replace")
    try:
        found = urljoin(url, to)
        good = urlsplit(found).scheme in _PORTS and bool(urlsplit(found).hostname)
    except ValueError:
        good = False
    if not good:
        fix = "check the address; write https://..."
        raise Failed("redirects to what is not an http(s) address", where=where, fix=fix)
    return found


def _is_same(url: str, other: str) -> bool:
    """Whether what is meant for one may go to the other: the same host, or the same by TLS."""
    one, two = urlsplit(url), urlsplit(other)
    if one.hostname != two.hostname:
        return False
    if (one.scheme, _port(one)) == (two.scheme, _port(two)):
        return True
    return (one.scheme, _port(one), two.scheme, _port(two)) == ("http", 80, "https", 443)


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS.get(parts.scheme, 0)


def _is_other(response: requests.Response, start: int, version: str) -> bool:
    """Whether the answer to a request for the rest is no such rest."""
    if not start or not version:
        return False
    if response.status_code == 416:
        return True
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if response.status_code != 206:
        return False
    return found is None or int(found[1]) != start or _version(response) not in ("", version)


def _version(response: requests.Response) -> str:
    """The ETag; or the time of the last change, where it tells two contents apart (RFC 9110,
    8.8.2.2)."""
    tag = response.headers.get("ETag", "")
    if tag.startswith('"') and tag.isascii() and tag.isprintable():
        return tag
    changed = response.headers.get("Last-Modified", "")
    try:
        age = parsedate_to_datetime(response.headers["Date"]) - parsedate_to_datetime(changed)
        return changed if age.total_seconds() >= 1 else ""
    except (KeyError, ValueError, TypeError):
        return ""


def _size(response: requests.Response, start: int) -> int | None:
    if response.status_code == 206:
        found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        return int(found[3]) if found and found[3] != "*" else None
    text = response.headers.get("Content-Length", "")
    chunked = "Transfer-Encoding" in response.headers
    return start + int(text) if _SIZE.fullmatch(text) and not chunked else None


def _chunks(response: requests.Response, where: str, size: int | None) -> Iterator[bytes]:
    """The body as it is stored there: what a server calls its encoding is of the file's own."""
    raw: Any = response.raw
    got = 0
    while True:
        with explained(where):
            data = raw.read1(_CHUNK, decode_content=False)
        if not data:
            break
        got += len(data)
        yield data
    if size is not None and got != size:
        raise Temporary("its answer broke off", where=where, code="http")


def _refused(response: requests.Response, where: str) -> Exception:
    with explained(where):
        said = response.raw.read(_SAID, decode_content=True)
    return refusal(response, said, where)
