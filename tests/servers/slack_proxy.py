"""The proxy in front of emulate: what emulate gets wrong, answered as Slack would.

Mended here, since a program could wrongly rely on it:

- any token is accepted; here every other than `TOKEN` is `invalid_auth`;
- `#name` is `channel_not_found` in `chat.postMessage`; Slack takes it;
- a bot may post anywhere; here `#outside`, which it has not joined, is `not_in_channel`;
- `conversations.history` ignores `oldest`, `latest` and `inclusive`, and returns metadata
  although `include_all_metadata` was not asked for;
- nobody can be seeded as deactivated, and `users.list` would leave them out; here Dee Moss
  is: `users.lookupByEmail` does not find her and `conversations.open` says `user_disabled`;
- after 5000 requests a token is limited for an hour; here tokens take turns.
"""

import itertools
import json
from typing import Any

from aiohttp import web

from tests.servers.http import Seen, decoded
from tests.servers.proxy import Proxy

TOKEN = "xoxb-labtool-test"
DOMAIN = "lab.example"
DEACTIVATED = "dee"
OUTSIDE = "outside"
# What emulate is asked with; the first of them is the one that programs have.
TOKENS = [TOKEN, *(f"{TOKEN}-{n}" for n in range(1, 40))]

_REQUESTS_A_TOKEN = 4000


class SlackProxy(Proxy):
    """Answers as Slack would where emulate does not."""

    def __init__(self) -> None:
        super().__init__()
        self.handler = self.forward_as_slack
        self.directory: dict[str, str] = {}
        self._count = itertools.count()

    def next_token(self) -> str:
        """The token for one more request to emulate."""
        return TOKENS[next(self._count) // _REQUESTS_A_TOKEN % len(TOKENS)]

    async def forward_as_slack(self, request: web.Request) -> web.StreamResponse:
        body = decoded(request.content_type, await request.read())
        seen = Seen(request.method, request.path, dict(request.query), {}, body)
        if seen.path.startswith("/upload/"):
            return await self.forward(request)
        args = seen.args
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if (given or args.get("token")) not in (TOKEN, None):
            return web.json_response({"ok": False, "error": "invalid_auth"})
        refused = self._refused(seen.name, args)
        if refused:
            return web.json_response({"ok": False, "error": refused})
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if given or "token" in args:
            headers["Authorization"] = f"Bearer {self.next_token()}"
        if seen.name == "chat.postMessage":
            args["channel"] = str(args.get("channel", "")).removeprefix("#")
        answer = await self.forward(request, body=json.dumps(args).encode(), headers=headers)
        return _mend(seen.name, args, answer)

    def _refused(self, method: str, args: dict[str, Any]) -> str:
        """The error that Slack has for a call, where emulate has none."""
        gone = self.directory.get("@" + DEACTIVATED, "")
        outside = (OUTSIDE, "#" + OUTSIDE, self.directory.get("#" + OUTSIDE))
        if method == "conversations.open" and gone in str(args.get("users", "")).split(","):
            return "user_disabled"
        if method == "users.lookupByEmail" and args.get("email") == f"{DEACTIVATED}@{DOMAIN}":
            return "users_not_found"
        if method in ("chat.postMessage", "conversations.history"):
            if args.get("channel") in outside:
                return "not_in_channel"
            if args.get("channel") == gone:
                return "channel_not_found"
        return ""


def _mend(method: str, args: dict[str, Any], answer: web.Response) -> web.StreamResponse:
    """The answer with what emulate leaves out or adds."""
    if answer.content_type != "application/json" or not isinstance(answer.body, bytes):
        return answer
    reply = json.loads(answer.body)
    if method == "conversations.history" and reply.get("ok"):
        reply["messages"] = [m for m in reply["messages"] if _within(m["ts"], args)]
        if str(args.get("include_all_metadata", "")).lower() not in ("1", "true"):
            for message in reply["messages"]:
                message.pop("metadata", None)
    users = [*reply.get("members", []), reply.get("user")]
    for user in users:
        if isinstance(user, dict) and user.get("name") == DEACTIVATED:
            user["deleted"] = True
    return web.json_response(reply, status=answer.status)


def _within(ts: str, args: dict[str, Any]) -> bool:
    """Whether `oldest` and `latest` admit a message; `inclusive` admits their own."""
    at = float(ts)
    oldest = float(args.get("oldest") or 0)
    latest = float(args.get("latest") or "inf")
    if str(args.get("inclusive", "")).lower() in ("1", "true"):
        return oldest <= at <= latest
    return oldest < at < latest
