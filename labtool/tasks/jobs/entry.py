"""A job in the queue, who asked for it, and what was asked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked, and where the answer goes: names for people, ids for Slack; `yes`: somebody has
    confirmed it; `origin`: where it comes from, if no person said it here; `link`: the address of
    what they said."""

    name: str
    user: str = ""
    channel: str = ""
    thread: str = ""
    yes: bool = False
    origin: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants to run, not before `due`."""

    type: str
    key: str
    arguments: Mapping[str, str]
    asker: Asker
    due: float


@dataclass(frozen=True, slots=True)
class Entry:
    """A job in the queue, or what became of it. A `worker` is called HOST/ID."""

    id: int
    type: str
    key: str
    arguments: dict[str, str]
    asker: Asker
    state: str
    created: float
    due: float
    started: float | None
    ended: float | None
    attempts: int
    worker: str
    token: str
    stop: str
    status: int | None
    reason: str


def read_asker(text: str) -> Asker:
    """Who asked, as it is kept."""
    return Asker(**json.loads(text))


def entry_of(row: Row) -> Entry:
    """A job, from its row."""
    values: dict[str, Any] = dict(row)
    values["arguments"] = json.loads(values["arguments"])
    values["asker"] = read_asker(values["asker"])
    del values["lease"]
    return Entry(**values)
