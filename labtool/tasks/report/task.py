"""`labtool digest`: read the state, decide what to say, say it to the admins."""

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from labtool.core.alerts import Ledger
from labtool.core.clock import from_iso, iso
from labtool.core.config import Config
from labtool.core.database import Database, Marks
from labtool.core.errors import Failed
from labtool.core.journal import Journal
from labtool.core.lock import held
from labtool.core.messages import Message
from labtool.core.outbox import OPEN_STATES
from labtool.core.task import Run
from labtool.services.build import Services
from labtool.tasks.report.digest import compose, render
from labtool.tasks.report.timetable import Line, timetable


def read_timetable(config: Config, database: Database, now: datetime) -> list[Line]:
    """The timetable of a lab, from its config and its journal."""
    journal = Journal(database)
    by_timer, by_command = journal.latest_by_timer(), journal.latest_by_command()
    newest = {entry.id: entry for entry in (*by_timer.values(), *by_command.values())}
    going = {
        number
        for number, entry in newest.items()
        if entry.status == "running" and held(config.state, entry.task)
    }
    since, zone = _since(config, journal), config.core.lab.timezone
    return timetable(config.core.timers, by_timer, by_command, since, zone, now, going)


def _since(config: Config, journal: Journal) -> datetime | None:
    """From when on a timer that never ran is missed: from the first run of anything, and not
    before the config was written, which may just have got it."""
    first = journal.first_start()
    with suppress(OSError):
        written = datetime.fromtimestamp(config.path.stat().st_mtime, UTC)
        return first and max(first, written)
    return first


def digest(run: Run, services: Services, backups: Sequence[str] = ()) -> None:
    """Send each admin one summary of what is new since the last one, and of `backups` that
    need them; nothing if nothing is."""
    now = run.clock.now()
    alerts = run.config.core.alerts
    ledger = Ledger(run.database, alerts.tolerate, alerts.snooze)
    marks = Marks(run.database, "digest")
    last = marks.get("last")
    since = from_iso(last) if last else None
    if since and since > now:
        since = None  # that digest was sent while the clock was wrong, or with --at
    faults = [fault for fault in ledger.open() if not ledger.snoozed(fault, now)]
    found = compose(
        faults,
        ledger.ended_since(since or now - timedelta(days=1), now),
        read_timetable(run.config, run.database, now),
        run.outbox.entries((*OPEN_STATES, "dropped")),
        backups,
        since,
        time.time(),
    )
    if found.empty:
        run.result["digest"] = None
        return
    if not services.admins:
        raise Failed("nobody would get the digest", fix="set lab.admins in the config")
    text = render(found, run.config.core.lab.name)
    run.result["digest"] = text
    day = run.clock.today()
    with run.database.write():
        added = [
            run.outbox.add(
                Message(
                    key=f"digest:{day}:{admin}",
                    to=admin,
                    text=text,
                    subject=text.splitlines()[0],
                    until=day + timedelta(days=1),
                    colour="warning",
                )
            )
            for admin in services.admins
        ]
        if any(added):
            ledger.digested(faults)
            marks.put("last", iso(now), iso(now))
