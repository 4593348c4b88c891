"""How full the state's disk is, and at this rate until when there is room."""

import shutil
from collections.abc import Iterable
from datetime import date

from labtool.core.clock import iso
from labtool.core.database import Database, Marks
from labtool.core.probe import Finding, Patient

_SPACE = "doctor-disk"
_KEPT, _SOON = 30, 14
_LOW, _LEAST = 0.05, 1_000_000_000
_GB = 1_000_000_000


def probe(patient: Patient) -> Iterable[Finding]:
    """The rate is that of the days on which this was looked at, of which it keeps a month."""
    folder = patient.config.state
    while not folder.exists():
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    marks, today = Marks(patient.database, _SPACE), patient.now.date()
    marks.put(today.isoformat(), str(usage.free), iso(patient.now))
    left = days_left(known(patient.database), today, usage.free)
    what = f"{usage.free / _GB:.1f} GB of {usage.total / _GB:.0f} GB are free"
    fix = "free some space: du -xh --max-depth=2 / | sort -h"
    if usage.free < _LEAST or usage.free < usage.total * _LOW:
        yield Finding("bad", "disk", what, fix)
    elif left is not None and left < _SOON:
        yield Finding("warn", "disk", f"{what}, and at this rate none in {left:.0f} days", fix)
    else:
        yield Finding("ok", "disk", what)


def known(database: Database) -> dict[date, int]:
    """The bytes that were free, on the days on which somebody looked."""
    marks = Marks(database, _SPACE)
    return {date.fromisoformat(day): int(free) for day, free in marks.all().items()}


def days_left(known: dict[date, int], today: date, free: int) -> float | None:
    """After how many days there is none, as it went since the first that is known; None where it
    did not get less, or nobody knows."""
    before = {day: bytes_ for day, bytes_ in known.items() if 1 <= (today - day).days <= _KEPT}
    if not before:
        return None
    first = min(before)
    rate = (before[first] - free) / (today - first).days
    return free / rate if rate > 0 else None
