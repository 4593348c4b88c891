"""One HTTP request that does something: no redirects, no attempts of its own."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from labtool.core.errors import Failed, LabtoolError, Temporary
from labtool.core.masking import retold
from labtool.services.http import Page, bounded, explained, retry_after, shown

_LARGEST = 1024 * 1024
# Of those that are no success: what may be another time.
_LATER = (408, 425, 429)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: `document` is sent as JSON where it is not None; `expect` are the statuses that
    are success, by default all of 2xx."""

    url: str
    method: str
    headers: Mapping[str, str]
    document: Any = None
    expect: Collection[int] = ()


def ask(asked: Asked, seconds: float) -> Page:
    """The answer. Raises Temporary (network, 408, 425, 429, 5xx) and Failed (another status, more
    than 1 MB); what was asked may have been done then."""
    where = shown(asked.url)
    with requests.Session() as session, explained(where):
        bounded(session, max(1.0, seconds), _LARGEST)
        given: dict[str, Any] = {} if asked.document is None else {"json": asked.document}
        response = session.request(
            asked.method,
            asked.url,
            headers={"User-Agent": "labtool", **asked.headers},
            allow_redirects=False,
            **given,
        )
    status = response.status_code
    if status in asked.expect or (not asked.expect and 200 <= status < 300):
        return Page(response.content, response.headers.get("Content-Type", "").lower())
    raise refusal(response, response.content[:2000], where)


def refusal(response: requests.Response, body: bytes, where: str) -> LabtoolError:
    """What a status that is no success means; `body` is the beginning of what was said of it."""
    status = response.status_code
    said = retold(body.decode("utf-8", "replace"), 200)
    if said.startswith("<") or "html" in response.headers.get("Content-Type", "").lower():
        said = response.reason or ""  # a page for browsers
    what = f"answered {status}{f': {said}' if said else ''}"
    if status in _LATER or status >= 500:
        return Temporary(what, where=where, code="http", retry_after=retry_after(response))
    fix = "check the address, and what it is asked for"
    return Failed(what, where=where, fix=fix, code=f"http_{status}")
