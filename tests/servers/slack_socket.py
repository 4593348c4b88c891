"""A Slack that has Socket Mode: what is said goes to the bot over a WebSocket, what the bot posts
is kept, and what it uploads; connections break as they are told to.
"""

import asyncio
import itertools
import json
import time
from typing import Any

from aiohttp import WSMsgType, web

from tests.servers.loop import Loop

TOKEN, APP_TOKEN = "xoxb-socket-test", "xapp-socket-test"
BOT, TEAM, OTHER = "UBOT", "TLAB", "TOTHER"


def _user(name: str, email: str = "", team: str = TEAM, **more: Any) -> dict[str, Any]:
    return {"team_id": team, "profile": {"real_name": name, "email": email, "team": team}, **more}


# Who is of a connected workspace is no stranger: so Slack calls who shares no channel with the
# app. Their workspace says what their mail addresses are.
USERS: dict[str, dict[str, Any]] = {
    "UANN": _user("Ann Lee", "ann@example.org"),
    "UANN55": _user("Ann, without an address"),
    "UBOB": _user("Bob Fox", "bob@example.org"),
    "UGUEST": _user("A Guest", is_restricted=True),
    "UFALSE": _user("A Guest", "ann@example.org", is_ultra_restricted=True),
    "UAWAY": _user("From elsewhere", "ann@example.org", team=OTHER),
    "UGRID": _user("Of the organization", team="TGRID", enterprise_user={"teams": [TEAM]}),
}


class SlackSocket:
    """The server. `posted` are the bot's messages, `acked` the envelopes that it took, `calls`
    the methods that it called, `views` the Home tabs and `updated` the changed messages with
    when that was; `refused` are errors by method, `limited` how many
    seconds it asks to wait. An address for a connection holds once."""

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        self.acked: list[str] = []
        self.calls: list[str] = []
        self.uploaded: list[str] = []
        self.done: list[tuple[str, dict[str, Any]]] = []
        self.shared: list[dict[str, Any]] = []
        self.views: list[tuple[float, str, list[dict[str, Any]]]] = []
        self.updated: list[tuple[float, dict[str, Any]]] = []
        self.refused: dict[str, str] = {}
        self.limited: dict[str, int] = {}
        self.refuse_app = False
        self.down = False
        self._tickets: set[str] = set()
        self._open: list[web.WebSocketResponse] = []
        self._deaf: list[asyncio.BaseTransport] = []
        self._number = itertools.count(1)
        self._loop = Loop()
        self._runner: web.AppRunner | None = None
        self.url = self._loop.call(self._start())

    async def _start(self) -> str:
        app = web.Application()
        app.router.add_post("/api/{method}", self._method)
        app.router.add_get("/link", self._link)
        app.router.add_post("/upload", self._upload)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self._address = f"{host}:{port}"
        return f"http://{self._address}/api/"

    def stop(self) -> None:
        """End it."""
        for transport in self._deaf:
            self._loop.call(_aborted(transport))
        self.cut()
        assert self._runner is not None
        self._loop.call(self._runner.cleanup())
        self._loop.stop()

    @property
    def connected(self) -> bool:
        """Whether a bot is there."""
        return any(not one.closed for one in self._open)

    def say(self, text: str, user: str = "UANN", *, channel: str = "C1", ident: str = "",
            envelope: str = "", direct: bool = False, aloud: bool = False,
            mention: str = f"<@{BOT}> ", **event: Any) -> str:  # fmt: skip
        """Somebody mentions the bot, or writes to it directly, or to all; the envelope's id."""
        number = next(self._number)
        found = {"type": "app_mention", "text": f"{mention}{text}", "user": user,
                 "channel": channel, "ts": f"{number}.000100", **event}  # fmt: skip
        if direct:
            found |= {"type": "message", "channel_type": "im", "text": text, "channel": "D1"}
        if aloud:
            found |= {"type": "message", "channel_type": "channel", "text": text}
        payload = {
            "type": "event_callback",
            "event_id": ident or f"Ev{number}",
            "event": found,
            "authorizations": [{"user_id": BOT}],
        }
        return self.send("events_api", payload, envelope or f"envelope-{number}")

    def press(self, action: str, value: str, user: str = "UANN", *, at: str = "1.2",
              channel: str = "C1", thread: str = "", trigger: str = "",
              team: str = TEAM) -> str:  # fmt: skip
        """Somebody presses a button below a message, or, without a channel, on their Home tab;
        the envelope's id."""
        number = next(self._number)
        payload: dict[str, Any] = {
            "type": "block_actions",
            "trigger_id": trigger or f"trigger-{number}",
            "user": {"id": user, "team_id": team},
            "actions": [{"type": "button", "action_id": action, "value": value,
                         "action_ts": f"{number}.5"}],
        }  # fmt: skip
        if channel:
            text = next((one.get("text", "") for one in self.posted if one.get("ts") == at), "")
            message = {"ts": at, "text": text, **({"thread_ts": thread} if thread else {})}
            payload |= {"channel": {"id": channel}, "message": message}
        return self.send("interactive", payload, f"envelope-{number}")

    def open_home(self, user: str = "UANN") -> str:
        """Somebody opens the app's Home tab."""
        number = next(self._number)
        event = {"type": "app_home_opened", "user": user, "channel": "D1", "tab": "home"}
        payload = {"type": "event_callback", "event_id": f"EvH{number}", "event": event}
        return self.send("events_api", payload, f"envelope-{number}")

    def send(self, kind: str, payload: Any, envelope: str) -> str:
        """Send an envelope to every connection."""
        body = {"type": kind, "envelope_id": envelope, "payload": payload,
                "accepts_response_payload": False}  # fmt: skip
        self._loop.call(self._send(json.dumps(body)))
        return envelope

    def cut(self, *, politely: bool = False, reason: str = "refresh_requested") -> None:
        """Break the connections: with a word before, or as a cable that is pulled."""
        self._loop.call(self._cut(politely=politely, reason=reason))

    def go_deaf(self) -> None:
        """The connections stay open, and nothing comes or goes any more: half open."""
        self._loop.call(self._deafen())

    async def _deafen(self) -> None:
        for one in self._open:
            if one._req is not None and one._req.transport is not None:
                one._req.transport.pause_reading()  # type: ignore[attr-defined]
                self._deaf.append(one._req.transport)
        self._open = []

    async def _send(self, text: str) -> None:
        for one in self._open:
            if not one.closed:
                await one.send_str(text)

    async def _cut(self, *, politely: bool, reason: str) -> None:
        for one in self._open:
            if one.closed:
                continue
            if politely:
                await one.send_str(json.dumps({"type": "disconnect", "reason": reason}))
                await one.close()
            elif one._writer is not None and one._writer.transport is not None:
                one._writer.transport.abort()
        self._open = [one for one in self._open if not one.closed and politely]

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        ticket = request.query.get("ticket", "")
        if self.down or ticket not in self._tickets:
            raise web.HTTPServiceUnavailable
        self._tickets.discard(ticket)
        link = web.WebSocketResponse()
        await link.prepare(request)
        self._open.append(link)
        await link.send_str(json.dumps({"type": "hello", "num_connections": 1}))
        async for message in link:
            if message.type == WSMsgType.TEXT:
                self.acked.append(json.loads(message.data)["envelope_id"])
        return link

    async def _upload(self, request: web.Request) -> web.Response:
        self.uploaded.append(await request.text())
        return web.Response(text="OK")

    async def _method(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        self.calls.append(method)
        if self.down:
            raise web.HTTPServiceUnavailable
        if method in self.limited:
            wait = {"Retry-After": str(self.limited[method])}
            return web.json_response(
                {"ok": False, "error": "ratelimited"}, status=429, headers=wait
            )
        if request.content_type == "application/json":
            given = await request.json()
        else:
            given = {**await request.post()}
        answer = await self._answer(method, given, request.headers.get("Authorization", ""))
        await asyncio.sleep(0)
        return web.json_response(answer)

    async def _answer(self, method: str, given: Any, token: str) -> dict[str, Any]:
        if method == "apps.connections.open":
            if self.refuse_app or APP_TOKEN not in token:
                return {"ok": False, "error": "invalid_auth"}
            ticket = f"{next(self._number)}"
            self._tickets.add(ticket)
            return {"ok": True, "url": f"ws://{self._address}/link?ticket={ticket}"}
        if TOKEN not in token:
            return {"ok": False, "error": "invalid_auth"}
        if method in self.refused:
            return {"ok": False, "error": self.refused[method]}
        if method == "auth.test":
            return {"ok": True, "team_id": TEAM, "team": "Lab", "user": "labbot"}
        if method == "users.info":
            user = USERS.get(str(given.get("user")))
            return {"ok": True, "user": user} if user else {"ok": False, "error": "user_not_found"}
        if method == "chat.postMessage":
            if any(not _is_block(block) for block in given.get("blocks", ())):
                why = {"messages": ["[ERROR] missing required field: text"]}
                return {"ok": False, "error": "invalid_blocks", "response_metadata": why}
            at = f"{time.time():.6f}"
            self.posted.append({**given, "ts": at})
            return {"ok": True, "channel": given["channel"], "ts": at}
        return self._changed(method, given) or self._else(method, given)

    def _changed(self, method: str, given: Any) -> dict[str, Any] | None:
        if method == "chat.update":
            self.updated.append((time.monotonic(), {**given}))
            return {"ok": True, "channel": given["channel"], "ts": given["ts"]}
        if method == "views.publish":
            self.views.append((time.monotonic(), given["user_id"], given["view"]["blocks"]))
            return {"ok": True}
        if method in ("reactions.add", "conversations.join"):
            self.done.append((method, {**given}))
            return {"ok": True}
        return None

    def _else(self, method: str, given: Any) -> dict[str, Any]:
        if method == "users.lookupByEmail":
            return {"ok": True, "user": {"id": "UANN"}}
        if method == "conversations.open":
            return {"ok": True, "channel": {"id": f"D{given['users']}"}}
        if method == "chat.getPermalink":
            where = f"{given['channel']}/p{given['message_ts']}"
            return {"ok": True, "permalink": f"https://lab.example/{where}"}
        if method == "conversations.list":
            return {"ok": True, "channels": [{"id": "CGEN", "name": "general"}]}
        if method == "files.getUploadURLExternal":
            url = f"http://{self._address}/upload"
            return {"ok": True, "upload_url": url, "file_id": f"F{next(self._number)}"}
        if method == "files.completeUploadExternal":
            self.shared.append({**given, "content": self.uploaded[-1]})
            return {"ok": True, "files": given["files"]}
        if method in ("conversations.history", "conversations.replies"):
            here = [one for one in self.posted if one["channel"] == given.get("channel")]
            return {"ok": True, "messages": here[::-1], "has_more": False}
        return {"ok": True}


def _is_block(block: Any) -> bool:
    """Whether Slack would take it, as far as these tests go."""
    kind = block.get("type") if isinstance(block, dict) else None
    return kind is not None and (kind != "section" or "text" in block or "fields" in block)


async def _aborted(transport: asyncio.BaseTransport) -> None:
    transport.abort()  # type: ignore[attr-defined]
