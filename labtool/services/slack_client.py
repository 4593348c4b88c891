"""Calls to Slack's Web API whose outcome is known as exactly as it can be.

slack_sdk writes the requests and reads the answers; the transfer itself is ours: one
deadline over all of it, no redirects (they would carry the token elsewhere), and a failure
to connect told apart from a request whose answer was lost.
"""

import http.client
import json
import logging
import re
import time
import urllib.request
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NoReturn
from urllib.error import URLError

from slack_sdk.errors import SlackApiError
from slack_sdk.web import WebClient

from labtool.core.errors import AccessDenied, Failed, LabtoolError, Temporary, Unknown
from labtool.core.masking import retold
from labtool.services.deadline import Deadline
from labtool.services.retry import retrying

_LARGEST = 16 * 1024 * 1024
_LONGEST_TIMEOUT = 30.0
_LONGEST_WAIT = 30.0
_WAITS = 3
_WAITING = 45.0

_WORD = re.compile(r"[a-z][a-z0-9_.]*")
_REFUSED = {
    "invalid_auth": "the token is wrong; copy the bot token (xoxb-...) again",
    "not_authed": "no token was sent; set slack.token",
    "token_revoked": "the token was revoked; install the app again and copy its token",
    "token_expired": "the token has expired; install the app again and copy its token",
    "account_inactive": "the bot was deactivated; install the app again and copy its token",
    "not_allowed_token_type": "the token is of the wrong kind; use a bot token (xoxb-...)",
    "org_login_required": "the workspace is moving; ask its owner",
    "ekm_access_denied": "the workspace's owner has suspended access; ask them",
    "team_access_not_granted": "the token is for another workspace; install the app there",
    "access_denied": "the app may not do this; ask the workspace's owner",
}
_ADVICE = {
    "channel_not_found": "check the channel's name, or invite the bot to it",
    "not_in_channel": "invite the bot: /invite it in the channel",
    "is_archived": "unarchive the channel or name another one",
    "user_disabled": "the account is deactivated; set the person's last day in the people's list",
    "user_not_found": "check the person's Slack id",
    "users_not_found": "check the mail address, or give the person's Slack id",
    "cannot_dm_bot": "give the Slack id of a person, not of a bot",
    "restricted_action": "the workspace does not let the bot post there; ask its owner",
    "no_text": "the message is empty; check the rule's text",
    "msg_too_long": "shorten the message",
    "invalid_blocks": "the message's blocks are wrong; please report it",
}
_MAYBE = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})


class NotConnectedError(OSError):
    """There was no connection, so nothing was sent."""


class GarbledError(Exception):
    """An answer that is not Slack's: a web page, half an answer. `status` is HTTP's."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status


class Client:
    """Slack's methods by name. `call` reads and may try again; `post` acts, and tries again
    only what was certainly not done. A call has `seconds`, all its attempts `waiting`.
    """

    def __init__(
        self, token: str, base_url: str, seconds: float, waiting: float = _WAITING
    ) -> None:
        self._web = _Web(token, base_url, min(seconds, _LONGEST_TIMEOUT))
        self._waiting = waiting

    def limit(self, seconds: float, waiting: float) -> None:
        """From now on a call has so many seconds, all its attempts `waiting`."""
        self._web.limit(max(0.1, min(seconds, _LONGEST_TIMEOUT)))
        self._waiting = waiting

    def call(self, method: str, **args: Any) -> dict[str, Any]:
        """The answer of a method that only reads (or that may safely be repeated).

        Raises AccessDenied, Failed (code: Slack's word) or Temporary.
        """
        return retrying(partial(self._once, method, args, acts=False), self._waiting)

    def post(self, method: str, body: Mapping[str, Any], *, wait: bool = True) -> dict[str, Any]:
        """The answer of a method that acts. Where Slack asks for a short wait, it is tried again
        after that, unless told not to `wait`.

        Raises as `call`, and Unknown when it may have acted although no answer came.
        """
        once = partial(self._once, method, body, acts=True)
        return self._patiently(once) if wait else once()

    def _patiently(self, once: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Wait when Slack asks for a short wait: what it limits it has not done."""
        end = time.monotonic() + self._waiting
        for _ in range(_WAITS):
            try:
                return once()
            except Temporary as error:
                wait = error.retry_after
                if wait is None or wait > _LONGEST_WAIT or time.monotonic() + wait > end:
                    raise
            time.sleep(wait)
        return once()

    def _once(self, method: str, args: Mapping[str, Any], *, acts: bool) -> dict[str, Any]:
        where = f"Slack {method}"
        try:
            if acts:
                reply = self._web.api_call(method, json=dict(args))
            else:
                reply = self._web.api_call(method, params=dict(args))
        except SlackApiError as error:
            _refused(error, where, acts=acts)
        except GarbledError as error:
            raise _garbled(error, where, acts=acts) from error
        except (OSError, http.client.HTTPException) as error:
            raise _lost(error, where, acts=acts) from error
        data = reply.data
        assert isinstance(data, dict)  # `_Web` has seen to it
        return data


def _refused(error: SlackApiError, where: str, *, acts: bool) -> NoReturn:
    """Slack answered that it did not do it, or that it does not know."""
    response = error.response
    word = str(response.get("error") or "")
    status = int(response.status_code)
    if status == 429 or word in ("ratelimited", "rate_limited"):
        headers = {name.lower(): value for name, value in response.headers.items()}
        wait = str(headers.get("retry-after", ""))
        raise Temporary(
            "Slack asks us to wait",
            where=where,
            code="ratelimited",
            retry_after=float(wait) if wait.isascii() and wait.isdigit() else None,
        ) from error
    if status >= 500 or word in _MAYBE or not _WORD.fullmatch(word):
        raise _unsure(
            f"Slack answered {status} {retold(word, 60)}".strip(), where, acts=acts
        ) from error
    if word == "missing_scope":
        needed = str(response.get("needed") or "another scope")
        fix = f"add the scope {needed} to the app and install it again"
        raise AccessDenied("a permission is missing", where=where, fix=fix, code=word) from error
    if word in _REFUSED:
        raise AccessDenied(word, where=where, fix=_REFUSED[word], code=word) from error
    if word.startswith("invalid_"):
        raise Failed(_why(response, word), where=where, fix=_ADVICE.get(word, ""), code=word)
    raise Failed(word, where=where, fix=_ADVICE.get(word, ""), code=word) from error


def _why(response: Any, word: str) -> str:
    """Slack's word, and what it says about it."""
    about = response.get("response_metadata")
    messages = about.get("messages") if isinstance(about, dict) else None
    said = str(messages[0]) if isinstance(messages, list) and messages else ""
    return f"{word}: {retold(said, 200)}" if said else word


def _garbled(error: GarbledError, where: str, *, acts: bool) -> LabtoolError:
    """Something answered that is not Slack, or Slack's answer broke off."""
    if 300 <= error.status < 500 and error.status not in (408, 429):
        fix = "check slack.base_url, and whether a proxy or a login page is in the way"
        return Failed(f"answered {error.status}, not as Slack", where=where, fix=fix, code="slack")
    return _unsure(str(error), where, acts=acts)


def _lost(error: Exception, where: str, *, acts: bool) -> LabtoolError:
    """No answer came."""
    reason = error.reason if isinstance(error, URLError) else error
    why = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    if isinstance(reason, NotConnectedError):
        return Temporary(f"Slack cannot be reached ({why})", where=where, code="slack")
    return _unsure(f"no answer from Slack ({why})", where, acts=acts)


def _unsure(what: str, where: str, *, acts: bool) -> LabtoolError:
    """For an act it may have happened; for a question it does not matter."""
    return (Unknown if acts else Temporary)(what, where=where, code="slack")


class _Web(WebClient):
    """slack_sdk's client over a transfer of our own, without its own retries (they can post
    twice) and without its log (it would repeat our errors).
    """

    def __init__(self, token: str, base_url: str, seconds: float) -> None:
        logger = logging.Logger("slack_sdk", logging.CRITICAL + 1)  # noqa: LOG001  (said to nobody)
        super().__init__(token, base_url, timeout=int(seconds), retry_handlers=[], logger=logger)
        self._seconds = seconds

    def limit(self, seconds: float) -> None:
        """From now on a transfer has so many seconds."""
        self._seconds = seconds

    def _perform_urllib_http_request_internal(
        self, url: str, req: urllib.request.Request
    ) -> dict[str, Any]:
        with Deadline(self._seconds) as deadline:
            proxies = {"http": self.proxy, "https": self.proxy} if self.proxy else {}
            opener = urllib.request.build_opener(
                urllib.request.ProxyHandler(proxies),
                _Http(deadline),
                _Https(deadline),
                _AnyStatus(),
            )
            try:
                with opener.open(req, timeout=self._seconds) as response:
                    return _answer(response.status, response.headers, response.read(_LARGEST))
            except (OSError, http.client.HTTPException) as error:
                if deadline.expired and not _is_unconnected(error):
                    raise TimeoutError(f"{self._seconds:g} s have passed") from error
                raise


def _answer(status: int, headers: Any, raw: bytes) -> dict[str, Any]:
    """An answer as slack_sdk wants it. Raises GarbledError for what is no JSON object."""
    body = raw.decode("utf-8", "replace")
    try:
        whole = isinstance(json.loads(body), dict)
    except ValueError:
        whole = False
    if not whole and status != 429:
        raise GarbledError(status, f"answered {status} with something that is not Slack's JSON")
    return {"status": status, "headers": headers, "body": body if whole else "{}"}


def _is_unconnected(error: Exception) -> bool:
    return isinstance(error, URLError) and isinstance(error.reason, NotConnectedError)


class _AnyStatus(urllib.request.HTTPErrorProcessor):
    """Every status is an answer; redirects are not followed."""

    def http_response(self, request: Any, response: Any) -> Any:
        return response

    https_response = http_response


class _Connect:
    """Part of a connection: says when there is none, and lets the deadline cut it."""

    deadline: Deadline

    def watched(self, connect: Callable[[], None]) -> None:
        try:
            connect()
        except OSError as error:
            raise NotConnectedError(error.errno or 0, error.strerror or str(error)) from error
        # urllib forgets the socket while the answer is still being read from it.
        sock = getattr(self, "sock", None)
        self.deadline.watch(lambda: sock)


class _HttpConnection(_Connect, http.client.HTTPConnection):
    def connect(self) -> None:
        self.watched(super().connect)


class _HttpsConnection(_Connect, http.client.HTTPSConnection):
    def connect(self) -> None:
        self.watched(super().connect)


class _Http(urllib.request.HTTPHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_connection, _HttpConnection, self._deadline), req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_connection, _HttpsConnection, self._deadline), req)


def _connection(
    kind: type[_HttpConnection | _HttpsConnection], deadline: Deadline, host: str, **kwargs: Any
) -> http.client.HTTPConnection:
    connection = kind(host, **kwargs)
    connection.deadline = deadline
    return connection
