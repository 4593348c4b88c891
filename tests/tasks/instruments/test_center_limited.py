"""Bodies that are read: of whom may, and not too many at once."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from labtool.services.web import Limited

MOST = 1000


async def _length(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)))(scope, receive, send)


class Asked:
    """One request: its parts are taken out of `parts` as they are read."""

    def __init__(self, parts: list[bytes], token: str = "") -> None:
        self.parts, self.read, self.sent = parts, 0, list[Message]()
        given = [(b"authorization", token.encode())] if token else []
        self.scope: Any = {"type": "http", "method": "POST", "path": "/", "headers": given}
        self.goes_on = asyncio.Event()

    async def receive(self) -> Message:
        if self.read == len(self.parts):
            await self.goes_on.wait()
            return {"type": "http.disconnect"}
        self.read += 1
        more = self.read < len(self.parts) or not self.goes_on.is_set()
        return {"type": "http.request", "body": self.parts[self.read - 1], "more_body": more}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def answer(self) -> tuple[int, bytes]:
        return self.sent[0]["status"], self.sent[1]["body"]


def limited(together: int = 10 * MOST, let_in: Callable[[str], bool] | None = None) -> Limited:
    return Limited(_length, MOST, together, let_in)


def asked(app: Limited, *parts: bytes, token: str = "") -> Asked:
    async def ask() -> Asked:
        one = Asked(list(parts), token)
        one.goes_on.set()
        await app(one.scope, one.receive, one.send)
        return one

    return asyncio.run(ask())


def test_no_body_is_read_of_a_stranger() -> None:
    app = limited(let_in="right".__eq__)
    for token in ("", "wrong"):
        one = asked(app, b"x" * 10, b"x" * 5000, token=token)
        assert (one.answer, one.read) == ((200, b"0"), 0)
    assert asked(app, b"x" * 10, b"x" * 10, token="right").answer == (200, b"20")


def test_a_body_that_is_too_large_is_refused() -> None:
    assert asked(limited(), b"x" * MOST).answer == (200, b"1000")
    one = asked(limited(), b"x" * MOST, b"x", b"x")
    assert (one.answer[0], one.read) == (413, 2)


def test_bodies_under_way_are_bounded_together() -> None:
    async def all_at_once() -> list[int]:
        app = limited(together=2 * MOST + 10)
        slow = [Asked([b"x" * MOST]) for _ in range(2)]
        tasks = [asyncio.create_task(app(o.scope, o.receive, o.send)) for o in slow]
        await asyncio.sleep(0)
        statuses = []
        for _ in range(2):
            one = Asked([b"x" * 500])
            one.goes_on.set()
            await app(one.scope, one.receive, one.send)
            statuses.append(one.answer[0])
            for each in slow:
                each.goes_on.set()  # they go away
            await asyncio.gather(*tasks)
        return statuses

    assert asyncio.run(all_at_once()) == [503, 200]
