"""Whether the machine, or what starts the timers, was down: gaps in the journal."""

from collections.abc import Iterable
from datetime import timedelta

from labtool.core.journal import Journal
from labtool.core.probe import Finding, Patient

_LATELY = timedelta(days=7)
_LEAST = timedelta(minutes=30)
_RUNS = 5000


def probe(patient: Patient) -> Iterable[Finding]:
    """Of the timer that runs most often, pauses that are several times as long as its beat."""
    zone, now = patient.config.core.lab.timezone, patient.now
    beats = {}
    for name, timer in patient.config.core.timers.items():
        first = timer.when.next_after(now, zone)
        beats[name] = timer.when.next_after(first, zone) - first
    often = min(beats, key=lambda name: beats[name], default=None)
    if often is None or beats[often] > timedelta(hours=1):
        return
    longest = max(_LEAST, 3 * beats[often])
    runs = Journal(patient.database).entries(often, _RUNS)
    starts = sorted(one.started for one in runs if one.timer and one.started > now - _LATELY)
    if not starts:
        return
    gaps = [
        (before, after)
        for before, after in zip(starts, [*starts[1:], now], strict=True)
        if after - before > longest
    ]
    for before, after in gaps[-3:]:
        what = (
            f"nothing ran from {before.astimezone(zone):%a %d %b %H:%M} to "
            f"{after.astimezone(zone):%a %d %b %H:%M}"
        )
        fix = "look whether the machine, cron or systemd was down then: last -x, journalctl"
        yield Finding("warn", "down", what, fix)
    if not gaps:
        yield Finding("ok", "down", f"{often} ran without a gap")
