"""`labtool cache`: ask what is due, keep what is answered."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from labtool.core import kept
from labtool.core.clock import from_iso, iso
from labtool.core.config import Config
from labtool.core.database import Database, Marks
from labtool.core.errors import LabtoolError, Temporary
from labtool.core.run import bug
from labtool.core.task import Run
from labtool.tasks.cache.due import chosen
from labtool.tasks.cache.history import History
from labtool.tasks.cache.refresh import Job, Outcome, ask_all
from labtool.tasks.cache.sane import sane
from labtool.tasks.cache.section import Cache
from labtool.tasks.cache.sources._base import Answer, Question, SourceOptions
from labtool.tasks.cache.telling import Who, tell

# Seconds.
_MOMENT, _DAY = 60.0, 86400.0


class Waiting(Protocol):
    """Shows a person what is waited for."""

    def show(self, name: str, text: str) -> None:
        """How far a source is."""

    def done(self, name: str) -> AbstractContextManager[None]:
        """It has come; inside, something may be printed."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which sources: by name, by beat, or those that are due; `force` asks those that are
    not due as well, and lets none answer that nothing changed."""

    names: tuple[str, ...] = ()
    every: timedelta | None = None
    force: bool = False


def folder(config: Config) -> Path:
    """Where the cache files are."""
    return config.state / "cache"


def sources(config: Config) -> dict[str, SourceOptions]:
    """The sources that the config names. Raises ConfigError."""
    return config.section("cache", Cache).sources


def refresh(run: Run, wish: Wish, who: Who, waiting: Waiting) -> None:
    """Ask the chosen sources; each answer is kept as it comes. One that fails is an error of
    the run, and its old answer stays. `who` hears of alarms and of credentials that will run
    out; `waiting` shows what is waited for. Raises UsageError."""
    every = sources(run.config)
    memory = _Memory(run.database)
    now = run.clock.now()
    tried = {name: moment for name in every if (moment := memory.tried(name))}
    names = chosen(every, tried, now, names=wish.names, every=wish.every, force=wish.force)
    if run.dry_run:
        run.shown = True
        run.result["would ask"] = names
        return
    for name in names:
        every[name].prepare()
        waiting.show(name, "asked")
    asking = _Asking(run.config, memory, now, waiting, wish.force)
    jobs = [asking.job(name, every[name]) for name in names]
    history = History(run.database)
    for outcome in ask_all(jobs):
        with waiting.done(outcome.name):
            _keep(run, every[outcome.name], outcome, memory, history)
        if outcome.answer:
            tell(run, outcome.name, outcome.answer, who)


@dataclass(frozen=True, slots=True)
class _Asking:
    """What every source is asked with."""

    config: Config
    memory: "_Memory"
    now: datetime
    waiting: Waiting
    force: bool

    def job(self, name: str, source: SourceOptions) -> Job:
        """How a source is asked."""
        seconds = source.timeout.total_seconds()
        # What was remembered goes with the file: without one, all is asked for.
        last = kept.load(folder(self.config), name)
        before = last.data if last and (last.kind, last.schema) == _shape(source) else None
        known = {} if self.force or before is None else self.memory.of(name)
        question = Question(
            name, self.config, self.now, seconds, known, before, partial(self.waiting.show, name)
        )
        return Job(name, lambda: sane(source.fetch, question), seconds)


def _shape(source: SourceOptions) -> tuple[str, int]:
    return source.kind, source.schema_version


def _keep(
    run: Run, source: SourceOptions, outcome: Outcome, memory: "_Memory", history: History
) -> None:
    name, now = outcome.name, run.clock.now()
    place = folder(run.config)
    run.looked_at.add(_topic(name))
    if isinstance(outcome.answer, Answer):
        answer = outcome.answer
        found = kept.Kept(
            name, source.kind, source.schema_version, iso(now), ok=True, error="", data=answer.data
        )
        kept.store(place, found)
        with run.database.write():
            if memory.is_new_day(name, now):
                history.thin(name, run.config.section("cache", Cache).history, now)
            memory.note(name, now, failures=0, of=answer.memory)
            history.add(name, answer.numbers, now)
        run.counts["refreshed"] += 1
        for problem in answer.problems:
            run.fail(_of(name, problem))
        return
    error = outcome.error
    known = error if isinstance(error, LabtoolError) else bug(error or Exception(), run.task)
    _of(name, known)
    _say_until(known, now, run.config.core.lab.timezone)
    kept.store(place, kept.failed(place, name, source.kind, source.schema_version, str(known)))
    memory.note(name, now, failures=memory.failures(name) + 1, of=memory.of(name))
    run.counts["failed"] += 1
    run.fail(known)


def _say_until(error: LabtoolError, now: datetime, zone: ZoneInfo) -> None:
    """Say how long a vendor wants to be left alone, where that is longer than a moment."""
    wait = error.retry_after if isinstance(error, Temporary) else None
    if wait is not None and wait > _MOMENT and "until" not in error.what:
        again = (now + timedelta(seconds=min(wait, _DAY))).astimezone(zone)
        error.what += f", and wants to be left alone until {again:%H:%M}"


def _of(name: str, error: LabtoolError) -> LabtoolError:
    error.topic = _topic(name)
    if not error.where.startswith("cache "):
        error.where = f"cache {name}: {error.where}".removesuffix(": ")
    return error


def _topic(name: str) -> str:
    return f"cache {name}"


@dataclass(frozen=True, slots=True)
class Line:
    """One source for `cache list`."""

    name: str
    source: SourceOptions
    kept: kept.Kept | None
    tried: datetime | None
    failures: int


def lines(config: Config, database: Database, names: Collection[str] = ()) -> Iterator[Line]:
    """The sources, with what is kept of them."""
    memory = _Memory(database)
    for name, source in sources(config).items():
        if not names or name in names:
            found = kept.load(folder(config), name)
            yield Line(name, source, found, memory.tried(name), memory.failures(name))


class _Memory:
    """When each source was asked, how often it failed since it answered, and what it wants
    to know the next time."""

    def __init__(self, database: Database) -> None:
        self._marks = Marks(database, "cache")

    def tried(self, name: str) -> datetime | None:
        at = self._read(name).get("tried")
        return from_iso(at) if isinstance(at, str) else None

    def is_new_day(self, name: str, now: datetime) -> bool:
        """Whether it was not asked yet on this day (UTC)."""
        last = self.tried(name)
        return last is None or last.date() != now.date()

    def failures(self, name: str) -> int:
        return int(self._read(name).get("failures", 0))

    def of(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._read(name).get("memory", {})
        return found

    def note(self, name: str, now: datetime, *, failures: int, of: Mapping[str, Any]) -> None:
        value = {"tried": iso(now), "failures": failures, "memory": dict(of)}
        self._marks.put(name, json.dumps(value), iso(now))

    def _read(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._marks.get(name) or "{}")
        return found
