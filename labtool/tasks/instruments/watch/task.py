"""`labtool attune-watch`: one pass, or all the time."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from labtool.core.clock import Clock
from labtool.core.config import Config
from labtool.core.config.kinds import Kinds
from labtool.core.errors import Failed, LabtoolError, UsageError
from labtool.core.lock import hold
from labtool.core.task import Run
from labtool.tasks.instruments.kinds._base import InstrumentOptions
from labtool.tasks.instruments.machine import Machine
from labtool.tasks.instruments.section import KINDS, Instruments
from labtool.tasks.instruments.watch.place import Place
from labtool.tasks.instruments.watch.reading import Reading, shown, unread
from labtool.tasks.instruments.watch.sending import Server, heartbeat, send
from labtool.tasks.instruments.watch.store import Store
from labtool.tasks.instruments.watch.times import reader

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
    _known: tuple[Place | None, Reading] | None = None

    def read(self) -> int:
        """Take in what is new in the logs; the number of changes. Raises Failed where they
        cannot be read, and StateError."""
        place, reading = self._known or self._load()
        self._known = None
        told = 0
        try:
            files = self.watched.options.files()
            for _, block in unread(files, place, all_of_them=self.all_of_them):
                if self.store.count() >= self.watched.options.spool:
                    break  # the rows stay where they are: in the log
                changes = reading.changes(block)
                if block.rows or block.opened or block.place != place:
                    self.store.advance(block.place, reading.machine, changes)
                place = block.place
                told += len(changes)
                for change in changes:
                    self.show(shown(self.watched.key, change))
        except OSError as error:
            raise self._unreadable(error) from error
        self._known = (place, reading)
        return told

    def send(self, server: Server, go_on: Callable[[], bool] = lambda: True) -> int:
        """Send what waits."""
        return send(self.store, server, go_on)

    def beat(self, server: Server, trouble: LabtoolError | None, every: float = 0) -> None:
        """Say that all is well, or what is not."""
        log = {"ok": "unreadable", "why": str(trouble)} if trouble else {"ok": "ok", "why": ""}
        _, machine = self.store.load()
        body = heartbeat(self.store, log, machine.as_json(), self.clock.now(), every)
        server.send("heartbeat", body)

    def _load(self) -> tuple[Place | None, Reading]:
        place, machine = self.store.load()
        options = self.watched.options
        instant = reader(options.timestamp, self.clock.zone)
        return place, Reading(options.parser(), instant, machine)

    def _unreadable(self, error: OSError) -> Failed:
        where = str(error.filename or self.watched.options.logs)
        fix = "is the folder there, and may this account read it?"
        return Failed(f"cannot be read ({error.strerror})", where=where, fix=fix, code="log")


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
    options = watched.options
    reading = Reading(options.parser(), reader(options.timestamp, clock.zone), Machine())
    try:
        for _, block in unread(options.files(), None, all_of_them=all_of_them):
            for change in reading.changes(block):
                show(shown(watched.key, change))
    except OSError as error:
        where = str(error.filename or options.logs)
        raise Failed(f"cannot be read ({error.strerror})", where=where, code="log") from error
    return reading


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
    trouble: LabtoolError | None = None
    try:
        run.counts["changes"] += watch.read()
    except Failed as error:
        trouble = error
    run.counts["told"] += watch.send(server)
    watch.beat(server, trouble)
    if trouble is not None:
        raise trouble
