"""The dashboards: a page for each source, with what is kept and plots of its history."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from labtool.core import kept
from labtool.core.cells import Table, moment, table, word
from labtool.core.clock import from_iso
from labtool.core.config import Config
from labtool.core.database import Database
from labtool.core.site import Entry, Given, Page, Raw
from labtool.tasks.cache.history import History
from labtool.tasks.cache.pages.plots import Plot, of_history, of_lines
from labtool.tasks.cache.section import Cache
from labtool.tasks.cache.sources._base import SourceOptions
from labtool.tasks.cache.task import folder
from labtool.tasks.cache.views import title, view
from labtool.tasks.cache.views._parts import View
from labtool.tasks.cache.views.calendar import today as on_day

# A source is late when it has not answered for so many of its beats.
_LATE = 3
_PRESENCE, _CALENDAR = "slack-presence", "calendar"


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
        return Given()
    history = History(Database.snapshot(config.state))
    inside: list[Page | Raw] = []
    outside: list[Page | Raw] = []
    titles = _titles(sources)
    for name, source in sources.items():
        inside += _pages(config, history, name, source, titles[name], now, public=False)
        if source.public:
            outside += _pages(config, history, name, source, titles[name], now, public=True)
    return Given(
        outside,
        [Entry(_path(n), titles[n]) for n, source in sources.items() if source.public],
        inside,
        [Entry(_path(name), titles[name]) for name in sources],
        [*_who_is_here(config, sources), *_on_the_calendar(config, sources, now)],
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


def _pages(
    config: Config,
    history: History,
    name: str,
    source: SourceOptions,
    called: str,
    now: datetime,
    *,
    public: bool,
) -> Iterator[Page | Raw]:
    found = kept.load(folder(config), name)
    at = from_iso(found.fetched_at) if found and found.fetched_at else None
    seen = found.data if found and found.kind == source.kind else None
    shown = View() if seen is None else view(source.kind, seen, public=public)
    zone = config.core.lab.timezone
    plots = [of_lines(lines, zone) for lines in shown.lines]
    # The history's names may be those of what is private.
    if not public or source.public_history:
        plots += of_history(
            history.latest(name),
            lambda series, since, step: history.means(name, series, since, step),
            shown.metrics,
            now,
            zone,
        )
    error = "" if public or not found else found.error
    late = at is not None and now - at > _LATE * source.every
    data = f"data/{name}.json"
    yield Page(
        _path(name),
        "lab/source.html.j2",
        {"shown": Shown(called, at, error, late, shown, plots), "data": data},
    )
    yield Raw(data, json.dumps([plot.document for plot in plots]).encode())


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
