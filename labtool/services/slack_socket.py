"""Slack's Socket Mode (docs.slack.dev/apis/events-api/using-socket-mode): events come over a
connection that we open, so that nobody has to reach us.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web import WebClient

from labtool.core.errors import AccessDenied, Temporary
from labtool.core.masking import retold

# Given an envelope's type and payload: whether it is kept, so that it may be acknowledged.
Receive = Callable[[str, dict[str, Any]], bool]
_REFUSED = ("invalid_auth", "not_authed", "token_revoked", "account_inactive",
            "not_allowed_token_type", "missing_scope")  # fmt: skip
# Seconds: between pings, which tell a dead connection; how long a connection may be down before
# it is opened anew from here.
_PING, _DOWN, _TIMEOUT = 3.0, 6.0, 15


class Socket:
    """A connection that opens itself again after every kind of break."""

    def __init__(self, token: str, base_url: str, receive: Receive) -> None:
        self._receive = receive
        quiet = logging.getLogger("labtool.slack_socket")
        quiet.setLevel(logging.CRITICAL + 1)
        web = WebClient(token=token, base_url=base_url, timeout=_TIMEOUT, logger=quiet)
        self._client = SocketModeClient(
            app_token=token, web_client=web, logger=quiet, ping_interval=_PING
        )
        self._client.socket_mode_request_listeners.append(self._take)
        self._lost = time.monotonic()

    def connect(self) -> None:
        """Open it, at a new address each time: Slack's hold once. Raises AccessDenied where the
        token is refused, and Temporary."""
        try:
            self._client.connect_to_new_endpoint()
        except SlackApiError as error:
            said = str(error.response.get("error", "")) if error.response else ""
            if said in _REFUSED:
                fix = "copy the app-level token (xapp-...) again; it needs connections:write"
                what = f"refuses the app token ({said})"
                raise AccessDenied(what, where="Slack", fix=fix, code=said) from None
            raise Temporary(f"opens no connection ({said})", where="Slack", code="slack") from None
        except (SlackClientError, OSError, ValueError) as error:
            what = f"cannot be reached ({retold(str(error), 100)})"
            raise Temporary(what, where="Slack", code="slack") from None
        self._lost = time.monotonic()

    def look(self) -> float:
        """For how many seconds it has been down; one that stays so is opened anew. Raises
        AccessDenied where the token is refused."""
        if self._client.is_connected():
            self._lost = time.monotonic()
            return 0.0
        down = time.monotonic() - self._lost
        if down > _DOWN:
            before = self._lost
            with suppress(Temporary):
                self.connect()
            self._lost = before
        return down

    def close(self) -> None:
        """Let go of it."""
        with suppress(Exception):
            self._client.close()

    def _take(self, client: Any, request: SocketModeRequest) -> None:
        """Keep, then acknowledge: what is not acknowledged comes again."""
        payload = request.payload if isinstance(request.payload, dict) else {}
        if self._receive(request.type, payload):
            client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
