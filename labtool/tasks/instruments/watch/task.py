"""`labtool attune-watch`: one pass, or all the time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from labtool.core.clock import Clock
from labtool.core.config import Config
from labtool.core.config.kinds import Kinds
from labtool.core.errors import Failed, LabtoolError, StateError, UsageError
from labtool.core.lock import hold
from labtool.core.task import Run
from labtool.core.text import one_line
from labtool.tasks.instruments.kinds._base import InstrumentOptions
from labtool.tasks.instruments.machine import Machine
from labtool.tasks.instruments.section import KINDS, Instruments
from labtool.tasks.instruments.watch.place import Place
from labtool.tasks.instruments.watch.plan import Known, plan
from labtool.tasks.instruments.watch.reading import Reading, shown, unread
from labtool.tasks.instruments.watch.sending import Server, heartbeat, send
from labtool.tasks.instruments.watch.store import Store
from labtool.tasks.instruments.watch.tail import Block
from labtool.tasks.instruments.watch.times import reader

_LONGEST_WHY = 280
Show = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Watched:
    """An instrument whose logs are read here."""

    key: str
    options: InstrumentOptions

    @property
    def title(self) -> str:
        """As people call it."""
        return self.options.name or self.key


def watched(config: Config, keys: Sequence[str]) -> list[Watched]:
    """The instruments of the config that have logs here, or those that are named. Raises
    UsageError and ConfigError."""
    known = config.section("instruments", Instruments).all() if config.has("instruments") else {}
    here = [
        Watched(key, options.model_copy(update={"logs": str(config.resolve(options.logs))}))
        for key, options in known.items()
        if options.logs
    ]
    for key in keys:
        if key not in {each.key for each in here}:
            names = ", ".join(each.key for each in here) or "none"
            raise UsageError(f"no instrument {key} has logs here", fix=f"there are: {names}")
    if not here:
        fix = "write instruments: {attune: {kind: attune, logs: FOLDER, server: URL, token: ...}}"
        raise UsageError("the config names no instrument with logs:", fix=fix)
    return [each for each in here if not keys or each.key in keys]


@dataclass(slots=True)
class Watch:
    """One instrument's watch in this process."""

    watched: Watched
    store: Store
    clock: Clock
    show: Show
    all_of_them: bool = False
    _known: tuple[Known, Reading] | None = None

    def read(self) -> int:
        """Take in what is new in the logs; the number of changes. Raises Failed where they
        cannot be read, or nothing in them can, and StateError."""
        known, reading = self._known or self._load()
        self._known = None
        told = 0
        for block in news(
            self.watched, known, local(self.clock), self.store.mark, all_of_them=self.all_of_them
        ):
            if self.store.count() >= self.watched.options.spool:
                break  # the rows stay where they are: in the log
            changes = reading.changes(block)
            if block.rows or block.opened or block.place != known.places.get(block.place.name):
                self.store.advance(block.place, reading.machine, changes, reading.counts())
            told += len(changes)
            for change in changes:
                self.show(shown(self.watched.key, change.as_json()))
        self._known = (known, reading)
        if not known.places:
            raise _no_log(self.watched.options.logs)
        if reading.unreadable:
            raise _garbled(self.watched, reading)
        return told

    def check(self) -> None:
        """Raises UsageError where all logs are wanted, and some were read before."""
        if self.all_of_them and self.store.places():
            what = "was begun already: --from-start is for the first time"
            fix = f"to read all again as if for the first time, move {self.store.path} away"
            raise UsageError(f"{self.watched.key} {what}", fix=fix)

    def send(self, server: Server, go_on: Callable[[], bool] = lambda: True) -> int:
        """Send what waits."""
        return send(self.store, server, go_on)

    def beat(self, server: Server, trouble: LabtoolError | None, every: float = 0) -> None:
        """Say that all is well, or what is not."""
        why = one_line(str(trouble), _LONGEST_WHY) if trouble else ""
        log = {"ok": "unreadable" if trouble else "ok", "why": why}
        state = self.store.machine().snapshot().as_json()
        # The instrument's clock is that of its rows: its zone may be wrong.
        ahead = timedelta(seconds=self.store.counts().get("ahead", 0.0))
        body = heartbeat(self.store, log, state, self.clock.now() + ahead, every)
        server.send("heartbeat", body)

    def _load(self) -> tuple[Known, Reading]:
        known = Known(self.store.places())
        machine, counts = self.store.machine(), self.store.counts()
        return known, reading_of(self.watched, self.clock, machine, counts)


def news(
    watched: Watched,
    known: Known,
    now: datetime,
    mark: Callable[[Sequence[Place], Sequence[str]], None],
    *,
    all_of_them: bool,
) -> Iterator[Block]:
    """What is new in an instrument's logs; `now` is local; `mark` is given what need not be
    read, and what has another name. Raises Failed."""
    options = watched.options
    try:
        found = plan(options.files(), known, options, now, all_of_them=all_of_them)
        if found.marks or found.gone:
            mark(found.marks, found.gone)
        yield from unread(found, known, each_alone=not options.newest_alone)
    except OSError as error:
        where = str(error.filename or options.logs)
        fix = "is the folder there, and may this account read it?"
        what = f"cannot be read ({error.strerror})"
        raise Failed(what, where=where, fix=fix, code="log") from error


def local(clock: Clock) -> datetime:
    """Now, as the names of logs have it."""
    return clock.now().astimezone(clock.zone).replace(tzinfo=None)


def reading_of(
    watched: Watched, clock: Clock, machine: Machine, counts: Mapping[str, Any] | None = None
) -> Reading:
    """What reads an instrument's rows, from a state on."""
    options = watched.options
    return Reading(
        options.parser(),
        reader(options.timestamp, clock.zone),
        machine,
        newest_alone=options.newest_alone,
        **(counts or {}),
    )


def _no_log(folder: str) -> Failed:
    fix = "is it the right folder, and its logs' names as they were?"
    return Failed("no log was found there yet", where=folder, fix=fix, code="log")


def _garbled(watched: Watched, reading: Reading) -> Failed:
    what = f"none of its last rows could be read; the first: {one_line(reading.sample, 100)!r}"
    fix = "write how its times look, as of strptime, under timestamp: of the instrument"
    if "\0" in reading.sample or "\N{REPLACEMENT CHARACTER}" in reading.sample:
        fix = "it is no text in UTF-8: is it a log at all?"
    return Failed(what, where=watched.options.logs, fix=fix, code="log")


def replayed(config: Config, keys: Sequence[str], folder: str) -> Watched:
    """The instrument whose logs are replayed from `folder`: the one that is named, the only one
    of the config, or an Attune. Raises UsageError and ConfigError."""
    known = config.section("instruments", Instruments).all() if config.has("instruments") else {}
    unknown = [key for key in keys if key not in known]
    if unknown or len(keys) > 1:
        names = ", ".join(known) or "none"
        raise UsageError(f"replays one instrument of the config; there are: {names}")
    key = keys[0] if keys else next(iter(known)) if len(known) == 1 else "attune"
    options = known.get(key) or Kinds(KINDS).module("attune").Options(kind="attune")
    return Watched(key, options.model_copy(update={"logs": folder}))


def replay(watched: Watched, clock: Clock, show: Show, *, all_of_them: bool) -> Reading:
    """Read logs as if for the first time; nothing is kept or sent. Raises Failed."""
    reading = reading_of(watched, clock, Machine())
    known = Known()
    for block in news(watched, known, local(clock), _nowhere, all_of_them=all_of_them):
        for change in reading.changes(block):
            show(shown(watched.key, change.as_json()))
    if not known.places:
        raise _no_log(watched.options.logs)
    return reading


def _nowhere(_places: Sequence[Place], _gone: Sequence[str]) -> None:
    """Nothing is kept."""


def one_pass(
    run: Run,
    wanted: Sequence[Watched],
    connect: Callable[[Watched], Server],
    show: Show,
    *,
    all_of_them: bool = False,
) -> None:
    """Read and send what is new, of each instrument; one that fails stops no other."""
    for each in wanted:
        try:
            with (
                hold(run.config.state, f"watch-{each.key}", what=f"the watch of {each.key}"),
                closing(Store(run.config.state, each.key)) as store,
            ):
                _pass(run, Watch(each, store, run.clock, show, all_of_them), connect(each))
        except LabtoolError as error:
            error.topic = error.topic or f"instrument {each.key}"
            run.fail(error)
        run.looked_at.add(f"instrument {each.key}")


def _pass(run: Run, watch: Watch, server: Server) -> None:
    troubles: list[LabtoolError] = []
    watch.check()
    try:
        run.counts["changes"] += watch.read()
    except Failed as error:
        troubles.append(error)
    unreadable = troubles[0] if troubles else None
    try:
        run.counts["told"] += watch.send(server)
    except StateError:
        raise
    except LabtoolError as error:
        troubles.append(error)
    # A sign of life, also where no change gets through.
    try:
        watch.beat(server, unreadable)
    except StateError:
        raise
    except LabtoolError as error:
        troubles += [] if len(troubles) > bool(unreadable) else [error]
    for other in troubles[:-1]:
        other.topic = other.topic or f"instrument {watch.watched.key}"
        run.fail(other)
    if troubles:
        raise troubles[-1]
