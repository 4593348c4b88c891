"""A vendor's good answers with one thing in them changed: whatever it is, a source answers
something of the types that it documents, which can be kept and shown and which the next refresh
can go on from, or fails as sources fail. LABTOOL_FUZZ_SEED gives other changes.
"""

import copy
import json
import os
import random
import re
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web

from labtool.core.config import load
from labtool.core.errors import LabtoolError
from labtool.tasks.cache import views
from labtool.tasks.cache.pages.plots import of_lines
from labtool.tasks.cache.sane import sane
from labtool.tasks.cache.sources._base import Answer, Question
from labtool.tasks.cache.task import sources
from labtool.tasks.sections import SECTIONS
from tests.lab import Lab
from tests.servers.faults import Exchange, Fault
from tests.tasks.cache.stands import Stand, kinds, stand

pytestmark = pytest.mark.xdist_group("odd answers")

# How many changes to each kind's answers, as far as the time (seconds) goes.
CHANGES, BUDGET = 60, 6.0
# How many changes to what was kept, which are quick to show and slow to go on from.
SHOWN, GONE_ON = 400, 8
MISSING = object()
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e\ud800"
ODD = [
    *(None, True, 0, -1, 2**70, float("inf"), float("nan")),
    *("", "x" * 10_000, HOSTILE, "2026-99-99", "1e999", "\n../../etc"),
    *([], {}, [[]], [None], {"a": 1}, 10**17, 1e308, -5.5, "text", ["text"], {"text": ["x"]}),
    *("9" * 400, False, "2026-11-20T10:00:00Z", "9999-12-31T23:59:59+00:00", "0001-01-01"),
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


# What may stand in an element of XML, and for a line of a calendar.
ODD_TEXT = (None, None, "", "text", "-1", "9" * 30, "true", "2026-99-99", "NaN", "x" * 5000,
            "&lt;script&gt;&#x202e;")  # fmt: skip
ODD_LINES = (
    *(None, "DTSTART:99999999T999999Z", "DTEND:19700101", "DTSTART:00010101", "DTEND:99991231"),
    *("SUMMARY:\u202e<script>\x1b[31m", "LOCATION:\u202e<script>\x1b[31m", "UID:", "EXDATE:x"),
    *("RRULE:FREQ=DAILY;COUNT=0", "RRULE:FREQ=YEARLY;BYYEARDAY=400", "DURATION:P9999999999D"),
    *("DTSTART;VALUE=DATE:20261201", "RECURRENCE-ID:20261201"),
    "DTSTART;TZID=Nowhere/None:20261201T100000",
)


def changed_text(chance: random.Random, text: str) -> tuple[str, str]:
    """XML with an element, or a calendar with a line, that is another or not there."""
    if "<" in text[:200]:
        elements = list(re.finditer(r"<([\w:]+)>([^<]*)</\1>", text))
        if not elements:
            return text, "nothing"
        found, new = chance.choice(elements), chance.choice(ODD_TEXT)
        inner = "" if new is None else f"<{found[1]}>{new}</{found[1]}>"
        return text[: found.start()] + inner + text[
            found.end() :
        ], f"{found[0][:60]} -> {inner[:60]}"
    lines = text.splitlines()
    at, new = chance.randrange(len(lines)), chance.choice(ODD_LINES)
    what = f"line {at} {lines[at][:30]!r} -> {new!r}"
    return "\r\n".join([*lines[:at], *([] if new is None else [new]), *lines[at + 1 :], ""]), what


def change(chance: random.Random, told: list[str]) -> Fault:
    """One thing in one answer changed; what it was goes to `told`."""

    async def act(exchange: Exchange) -> web.StreamResponse:
        response = await exchange.forward()
        raw = response.body if isinstance(response, web.Response) else b""
        body = raw if isinstance(raw, bytes) else b""
        kind = response.headers.get("Content-Type", "application/octet-stream")
        headers = {
            name: text
            for name, text in response.headers.items()
            if name.lower() not in ("content-length", "content-type")
        }
        try:
            value = json.loads(body)
        except ValueError:
            new_text, what = changed_text(chance, body.decode("utf-8", "replace"))
            new_body = new_text.encode("utf-8", "replace")
        else:
            path, new = chance.choice(list(places(value))), chance.choice(ODD)
            what = f"{path}: {'missing' if new is MISSING else repr(new)[:60]}"
            new_body = json.dumps(changed(value, path, new)).encode()
        told.append(f"{exchange.request.path} {what}")
        headers["Content-Type"] = kind
        return web.Response(body=new_body, status=response.status, headers=headers)

    return Fault("changed", act)


# Objects whose keys are names of the lab's, or of a vendor's.
_BY_NAME = frozenset({"series", "by_day", "sheets", "read"})
# Kinds whose data is whatever somebody else answers.
_OPEN_KINDS = frozenset({"http-json", "command"})


def types(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], set[str]]:
    """The types at each place of a document."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    found = {path: {"number" if number else type(value).__name__}}
    inner: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        named = bool(path) and (path[-1] in _BY_NAME or path[:1] == ("series",))
        inner = [("*" if named else key, part) for key, part in value.items()]
    elif isinstance(value, list):
        inner = [("[]", part) for part in value]
    for key, part in inner:
        for place, kinds_of in types(part, (*path, key)).items():
            found.setdefault(place, set()).update(kinds_of)
    return found


def is_of_types(data: Any, good: dict[tuple[str, ...], set[str]], told: list[str]) -> None:
    """Each place that is known has the type that it has in a good answer, or is null."""
    for place, found in types(data).items():
        known = good.get(place, set()) - {"NoneType"}
        assert not known or found <= known | {"NoneType"}, (place, known, found, told)


def is_shown(kind: str, data: Any, told: list[str]) -> None:
    for public in (False, True):
        try:
            for lines in views.view(kind, data, public=public).lines:
                of_lines(lines, ZoneInfo("Pacific/Kiritimati"))
        except Exception as error:
            raise AssertionError(f"no page after {told}") from error


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

        def question(memory: dict[str, Any], before: Any) -> Question:
            return Question("source", config, datetime.now(UTC), 20.0, memory, before)

        def ask(memory: dict[str, Any], before: Any = None) -> Answer:
            return sane(source.fetch, question(memory, before))

        first = kept(ask({}))
        good = {} if world.kind in _OPEN_KINDS else types(first)
        requests = len(world.proxy.requests)
        chance = random.Random(world.kind + os.environ.get("LABTOOL_FUZZ_SEED", ""))
        begun = time.monotonic()
        for number in range(SHOWN):
            path, new = chance.choice(list(places(first))), chance.choice(ODD)
            old = changed(first, path, new)
            told = [f"{path}: {new!r}"]
            is_shown(world.kind, json.loads(json.dumps(old)), told)
            if number < GONE_ON and time.monotonic() < begun + BUDGET / 2:
                # What was kept may be of another labtool, or edited.
                is_of_types(kept(source.fetch(question({}, old))), good, told)
        end = begun + BUDGET
        for _ in range(CHANGES):
            if time.monotonic() > end:
                break
            world.reset()
            told = []
            order, which = iter(range(10_000)), chance.randrange(requests)
            world.proxy.inject(
                change(chance, told),
                times=1,
                match=lambda _, order=order, which=which: next(order) == which,  # type: ignore[misc]  # mypy cannot tell what a default is
            )
            try:
                answer = ask({}, chance.choice([None, first]))
            except LabtoolError as error:
                is_fit_to_print(error, told)
                continue
            for problem in answer.problems:
                is_fit_to_print(problem, told)
            data = kept(answer)
            is_of_types(data, good, told)
            is_shown(world.kind, data, told)
            world.reset()
            memory = json.loads(json.dumps(dict(answer.memory)))
            is_of_types(kept(ask(memory, data)), good, told)


def kept(answer: Answer) -> Any:
    """The data as it is read again from its file."""
    json.dumps(dict(answer.numbers), allow_nan=False)
    return json.loads(json.dumps(answer.data, allow_nan=False))
