"""What has arrived starts what its rules say, once."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from labtool.core.clock import iso
from labtool.core.config import Config
from labtool.core.database import Database, Marks
from labtool.core.errors import Failed, LabtoolError
from labtool.core.service import Round
from labtool.core.text import one_line
from labtool.tasks.workflow.definition import fitting
from labtool.tasks.workflow.runs import Runs
from labtool.tasks.workflow.triggers.arrival import Arrival, Source
from labtool.tasks.workflow.triggers.bucket import Listing
from labtool.tasks.workflow.triggers.events import Events
from labtool.tasks.workflow.triggers.folder import Folder
from labtool.tasks.workflow.triggers.rules import Rule, first
from labtool.tasks.workflow.triggers.section import Trigger, Triggers

_FILES, _STRAYS, _MARKERS = "workflow-files", "workflow-strays", "workflow-markers"
# What starts nothing is told again after so long.
_TELL_AGAIN = timedelta(days=90)
# And how long it is known that a marker has counted.
_KNOWN = timedelta(days=400)
_BATCH = 200


@dataclass(slots=True)
class Found:
    """What a look has led to: runs `started`, `errors`, and topics of which there are none; in a
    rehearsal, what would start for what (workflow, file), and triggers that were left `unseen`."""

    started: int = 0
    errors: list[LabtoolError] = field(default_factory=list)
    looked_at: set[str] = field(default_factory=set)
    would: list[tuple[str, str]] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)


class Lookout:
    """Looks at every trigger of a config. One that fails stops no other. Over a snapshot of the
    database it rehearses: nothing is started, and no message is taken from a queue."""

    def __init__(self, config: Config, database: Database, runs: Runs) -> None:
        self._config, self._database, self._runs = config, database, runs
        self._rehearses = database.is_snapshot
        self._strays = Marks(database, _STRAYS)
        self._strays.forget(iso(datetime.now(UTC) - _TELL_AGAIN))
        self._counted = Marks(database, _MARKERS)
        self._counted.forget(iso(datetime.now(UTC) - _KNOWN))
        self._told = self._strays.all()
        self._found = Found()
        self._odd: set[str] = set()
        self._sources: dict[str, Source] = {}
        self._triggers = config.section("triggers", Triggers).root
        self._due: dict[str, Round] = {}

    def look(self, stopped: Callable[[], bool]) -> Found:
        """Look at those for which it is time; ends early once `stopped`."""
        self._found = found = Found()
        for name, trigger in self._triggers.items():
            if stopped():
                break
            if self._rehearses and trigger.s3_events:
                found.unseen.append(name)
                continue
            try:
                self._look(name, trigger, stopped)
            except LabtoolError as error:
                error.topic = f"trigger {name}"
                found.errors.append(error)
        return found

    def _look(self, name: str, trigger: Trigger, stopped: Callable[[], bool]) -> None:
        if name not in self._sources:
            self._sources[name] = self._source(name, trigger)
        source = self._sources[name]
        due = self._due.setdefault(
            name, Round(source.every, lambda: self._take(name, trigger, source, stopped))
        )
        due.look()

    def _source(self, name: str, trigger: Trigger) -> Source:
        if trigger.s3_listing:
            return Listing(name, trigger)
        if trigger.s3_events:
            return Events(name, trigger, partial(self._tell, name))
        marks = Marks(self._database, f"{_FILES} {name}")
        return Folder(name, trigger, self._config.resolve(trigger.folder), marks,
                      partial(self._left, name))  # fmt: skip

    def _take(
        self, name: str, trigger: Trigger, source: Source, stopped: Callable[[], bool]
    ) -> None:
        rules = trigger.rules(self._config)
        seen = set()
        self._odd.clear()
        for batch in _batches(source.look(stopped), _BATCH):
            seen |= {one.key for one in batch}
            known = self._known([one.key for one in batch])
            for one in batch:
                if one.key in known or self._start(name, trigger.marker, rules, one):
                    one.done()
        self._found.looked_at.add(f"trigger {name}")
        if not trigger.s3_events and not stopped():
            # A folder says of all that is there, and so of what went.
            for told, whose in list(self._told.items()):
                ident = told.partition(" ")[0]
                if whose == name and ident not in seen and ident not in self._odd:
                    self._is_well(name, ident)

    def _start(self, name: str, marker: str, rules: list[Rule], one: Arrival) -> bool:
        """Whether nothing is left to do with it."""
        if one.covered and first(rules, one.bucket, one.covered):
            return True  # it says that the one beside it is whole, which counts by itself
        workflow = first(rules, one.bucket, one.name)
        if not workflow:
            waits = first(rules, one.bucket, f"{one.name}{marker}")
            if not one.marker and not waits:
                what = "is matched by no rule, and left there"
                fix = "take it away, or write a rule"
                self._tell(name, one.key, Failed(what, where=one.where, fix=fix, code="stray"))
            return True
        if one.lost and self._counted.get(f"{name}\0{one.name}") is not None:
            return True  # what it marks was moved away since
        if one.lost:
            what = "says that a file is whole which is not there"
            self._tell(
                name, one.key, Failed(what, where=one.where, fix="take it away", code="lost")
            )
            return False
        try:
            self._begin(name, workflow, one)
        except Failed as error:
            error.where = f"{one.where}, {error.where}"
            self._tell(name, one.key, error)
            return False
        self._is_well(name, one.key)
        if one.marker:
            self._counted.put(f"{name}\0{one.name}", "", iso(datetime.now(UTC)))
        return True

    def _begin(self, trigger: str, workflow: str, one: Arrival) -> None:
        if not self._rehearses:
            origin = f"{trigger}: {one.name}"
            self._found.started += self._runs.begin(workflow, one.input, origin, key=one.key)[1]
            return
        fitting(self._config, workflow, one.input)
        self._found.would.append((workflow, one_line(one.name)))

    def _known(self, keys: list[str]) -> set[str]:
        if self._rehearses and not self._runs.base.exists:
            return set()
        return self._runs.ledger.known(keys, refresh=not self._rehearses)

    def _is_well(self, trigger: str, ident: str) -> None:
        """What was told of it is over."""
        for known in [one for one in self._told if one.startswith(f"{ident} ")]:
            self._strays.remove(known)
            del self._told[known]
            self._found.looked_at.add(f"trigger {trigger} {ident}")

    def _left(self, trigger: str, ident: str, error: Failed) -> None:
        """What a folder has and leaves there."""
        self._odd.add(ident)
        self._tell(trigger, ident, error)

    def _tell(self, trigger: str, ident: str, error: Failed) -> None:
        """What starts nothing is told once; it may do so later."""
        name = f"{ident} {error.code}"
        if name not in self._told:
            self._strays.put(name, trigger, iso(datetime.now(UTC)))
            self._told[name] = trigger
            error.topic = f"trigger {trigger} {ident}"
            self._found.errors.append(error)


def _batches(found: Iterator[Arrival], size: int) -> Iterator[list[Arrival]]:
    while batch := list(itertools.islice(found, size)):
        yield batch
