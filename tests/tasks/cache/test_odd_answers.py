"""A vendor's good answers with one thing in them changed: whatever it is, a source answers
something that can be kept and shown, or fails as sources fail."""

import copy
import json
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from labtool.core.config import load
from labtool.core.errors import LabtoolError
from labtool.tasks.cache import views
from labtool.tasks.cache.sane import sane
from labtool.tasks.cache.sources._base import Answer, Question
from labtool.tasks.cache.task import sources
from labtool.tasks.sections import SECTIONS
from tests.lab import Lab
from tests.servers.faults import Exchange, Fault
from tests.tasks.cache.stands import Stand, kinds, stand

pytestmark = pytest.mark.xdist_group("odd answers")

# How many changes to each kind's answers, as far as the time (seconds) goes.
CHANGES, BUDGET = 50, 6.0
MISSING = object()
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e\ud800"
ODD = [
    *(None, True, 0, -1, 2**70, float("inf"), float("nan")),
    *("", "x" * 10_000, HOSTILE, "2026-99-99", "1e999", "\n../../etc"),
    *([], {}, [[]], [None], {"a": 1}),
    *[MISSING] * 4,
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something can be changed."""
    yield path
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value[:6])
        if isinstance(value, list)
        else ()
    )
    for key, part in inner:
        yield from places(part, (*path, key))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The answer with one thing changed."""
    if not path:
        return None if new is MISSING else new
    value = copy.deepcopy(value)
    at = value
    for key in path[:-1]:
        at = at[key]
    if new is MISSING:
        del at[path[-1]]
    else:
        at[path[-1]] = new
    return value


def change(chance: random.Random, told: list[str]) -> Fault:
    """One thing in one answer changed; what it was goes to `told`."""

    async def act(exchange: Exchange) -> web.StreamResponse:
        response = await exchange.forward()
        body = response.body if isinstance(response, web.Response) else b""
        try:
            value = json.loads(body)  # type: ignore[arg-type]
        except ValueError:
            return response
        path, new = chance.choice(list(places(value))), chance.choice(ODD)
        what = "missing" if new is MISSING else repr(new)[:60]
        told.append(f"{exchange.request.path} {path}: {what}")
        headers = {
            name: text
            for name, text in response.headers.items()
            if name.lower() not in ("content-length", "content-type")
        }
        raw = json.dumps(changed(value, path, new)).encode()
        return web.Response(
            body=raw, status=response.status, headers=headers, content_type="application/json"
        )

    return Fault("changed", act)


def is_fit_to_print(error: LabtoolError, told: list[str]) -> None:
    assert str(error).isprintable(), (told, error)
    assert len(str(error)) < 1000, (told, error)


@pytest.fixture(params=kinds())
def world(request: pytest.FixtureRequest) -> Iterator[Stand]:
    made = stand(request.param)
    made.start()
    made.reset()
    yield made
    made.stop()


def test_no_answer_trips_us(world: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder))
        for name, secret in world.env().items():
            monkeypatch.setenv(name, secret)
        # Patience is for other tests.
        settings = world.config(lab.folder)
        settings["cache"]["source"].setdefault("timeout", "20s")
        lab.configure(settings)
        config = load(lab.config_file, SECTIONS)
        source = sources(config)["source"]
        source.prepare()

        def ask(memory: dict[str, Any]) -> Answer:
            return sane(source.fetch, Question("source", config, datetime.now(UTC), 20.0, memory))

        ask({})
        requests = len(world.proxy.requests)
        chance = random.Random(world.kind)
        end = time.monotonic() + BUDGET
        for _ in range(CHANGES):
            if time.monotonic() > end:
                break
            world.reset()
            told: list[str] = []
            order, which = iter(range(10_000)), chance.randrange(requests)
            world.proxy.inject(
                change(chance, told),
                times=1,
                match=lambda _, order=order, which=which: next(order) == which,
            )
            try:
                answer = ask({})
            except LabtoolError as error:
                is_fit_to_print(error, told)
                continue
            kept = json.loads(json.dumps(answer.data, allow_nan=False))
            json.dumps(dict(answer.numbers), allow_nan=False)
            for public in (False, True):
                try:
                    views.view(world.kind, kept, public=public)
                except Exception as error:
                    raise AssertionError(f"no page after {told}") from error
            try:
                ask(json.loads(json.dumps(dict(answer.memory))))
            except LabtoolError as error:
                is_fit_to_print(error, told)
