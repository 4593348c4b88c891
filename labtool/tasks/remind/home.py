"""Somebody's duties, on the Home tab of the lab's Slack app."""

import time
from datetime import date

from labtool.core.errors import LabtoolError
from labtool.core.home import Block, Part, Show, Visitor, header, section
from labtool.core.people import fold
from labtool.core.task import Run
from labtool.core.text import one_line
from labtool.services.build import Services
from labtool.tasks.remind.data import Duty, LabData
from labtool.tasks.remind.load import load
from labtool.tasks.remind.section import Remind
from labtool.tasks.remind.who import named

_SHOWN = 20
# Seconds: sheets are read again from their last copies, which `remind` and the caches make.
_GOOD_ENOUGH = 60.0


def part(run: Run) -> Part | None:
    """The part, where the config says how people are reminded. Raises ConfigError."""
    if not run.config.has("remind"):
        return None
    section_ = run.config.section("remind", Remind).model_copy(update={"absences_calendar": ""})
    kept: list[tuple[float, LabData | None]] = []

    def data() -> LabData | None:
        if not kept or time.monotonic() - kept[0][0] > _GOOD_ENOUGH:
            kept[:] = [(time.monotonic(), _read(run, section_))]
        return kept[0][1]

    def look() -> Show:
        found = data()
        lines = _lines(found, run.clock.today()) if found else {}

        def show(visitor: Visitor) -> list[Block]:
            if visitor.person is None:
                return []
            theirs = lines.get(visitor.person.key, [])[:_SHOWN]
            if found is None:
                theirs = ["The duties sheet cannot be had now."]
            return [header("Your duties"), section("\n".join(theirs) or "None.")]

        return show

    return Part(look)


def _read(run: Run, section_: Remind) -> LabData | None:
    services = Services(run.config, run.database, run.clock, dry_run=True, online=False)
    try:
        data = load(run.config, section_, services, run.clock.today(), lambda _: None, set())
    except LabtoolError:
        return None  # it is told elsewhere
    return None if "duties" in data.missing else data


def _lines(data: LabData, today: date) -> dict[str, list[str]]:
    """What each person, by key, is down for."""
    found: dict[str, list[str]] = {}
    for duty in data.duties:
        main = [person.key for person in named(data, duty.main, "", today)[0]]
        backup = [person.key for person in named(data, duty.backup, "", today)[0]]
        for key in main:
            found.setdefault(key, []).append(_line(duty))
        for key in backup:
            if key not in main:
                found.setdefault(key, []).append(f"{_line(duty)} (as backup)")
    return found


def _line(duty: Duty) -> str:
    when = f", {duty.interval}" if fold(duty.interval) else ""
    note = f": {duty.note}" if duty.note else ""
    return one_line(f"{duty.task}{when}{note}", 200)
