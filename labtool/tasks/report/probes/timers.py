"""Timers that never fire, or are late."""

from collections.abc import Iterable

from labtool.core.probe import Finding, Patient
from labtool.tasks.report.task import read_timetable


def probe(patient: Patient) -> Iterable[Finding]:
    """As `labtool status` knows it."""
    timers = patient.config.core.timers
    if not timers:
        yield Finding("warn", "timers", "the config has none", "see: labtool timers crontab")
        return
    lines = read_timetable(patient.config, patient.database, patient.now)
    own = [line for line in lines if line.name in timers]
    never = [line.name for line in own if line.last is None or not line.last.timer]
    late = [line.name for line in own if line.overdue_since]
    if len(never) == len(timers):
        fix = "let cron or systemd start them: labtool timers crontab, or labtool timers systemd"
        yield Finding("bad", "timers", "none was ever started by the clock", fix)
    elif late:
        fix = "see labtool status; are all of them in the crontab?"
        yield Finding("bad", "timers", f"overdue: {', '.join(late)}", fix)
    else:
        yield Finding("ok", "timers", "none is overdue")
