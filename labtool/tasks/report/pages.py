"""The state of labtool itself, for pages: timers, what needs an admin, messages that wait."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from labtool.core.alerts import Fault, Ledger
from labtool.core.cells import Cell, Table, moment, number, table, word
from labtool.core.config import Config
from labtool.core.database import Database
from labtool.core.journal import Entry as Run
from labtool.core.journal import in_words
from labtool.core.lock import held
from labtool.core.outbox import OPEN_STATES, Outbox
from labtool.core.site import Given
from labtool.core.text import plain
from labtool.tasks.report.task import read_timetable
from labtool.tasks.report.timetable import Line

_LATELY = timedelta(days=7)


def provide(config: Config, now: datetime) -> Given:
    """All of it, and what everybody in the lab should see today. Raises StateError."""
    database = Database.snapshot(config.state)
    lines = read_timetable(config, database, now)
    ledger = Ledger(database, config.core.alerts.tolerate, config.core.alerts.snooze)
    faults = ledger.open()
    tables = [
        _faults("Alerts", faults),
        _timers("Timers", lines, config),
        _messages(Outbox(database)),
        _faults("Over in the last week", ledger.ended_since(now - _LATELY, now)),
    ]
    overdue = [line for line in lines if line.overdue_since]
    today = [_faults("What needs an admin", faults)] if faults else []
    today += [_timers("Overdue", overdue, config)] if overdue else []
    return Given(today=today, system=tables)


def _timers(title: str, lines: Sequence[Line], config: Config) -> Table:
    rows = [
        [
            word(line.name),
            word(line.command),
            moment(line.last.started) if line.last else word("never"),
            word(_outcome(line.last, config)),
            number(line.last.seconds, "s") if line.last and line.last.seconds else Cell(""),
            moment(line.next_due) if line.next_due else Cell(""),
            moment(line.overdue_since) if line.overdue_since else Cell(""),
        ]
        for line in lines
    ]
    columns = ("Timer", "Command", "Last run", "Outcome", "Took", "Next", "Overdue since")
    return table(title, columns, rows)


def _outcome(run: Run | None, config: Config) -> str:
    if run is None:
        return "never ran"
    if run.status == "running" and not held(config.state, run.task):
        return "killed"
    return in_words(run.status)


def _faults(title: str, faults: Sequence[Fault]) -> Table:
    rows = [
        [word(fault.text), moment(fault.first_seen), moment(fault.last_seen), number(fault.count)]
        for fault in faults
    ]
    return table(title, ("What", "First", "Last", "Times"), rows, empty="Nothing is wrong.")


def _messages(outbox: Outbox) -> Table:
    states: Mapping[str, str] = {"unknown": "may or may not have arrived"}
    rows = [
        [
            word(plain(entry.message.text)),
            word(entry.message.to.name),
            word(states.get(entry.state, entry.state)),
            word(entry.error or " "),
        ]
        for entry in outbox.entries(OPEN_STATES)
    ]
    return table("Messages that are not sent", ("What", "To", "State", "Why"), rows)
