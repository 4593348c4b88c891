"""`labtool cache`: ask what is due, keep what is answered."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from labtool.core import kept
from labtool.core.clock import from_iso
from labtool.core.config import Config
from labtool.core.config.types import show_duration
from labtool.core.database import Database
from labtool.core.files import make_private
from labtool.core.service import tried
from labtool.core.task import Run
from labtool.core.text import counted
from labtool.tasks.cache.due import chosen
from labtool.tasks.cache.keeping import folder, keep, topic
from labtool.tasks.cache.memory import Memory
from labtool.tasks.cache.refresh import Ask, Job, Outcome, ask_all
from labtool.tasks.cache.sane import sane
from labtool.tasks.cache.section import Cache
from labtool.tasks.cache.sources._base import Answer, Question, SourceOptions
from labtool.tasks.cache.telling import Who, tell
from labtool.tasks.cache.turns import Turn
from labtool.tasks.cache.upkeep import forget_kind, once_a_day, sweep


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


def sources(config: Config) -> dict[str, SourceOptions]:
    """The sources that the config names. Raises ConfigError."""
    return config.section("cache", Cache).sources


def refresh(run: Run, wish: Wish, who: Who, waiting: Waiting) -> None:
    """Ask the chosen sources, but for those that another run asks now; each answer is kept as
    it comes. One that fails is an error of the run, and its old answer stays. `who` hears of
    alarms and of credentials that will run out, once all is kept; `waiting` shows what is
    waited for. Raises UsageError."""
    every = sources(run.config)
    names = _chosen(run, every, wish)
    if run.dry_run:
        run.shown = True
        run.result["would ask"] = names
        return
    make_private(folder(run.config))
    asking = _Asking(run, wish, waiting)
    jobs = [job for name in names if (job := asking.job(name, every[name]))]
    answers: list[tuple[str, Answer]] = []
    for outcome in ask_all(jobs, clock=run.clock.now):
        with waiting.done(outcome.name):
            keep(run, every[outcome.name], outcome)
        asking.kept(outcome.name)
        if outcome.answer:
            answers.append((outcome.name, outcome.answer))
    for name, answer in answers:
        tried(run, topic(name), partial(tell, run, name, answer, who))
    longest = run.config.section("cache", Cache).history
    place, now = folder(run.config), run.clock.now()
    tried(run, run.task.scope, partial(once_a_day, place, every, run.database, longest, now))


def _chosen(run: Run, every: Mapping[str, SourceOptions], wish: Wish) -> list[str]:
    memory = Memory(run.database)
    known = {name: memory.get(name) for name in every}
    # Of the kind that a source had before, nothing is known of the one that it has.
    last = {
        name: found.tried
        for name, found in known.items()
        if found.tried and found.kind in ("", every[name].kind)
    }
    return chosen(
        every, last, run.clock.now(), names=wish.names, every=wish.every, force=wish.force
    )


class _Asking:
    """What every source is asked with, and whose turn it is."""

    def __init__(self, run: Run, wish: Wish, waiting: Waiting) -> None:
        self._run, self._wish, self._waiting = run, wish, waiting
        self._turns: dict[str, Turn] = {}

    def job(self, name: str, source: SourceOptions) -> Job | None:
        """How a source is asked; None where another run does, or cannot be."""
        run = self._run
        turn = Turn.take(run.config.state, name)
        if turn is None:
            run.counts["being asked already"] += 1
            return None
        wish = self._wish
        if not (wish.names or wish.every or wish.force or _chosen(run, {name: source}, wish)):
            turn.give_back()  # another run has asked it just now
            return None
        try:
            ask = self._asked(name, source)
        except Exception as error:  # noqa: BLE001  (a part of the run boundary, for one source)
            keep(run, source, Outcome(name, None, error, run.clock.now(), 0.0))
            turn.give_back()
            return None
        self._turns[name] = turn
        self._waiting.show(name, "asked")

        def asked(now: datetime) -> Answer:
            try:
                return ask(now)
            finally:
                turn.done()

        return Job(name, asked, source.timeout.total_seconds())

    def kept(self, name: str) -> None:
        """Its outcome is kept."""
        self._turns[name].done()

    def _asked(self, name: str, source: SourceOptions) -> Ask:
        config, place = self._run.config, folder(self._run.config)
        source.prepare()
        sweep(place, name)
        remembered = Memory(self._run.database).get(name)
        last = kept.load(place, name)
        if (remembered.kind or (last.kind if last else source.kind)) != source.kind:
            forget_kind(place, name, self._run.database)
        # What was remembered goes with the file: without one, all is asked for.
        shape = (source.kind, source.schema_version)
        before = last.data if last and (last.kind, last.schema) == shape else None
        known = {} if self._wish.force or before is None else remembered.of
        seconds = source.timeout.total_seconds()
        progress = partial(self._waiting.show, name)
        return lambda now: sane(
            source.fetch, Question(name, config, now, seconds, known, before, progress)
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One source for `cache list`."""

    name: str
    source: SourceOptions
    kept: kept.Kept | None
    tried: datetime | None
    failures: int
    error: str


def lines(config: Config, database: Database, names: Collection[str] = ()) -> Iterator[Line]:
    """The sources, with what is kept of them."""
    memory = Memory(database)
    for name, source in sources(config).items():
        if not names or name in names:
            found, known = kept.load(folder(config), name), memory.get(name)
            error = known.error or (found.error if found else "")
            yield Line(name, source, found, known.tried, known.failures, error)


def warnings(config: Config, database: Database, now: datetime) -> list[str]:
    """What the admins must know: sources that have failed since they answered. Raises
    ConfigError."""
    found = []
    for line in lines(config, database):
        if not line.failures:
            continue
        at = from_iso(line.kept.fetched_at) if line.kept and line.kept.fetched_at else None
        said = "it has never answered"
        if at:
            said = f"its last answer is {show_duration(max(now - at, timedelta(0)))} old"
        found.append(f"{line.name} failed {counted(line.failures, 'time')} in a row; {said}")
    return found
