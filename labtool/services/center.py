"""The lab's own server, as an instrument's watch speaks to it: JSON, and a token."""

import json
from types import TracebackType
from typing import Any, Self

import requests

from labtool.core.errors import AccessDenied, Failed, OutOfStep, Temporary
from labtool.services import http

_SECONDS = 10.0
_LARGEST = 256 * 1024


class Center:
    """A connection to `labtool serve`; of one thread. `url` is the server's own address."""

    def __init__(self, url: str, token: str, instrument: str) -> None:
        self._base = f"{url.rstrip('/')}/api/instruments/{instrument}"
        self._where = http.shown(url)
        self._instrument = instrument
        self._token = token
        self._session = requests.Session()
        # Neither proxies nor a .netrc of whoever is logged in beside the instrument.
        self._session.trust_env = False
        self._session.max_redirects = 1  # none is followed, yet each is looked at
        self._session.headers.update({"Authorization": f"Bearer {token}", "User-Agent": "labtool"})
        http.bounded(self._session, _SECONDS, _LARGEST)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._session.close()

    def send(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST `events` or `heartbeat`; the answer. Raises AccessDenied where the token is
        refused, OutOfStep, Failed, and Temporary where it may work later."""
        if not self._token.isascii():
            fix = "write one of letters and digits, here and into serve.tokens of the server"
            raise AccessDenied("the token has other characters than ASCII's", fix=fix, code="token")
        with http.explained(self._where):
            response = self._session.post(
                f"{self._base}/{what}",
                data=json.dumps(body, allow_nan=False, ensure_ascii=False).encode(),
                headers={"Content-Type": "application/json"},
                allow_redirects=False,
            )
        answer = _answer(response)
        if response.status_code in (401, 403):
            there = f"serve.tokens.{self._instrument} of the server"
            fix = f"write the same token here and into {there}"
            raise AccessDenied("refuses the token", where=self._where, fix=fix, code="token")
        if response.status_code == 409 and _is_number(answer.get("expected")):
            raise OutOfStep(answer["expected"], where=self._where)
        if response.status_code in (404, 405):
            fix = "is server: the address alone, and the instrument in the server's labtool.yaml?"
            what = f"knows no instrument {self._instrument}"
            raise Failed(what, where=self._where, fix=fix, code="http_404")
        if 300 <= response.status_code < 400:
            fix = "write the address that it redirects to"
            raise Failed("redirects", where=self._where, fix=fix, code="redirects")
        http.check_status(response, self._where)
        if not answer:
            raise Temporary("answered no JSON", where=self._where, code="http")
        return answer


def _is_number(found: Any) -> bool:
    return isinstance(found, int) and 0 <= found < 2**53


def _answer(response: requests.Response) -> dict[str, Any]:
    try:
        found = response.json()
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
