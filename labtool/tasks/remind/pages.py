"""What the lab is reminded of, as a part of today's page: said today, still to come, the
meeting of the week, birthdays.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta

from labtool.core.cells import Table, moment, table, word
from labtool.core.clock import Clock
from labtool.core.config import Config
from labtool.core.database import Database
from labtool.core.errors import LabtoolError
from labtool.core.outbox import Outbox
from labtool.core.people import People
from labtool.core.site import Given
from labtool.core.text import plain
from labtool.services.build import Services
from labtool.tasks.remind.data import LabData
from labtool.tasks.remind.engine import preview
from labtool.tasks.remind.load import load
from labtool.tasks.remind.plan import Planned
from labtool.tasks.remind.section import Remind

_WEEK = 7
_BIRTHDAYS = 30


def provide(config: Config, now: datetime) -> Given:
    """Tables for today's page, from the sheets' last copies: building a site asks nobody."""
    if not config.has("remind"):
        return Given()
    database = Database.snapshot(config.state)
    services = Services(config, database, Clock(config.core.lab.timezone, now),
                        dry_run=True, online=False)  # fmt: skip
    section = config.section("remind", Remind).model_copy(update={"absences_calendar": ""})
    today = now.astimezone(config.core.lab.timezone).date()
    try:
        data = load(config, section, services, today, lambda _: None, set())
    except LabtoolError as error:
        # It is told elsewhere, and the rest of the page is not its business.
        return Given(today=[table("Reminders", (), (), empty=f"They wait: {error}")])
    outbox = Outbox(database)
    return Given(
        today=[
            _said(outbox, data.people, now, config),
            _due(section, data, outbox, today),
            _meeting(data, today),
            _birthdays(data, today),
        ]
    )


def _said(outbox: Outbox, people: People, now: datetime, config: Config) -> Table:
    zone = config.core.lab.timezone
    today = now.astimezone(zone).date()
    sent = [
        (datetime.fromtimestamp(entry.settled, zone), entry)
        for entry in outbox.entries(("sent",))
        if entry.settled is not None
    ]
    rows = [
        [moment(at), word(_who(entry.message.to.name, people)), word(plain(entry.message.text))]
        for at, entry in sorted(sent, key=lambda one: one[0])
        if at.date() == today
    ]
    empty = "Nothing was sent today."
    return table("Sent today", ("When", "To", "What"), rows, empty=empty)


def _due(section: Remind, data: LabData, outbox: Outbox, today: date) -> Table:
    rows = [
        [
            word("today" if plan.day == today else f"{plan.day:%A}"),
            word(_who(item.message.to.name, data.people)),
            word(_text(item)),
        ]
        for plan in preview(section, data, today, _WEEK)
        for item in plan.items
        if not outbox.accepted(item.message.key)
    ]
    empty = "Nothing is due in the next seven days."
    return table("Due in the next seven days", ("Day", "To", "What"), rows, empty=empty)


def _meeting(data: LabData, today: date) -> Table:
    monday = today - timedelta(days=today.weekday())
    rows = [
        [
            word(f"{found.date:%A, %-d %B}"),
            word("-".join(part for part in (found.start, found.end) if part) or " "),
            word(found.place or " "),
            word(found.code or " "),
            word(found.presenters or " "),
            word(found.note or " "),
        ]
        for found in data.meetings.between(monday, monday + timedelta(days=6))
        if found.takes_place
    ]
    columns = ("Day", "Time", "Place", "Type", "Presenters", "Note")
    return table("Meeting this week", columns, rows, empty="There is none in the sheet.")


def _birthdays(data: LabData, today: date) -> Table:
    found = data.birthdays_within(today, _BIRTHDAYS, leap_day_on=(2, 28))
    rows = [
        [word("today" if day == today else f"{day:%A, %-d %B}"), word(person.name)]
        for day, person in found
    ]
    empty = "None in the next thirty days."
    return table("Birthdays", ("Day", "Who"), rows, empty=empty)


def _text(item: Planned) -> str:
    message = item.message
    if item.slides:
        message = replace(
            message, text=message.text.replace(item.slides.place_link(), item.slides.title)
        )
    return plain(message.text)


def _who(name: str, people: People) -> str:
    person = people.get(name)
    return person.name if person else name
