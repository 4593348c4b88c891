"""The dashboards: a page for each source, with what is kept and plots of its history."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from labtool.core import kept
from labtool.core.cells import Table, moment, table, word
from labtool.core.clock import from_iso
from labtool.core.config import Config
from labtool.core.database import Database
from labtool.core.errors import LabtoolError
from labtool.core.run import bug
from labtool.core.site import Entry, Given, Page, Raw
from labtool.tasks.cache.history import History
from labtool.tasks.cache.keeping import folder
from labtool.tasks.cache.memory import Memory
from labtool.tasks.cache.pages.plots import Plot, of_history, of_lines
from labtool.tasks.cache.section import Cache
from labtool.tasks.cache.sources._base import SourceOptions
from labtool.tasks.cache.views import title, view
from labtool.tasks.cache.views._parts import View
from labtool.tasks.cache.views.calendar import today as on_day

# A source is late when it has not answered for so many of its beats.
_LATE = 3
_PRESENCE, _CALENDAR = "slack-presence", "calendar"
_SINCE = "It was asked since and gave no answer; this is what it told last."
_UNDRAWN = "What it answered could not be drawn; whoever looks after labtool was told."
# Which files of a site are ours.
_OWNS = ("cache-*.html", "data/*.json")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shown:
    """One source's page: when it answered last, and why there is nothing newer."""

    title: str
    at: datetime | None
    error: str
    late: bool
    view: View
    plots: Sequence[Plot]


def provide(config: Config, now: datetime) -> Given:
    """A page for each source, inside; and outside too for those that are public. Raises
    StateError and ConfigError."""
    sources = config.section("cache", Cache).sources if config.has("cache") else {}
    if not sources:
        return Given(owns=_OWNS)
    drawing = _Drawing(config, Database.snapshot(config.state), now)
    titles = _titles(sources)
    inside: list[Page | Raw] = []
    outside: list[Page | Raw] = []
    for name, source in sources.items():
        inside += drawing.pages(name, source, titles[name], public=False)
        if source.public:
            outside += drawing.pages(name, source, titles[name], public=True)
    nobody: list[Table] = []
    here = drawing.tried("who is here", lambda: _who_is_here(config, sources), nobody)
    coming = drawing.tried("today", lambda: _on_the_calendar(config, sources, now), nobody)
    return Given(
        outside,
        [Entry(_path(n), titles[n]) for n, source in sources.items() if source.public],
        inside,
        [Entry(_path(name), titles[name]) for name in sources],
        [*here, *coming],
        errors=drawing.errors,
        owns=_OWNS,
    )


def _who_is_here(config: Config, sources: Mapping[str, SourceOptions]) -> list[Table]:
    """For today's page: who is active, of each workspace that is asked."""
    found = [
        kept.load(folder(config), name)
        for name, source in sources.items()
        if source.kind == _PRESENCE
    ]
    return [
        table(
            "Who is here",
            ("Name", "As of"),
            [[word(m["name"]), moment(m["asked_at"])] for m in one.data["members"] if m["active"]],
            empty="Nobody, by Slack.",
        )
        for one in found
        if one and one.kind == _PRESENCE and one.data
    ]


def _on_the_calendar(
    config: Config, sources: Mapping[str, SourceOptions], now: datetime
) -> list[Table]:
    """For today's page: what is on it, by each source of calendars."""
    zone = config.core.lab.timezone
    found = [
        kept.load(folder(config), name)
        for name, source in sources.items()
        if source.kind == _CALENDAR
    ]
    return [
        on_day(one.data, now.astimezone(zone).date(), zone)
        for one in found
        if one and one.kind == _CALENDAR and one.data
    ]


class _Drawing:
    """Draws pages, as far as that is possible: one that cannot be drawn costs itself alone."""

    def __init__(self, config: Config, database: Database, now: datetime) -> None:
        self._config, self._now = config, now
        self._history, self._memory = History(database), Memory(database)
        self.errors: list[LabtoolError] = []

    def tried(self, what: str, draw: Callable[[], T], instead: T) -> T:
        """What is drawn; `instead` where that trips over what is kept."""
        try:
            return draw()
        except LabtoolError as error:
            self.errors.append(error)
        except Exception as error:  # noqa: BLE001  (nobody can foresee what a vendor says)
            found = bug(error)
            found.where = f"the page of {what}"
            self.errors.append(found)
        return instead

    def pages(
        self, name: str, source: SourceOptions, called: str, *, public: bool
    ) -> list[Page | Raw]:
        """A source's page, and the data of its plots."""
        found = kept.load(folder(self._config), name)
        at = from_iso(found.fetched_at) if found and found.fetched_at else None
        if found and found.kind != source.kind:
            found = at = None
        error = found.error if found else ""
        if public and error:
            error = _SINCE  # why may name what is private
        late = at is not None and self._now - at > _LATE * source.every
        empty = Shown(called, at, error or _UNDRAWN, late, View(), [])
        shown = self.tried(
            f"cache.{name}",
            lambda: self._shown(name, source, found, replace(empty, error=error), public=public),
            empty,
        )
        data = f"data/{name}.json"
        plots = json.dumps([plot.document for plot in shown.plots]).encode()
        return [
            Page(
                _path(name),
                "lab/source.html.j2",
                {"shown": shown, "data": data},
                {"shown": empty},
            ),
            Raw(data, plots),
        ]

    def _shown(
        self,
        name: str,
        source: SourceOptions,
        found: kept.Kept | None,
        empty: "Shown",
        *,
        public: bool,
    ) -> "Shown":
        seen = found.data if found else None
        drawn = View() if seen is None else view(source.kind, seen, public=public)
        zone, now = self._config.core.lab.timezone, self._now
        plots = [of_lines(lines, zone) for lines in drawn.lines]
        # The history's names may be those of what is private; or of what another kind told.
        kind = self._memory.get(name).kind or (found.kind if found else "")
        if kind == source.kind and (not public or source.public_history):
            history, until = self._history, int(now.timestamp())
            plots += of_history(
                history.latest(name, now),
                lambda series, since, step: history.means(name, series, since, until, step),
                drawn.metrics,
                now,
                zone,
            )
        return replace(empty, view=drawn, plots=plots)


def _titles(sources: Mapping[str, SourceOptions]) -> dict[str, str]:
    """What each source is called: as its kind, unless there are two of it."""
    kinds = [source.kind for source in sources.values()]
    own = {name: name.replace("-", " ").capitalize() for name in sources}
    return {
        name: (title(source.kind) if kinds.count(source.kind) == 1 else "") or own[name]
        for name, source in sources.items()
    }


def _path(name: str) -> str:
    return f"cache-{name}.html"
