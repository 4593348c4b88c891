"""Reading what the reminders need; a sheet that cannot be had never stops the others."""

from collections.abc import Callable
from datetime import date, timedelta

from labtool.core.config import Config
from labtool.core.errors import Failed, LabtoolError, Problem
from labtool.services.build import Services
from labtool.tasks.remind.data import LabData
from labtool.tasks.remind.gather import CalendarEvent, Source, Sources, gather
from labtool.tasks.remind.section import Remind

_CALENDAR_SECONDS = 20
# How far around today the absences calendar is read.
_CALENDAR_BACK = timedelta(days=70)
_CALENDAR_AHEAD = timedelta(days=400)


def load(
    config: Config,
    section: Remind,
    services: Services,
    today: date,
    fail: Callable[[LabtoolError], None],
) -> LabData:
    """The lab as its sheets describe it today. What cannot be read is given to `fail` and
    named in the data's `missing`; what is wrong in a row is given to `fail` too."""
    missing: set[str] = set()

    def source(role: str, named: str) -> Source | None:
        name = named or (role if role in services.sheets else "")
        if not name:
            return None
        try:
            grid = services.sheets.read(name)
        except LabtoolError as error:
            missing.add(role)
            fail(error)
            return None
        return Source(grid, config.core.sheets[name].layout)

    duties = source("duties", section.duties)
    meetings = source("meetings", section.meetings)
    absences = source("absences", section.absences)
    events = _events(config, section, today, fail)
    people = services.people
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
        fail(as_error(problem))
    return data


def _events(
    config: Config, section: Remind, today: date, fail: Callable[[LabtoolError], None]
) -> tuple[CalendarEvent, ...]:
    if not section.absences_calendar:
        return ()
    from labtool.services.calendar import events

    try:
        return tuple(
            events(
                section.absences_calendar,
                today - _CALENDAR_BACK,
                today + _CALENDAR_AHEAD,
                config.base,
                timeout=_CALENDAR_SECONDS,
                zone=config.core.lab.timezone,
            )
        )
    except LabtoolError as error:
        fail(error)
        return ()


def as_error(problem: Problem) -> Failed:
    """A mistake in a sheet, as an error of the run: the admins hear of it once."""
    return Failed(problem.what, where=problem.where, fix=problem.fix, code="sheet")
