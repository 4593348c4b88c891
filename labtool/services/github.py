"""GitHub's REST API (version 2022-11-28), read with conditional requests: what has not changed
costs no rate limit (docs.github.com/en/rest/using-the-rest-api/best-practices).

PyGithub has no place for answers that were kept, waits without limit for statistics that are
being counted (202), and sleeps until a rate limit is over; so the requests are ours.
"""

import json
import re
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote, urlencode

import requests

from labtool.core.errors import AccessDenied, Failed, LabtoolError, Temporary
from labtool.core.masking import retold
from labtool.core.shapes import objects
from labtool.core.text import one_line
from labtool.services import http
from labtool.services.etags import Etags, Known
from labtool.services.retry import retrying

_VERSION = "2022-11-28"
_LARGEST = 32 * 1024 * 1024
_PAGE = 100
_CALL_SECONDS = 20.0
# The code of GitHub's refusal to count, as it does for the contributors of the largest.
TOO_LARGE = "github_too_large"
_PAGE_NUMBER = re.compile(r"[?&]page=(\d{1,7})\b")
# What has no answer for one repository says nothing about the others.
_NOTHING = frozenset({204, 404, 409, 422, 451})


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: `data` is None where there is nothing to say, and `pending` is true while
    GitHub still counts. `last` is the number of the last page."""

    data: Any
    last: int = 1
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Repositories:
    """What was listed of an owner's repositories, and how many there are."""

    listed: tuple[dict[str, Any], ...]
    total: int


class GitHub:
    """Reads for at most so many seconds in all, from many threads. `expires` is when the token
    runs out, as far as an answer said so."""

    def __init__(self, base_url: str, token: str, seconds: float, known: Etags) -> None:
        self.expires: datetime | None = None
        self._base = base_url.rstrip("/")
        self._token = token
        self._end = time.monotonic() + seconds
        self._known = known
        self._own = threading.local()

    @property
    def left(self) -> float:
        """The seconds that are left."""
        return self._end - time.monotonic()

    def repositories(self, kind: Literal["orgs", "users"], owner: str, most: int) -> Repositories:
        """An owner's repositories, those first that were pushed to last. Raises AccessDenied,
        Failed (no such owner) and Temporary, as all of these do."""
        path = f"/{kind}/{quote(owner, safe='')}/repos"
        found: list[dict[str, Any]] = []
        page = last = 1
        while page <= last and len(found) < most:
            rows, last = self._listing(path, page)
            found += rows
            page += 1
            if not rows:
                last = page - 1
        total = len(found)
        if page <= last:  # of the others only how many they are
            rows, _ = self._listing(path, last)
            total = (last - 1) * _PAGE + len(rows)
        return Repositories(tuple(found[:most]), total)

    def _listing(self, path: str, page: int) -> tuple[list[dict[str, Any]], int]:
        """A page of repositories, and the number of the last one."""
        reply = self.get(path, needed=True, sort="pushed", per_page=_PAGE, page=page)
        if not isinstance(reply.data, list):
            raise Failed("answered something else than a list", where=self._where(path))
        return objects(reply.data), max(reply.last, page)

    def count(self, path: str, **params: Any) -> int | None:
        """How many things a listing has; None where it says nothing."""
        reply = self.get(path, **params, per_page=1)
        if not isinstance(reply.data, list):
            return None
        return reply.last if reply.last > 1 else len(reply.data)

    def get(self, path: str, *, needed: bool = False, **params: Any) -> Reply:
        """One answer. What is not `needed` and not there has no data."""
        query = f"?{urlencode(params)}" if params else ""
        if self.left <= 0:
            where = self._where(path)
            raise Temporary("there was not time enough", where=where, code="late")
        return retrying(lambda: self._ask(path, query, needed=needed), self.left)

    def of(self, name: str, *what: str, **params: Any) -> Reply:
        """One answer about a repository, by its full name; as `get`."""
        return self.get(self._path(name, *what), **params)

    def count_of(self, name: str, *what: str, **params: Any) -> int | None:
        """How many things a listing of a repository has; as `count`."""
        return self.count(self._path(name, *what), **params)

    def _path(self, name: str, *what: str) -> str:
        """Where a repository is asked for: its name is a vendor's, or a config's."""
        return "/".join(("/repos", *(quote(part, safe="") for part in name.split("/")), *what))

    def _ask(self, path: str, query: str, *, needed: bool) -> Reply:
        url, where = f"{self._base}{path}{query}", self._where(path)
        known = self._known.get(url)
        headers = {"If-None-Match": known.etag} if known else {}
        with http.explained(where), http.within(min(_CALL_SECONDS, max(0.1, self.left))):
            response = self._session().get(url, headers=headers)
        self._note_expiry(response)
        if response.status_code == 304 and known:
            self._known.put(url, known)
            return _reply(known.body, known.links, where)
        if response.status_code == 202:
            return Reply(None, pending=True)
        if response.status_code in _NOTHING and not needed:
            return Reply(None)
        if response.status_code != 200:
            raise self._refusal(response, where)
        links = response.headers.get("Link", "")
        found = _reply(response.content, links, where)
        etag = response.headers.get("ETag")
        if etag:
            self._known.put(url, Known(etag, links, response.content))
        return found

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._own, "session", None)
        if session is None:
            session = self._own.session = requests.Session()
            http.bounded(session, _CALL_SECONDS, _LARGEST)
            session.headers.update(
                {
                    "Accept": "application/vnd.github+json",
                    "User-Agent": "labtool",
                    "X-GitHub-Api-Version": _VERSION,
                }
            )
            if self._token:
                session.headers["Authorization"] = f"Bearer {self._token}"
        return session

    def _refusal(self, response: requests.Response, where: str) -> LabtoolError:
        status, said = response.status_code, _message(response)
        wait = _wait(response)
        if status == 429 or (status == 403 and (wait is not None or "rate limit" in said)):
            until = ""
            if wait is not None and wait > 60:
                moment = datetime.now(UTC).timestamp() + wait
                until = f" until {datetime.fromtimestamp(moment, UTC):%H:%M} UTC"
            fix = "" if self._token else "with a token: it may ask 5000 times an hour, not 60"
            what = f"GitHub asks us to wait{until}"
            return Temporary(what, where=where, fix=fix, code="ratelimited", retry_after=wait)
        if status == 401:
            fix = "make a new token: Settings, Developer settings, and put it into .env"
            what = "the token is wrong, was revoked or has run out"
            return AccessDenied(what, where=where, fix=fix, code="token")
        if status == 403 and "too large" in said:
            return Failed(said, where=where, code=TOO_LARGE)
        if status == 403:
            headers = response.headers
            wanted = headers.get("X-Accepted-GitHub-Permissions") or headers.get(
                "X-Accepted-OAuth-Scopes"
            )
            fix = f"give the token {one_line(wanted, 100)}" if wanted else ""
            what = f"a permission is missing ({said})"
            return AccessDenied(what, where=where, fix=fix, code="permission")
        if status == 404:
            fix = "check the name; without a token that may see it, what is private is not there"
            return Failed("does not exist", where=where, fix=fix, code="github_404")
        if status >= 500:
            return Temporary(f"GitHub answered {status}", where=where, code="github")
        return Failed(f"GitHub answered {status} {said}".strip(), where=where, code="github")

    def _note_expiry(self, response: requests.Response) -> None:
        text = response.headers.get("GitHub-Authentication-Token-Expiration", "")
        try:
            found = datetime.strptime(text[:19], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  (UTC)
        except ValueError:
            return
        self.expires = found.replace(tzinfo=UTC)

    def _where(self, path: str) -> str:
        return f"GitHub {path}"


def _reply(body: bytes, links: str, where: str) -> Reply:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        what = "GitHub's answer made no sense"
        raise Temporary(what, where=where, code="github") from None
    return Reply(data, _last(links))


def _last(links: str) -> int:
    """The last page's number by a Link header (RFC 8288)."""
    for link in links.split(","):
        target, _, rest = link.partition(">")
        number = _PAGE_NUMBER.search(target)
        if 'rel="last"' in rest and number:
            return int(number[1])
    return 1


def _wait(response: requests.Response) -> float | None:
    """The seconds until the rate limit is over; None where it is not that."""
    after = http.retry_after(response)
    if after is not None:
        return after
    headers = response.headers
    reset = headers.get("X-RateLimit-Reset", "")
    if headers.get("X-RateLimit-Remaining") != "0" or not (reset.isascii() and reset.isdigit()):
        return None
    return max(1.0, float(reset) - time.time())


def _message(response: requests.Response) -> str:
    try:
        return one_line(retold(str(response.json()["message"])), 120)
    except (ValueError, KeyError, TypeError):
        return ""
