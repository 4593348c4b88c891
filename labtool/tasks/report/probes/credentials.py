"""Credentials that have run out, or will soon; and all else that is known to go wrong now."""

from collections.abc import Iterable
from datetime import timedelta

from labtool.core.alerts import Ledger
from labtool.core.credentials import ends
from labtool.core.probe import Finding, Patient
from labtool.core.text import one_line

_SOON = timedelta(days=14)
_MOST, _LONGEST = 5, 300


def probe(patient: Patient) -> Iterable[Finding]:
    """As vendors have said when they were last asked; what a vendor refuses is an open trouble."""
    zone, now = patient.config.core.lab.timezone, patient.now
    known = ends(patient.database)
    soon = {name: at for name, at in known.items() if at - now <= _SOON}
    for name, at in sorted(soon.items(), key=lambda one: one[1]):
        day = f"{at.astimezone(zone):%a %d %b %Y}"
        past = at <= now
        what = f"{name} {'ran' if past else 'runs'} out on {day}"
        fix = "make a new one, and put it into .env"
        yield Finding("bad" if past else "warn", "credentials", what, fix)
    if known and not soon:
        yield Finding("ok", "credentials", "none is known to run out within two weeks")
    open_ = Ledger(patient.database, timedelta(0), {}).open()
    for fault in open_[:_MOST]:
        what = f"since {fault.first_seen.astimezone(zone):%a %d %b %H:%M}: "
        yield Finding("bad", "trouble", what + one_line(fault.text, _LONGEST))
    if len(open_) > _MOST:
        what = f"{len(open_) - _MOST} more are open"
        yield Finding("bad", "trouble", what, "see labtool alerts")
