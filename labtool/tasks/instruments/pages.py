"""The instruments' page: each as it is now, today's use, and the month by procedure and user."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from labtool.core.cells import Cell, Table, moment, table, word
from labtool.core.config import Config
from labtool.core.config.types import show_duration
from labtool.core.database import Database
from labtool.core.site import Entry, Given, Page
from labtool.core.text import one_line
from labtool.tasks.instruments.center.keeping import Keeping
from labtool.tasks.instruments.center.looking import Look, look
from labtool.tasks.instruments.center.runs import Finished
from labtool.tasks.instruments.section import Instruments
from labtool.tasks.instruments.words import LIVES, in_words

_PATH = "instruments.html"
_DAY = 86400
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of the day in thousandths of it: where it begins, how long, what it was."""

    x: int
    width: int
    title: str
    colour: int


@dataclass(frozen=True, slots=True)
class Shown:
    """One instrument on the page: what is from a log is cleaned."""

    look: Look
    name: str
    inside: str
    life: str
    why: str
    user: str
    position: str
    alerts: Sequence[str]
    late: bool
    bars: Sequence[Bar]
    legend: Sequence[tuple[str, int]]
    tables: Sequence[Table]


def provide(config: Config, now: datetime) -> Given:
    """A page for all of them, inside, and a line each for today's. Raises StateError and
    ConfigError."""
    if not config.has("instruments"):
        return Given()
    zone = config.core.lab.timezone
    keeping = Keeping(Database.snapshot(config.state))
    shown = []
    for key, options in config.section("instruments", Instruments).all().items():
        found = look(key, options, keeping, now)
        shown.append(_shown(found, keeping, now, zone))
    rows = [[word(one.look.name), word(one.inside), _free(one.look)] for one in shown]
    return Given(
        inside=[Page(_PATH, "lab/instruments.html.j2", {"instruments": shown})],
        inside_menu=[Entry(_PATH, "Instruments")],
        today=[table("Instruments", ("Instrument", "State", "Free at about"), rows)],
    )


def _free(found: Look) -> Cell:
    if found.free:
        return moment(found.free.at)
    if found.busy:
        return word("unknown")
    rests = found.state is not None and found.state.state in ("idle", "off")
    return word("now" if rests and found.life in ("live", "quiet") else " ")


def _shown(found: Look, keeping: Keeping, now: datetime, zone: ZoneInfo) -> Shown:
    local = now.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    since = now - found.skew - timedelta(days=30)
    month = [
        replace(run, started=run.started + found.skew)  # by the server's clock, as all the page
        for run in keeping.runs.finished(found.key, since=since)
    ]
    today = [run for run in month if _end(run) > midnight]
    state = found.state
    if state and state.procedures and state.procedures[0].started and found.life == "live":
        outer = state.procedures[0]
        began = found.moment(outer.started)
        seconds = max(0.0, (now - began).total_seconds())
        today.append(Finished(outer.name, state.user, began, seconds, "running", {}))
    names = list(dict.fromkeys(run.name for run in today))
    colours = {name: number % 8 + 1 for number, name in enumerate(names)}
    bars = [bar for run in today if (bar := _bar(run, midnight, colours[run.name], zone))]
    columns = ("Time", "Runs")
    return Shown(
        found,
        one_line(found.name, _LONGEST),
        in_words(found),
        LIVES[found.life],
        one_line(found.why),
        one_line(state.user, _LONGEST) if state else "",
        one_line(state.position, _LONGEST) if state else "",
        [one_line(what, _LONGEST) for what in state.alerts] if state else [],
        bool(found.free and found.free.late(now)),
        bars,
        [(one_line(name, _LONGEST), colour) for name, colour in colours.items()],
        [
            table("By procedure, 30 days", ("Procedure", *columns), _sums(month, "name")),
            table("By user, 30 days", ("User", *columns), _sums(month, "user")),
        ],
    )


def _end(run: Finished) -> datetime:
    return run.started + timedelta(seconds=run.seconds)


def _bar(run: Finished, midnight: datetime, colour: int, zone: ZoneInfo) -> Bar | None:
    start = max(0.0, (run.started - midnight).total_seconds())
    end = min(_DAY, (_end(run) - midnight).total_seconds())
    if end <= 0 or start >= _DAY:
        return None
    times = f"{run.started.astimezone(zone):%H:%M} to {_end(run).astimezone(zone):%H:%M}"
    who = f", {run.user}" if run.user else ""
    ended = "" if run.outcome in ("done", "unknown", "running") else f", {run.outcome}"
    title = one_line(f"{run.name}, {times}{who}{ended}", 200)
    return Bar(int(start * 1000 / _DAY), max(2, int((end - start) * 1000 / _DAY)), title, colour)


def _sums(runs: Sequence[Finished], what: str) -> list[list[Cell]]:
    seconds, number = Counter[str](), Counter[str]()
    for run in runs:
        name = getattr(run, what) or "nobody logged in"
        seconds[name] += int(run.seconds)
        number[name] += 1
    return [
        [
            word(name),
            word(show_duration(timedelta(seconds=total))),
            Cell(str(number[name]), number=True),
        ]
        for name, total in seconds.most_common()
    ]
