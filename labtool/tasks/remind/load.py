"""Reading what the reminders need; a sheet that cannot be had never stops the others."""

from collections.abc import Callable
from datetime import date, timedelta

from labtool.core.config import Config
from labtool.core.errors import Failed, LabtoolError, Problem
from labtool.core.tables import MISTAKE
from labtool.services.build import Services
from labtool.services.sheets import topic
from labtool.tasks.remind.data import LabData
from labtool.tasks.remind.gather import CalendarEvent, Source, Sources, gather
from labtool.tasks.remind.layouts.plain import NEEDED
from labtool.tasks.remind.section import Remind

# How far around today the absences calendar is read.
_CALENDAR_BACK = timedelta(days=70)
_CALENDAR_AHEAD = timedelta(days=400)


def load(
    config: Config,
    section: Remind,
    services: Services,
    today: date,
    fail: Callable[[LabtoolError], None],
    looked_at: set[str],
) -> LabData:
    """The lab as its sheets describe it today. What cannot be read is given to `fail` and
    named in the data's `missing`; what is wrong in a row is given to `fail` too. The topics
    of the sheets that were read are added to `looked_at`."""
    missing: set[str] = set()

    def source(role: str, named: str) -> Source | None:
        name = named or (role if role in services.sheets else "")
        if not name:
            return None
        try:
            layout = _layout(config, name)
            grid = services.sheets.read(name, NEEDED[role] if layout == "plain" else ())
        except LabtoolError as error:
            missing.add(role)
            fail(error)
            return None
        looked_at.add(topic(name))
        return Source(grid, layout)

    duties = source("duties", section.duties)
    meetings = source("meetings", section.meetings)
    absences = source("absences", section.absences)
    events = _events(section, services, today, fail)
    people = services.people
    looked_at.add(topic(config.core.people.sheet or "people"))
    for error in services.sheets.troubles:
        fail(error)
    data, problems = gather(
        section,
        Sources(duties, meetings, absences, events),
        people,
        as_of=today,
        lab=config.core.lab.name,
        admins=tuple(services.admins),
        missing=frozenset(missing),
    )
    for problem in (*services.people_problems, *problems):
        fail(as_error(problem, services))
    return data


def _layout(config: Config, name: str) -> str:
    sheet = config.core.sheets.get(name)
    return sheet.layout if sheet else ""


def _events(
    section: Remind, services: Services, today: date, fail: Callable[[LabtoolError], None]
) -> tuple[CalendarEvent, ...]:
    if not section.absences_calendar:
        return ()
    start, end = today - _CALENDAR_BACK, today + _CALENDAR_AHEAD
    try:
        return tuple(services.events(section.absences_calendar, start, end))
    except LabtoolError as error:
        fail(error)
        return ()


def as_error(problem: Problem, services: Services) -> Failed:
    """A mistake in a sheet, as an error of the run: the admins hear of it once, whichever
    reminders meet it."""
    error = Failed(problem.what, where=problem.where, fix=problem.fix, code=MISTAKE)
    sheet = problem.where.partition(":")[0]
    error.topic = topic(sheet) if sheet in services.sheets else ""
    return error
