"""When nothing runs, on a terminal and for programs."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from labtool.commands import _show as show
from labtool.core.config import Config
from labtool.core.config.models import Timer
from labtool.core.database import Database
from labtool.core.journal import Journal
from labtool.tasks.timers.quiet import Window

# So many of a timer's last runs say how long it takes: the longest of them.
_RUNS = 20


def lasts(database: Database, timers: Mapping[str, Timer]) -> dict[str, timedelta]:
    """How long each timer's runs have taken at most, as far as the journal knows."""
    journal, found = Journal(database), {}
    for name in timers:
        took = [one.seconds for one in journal.entries(name, _RUNS) if one.seconds]
        if took:
            found[name] = timedelta(seconds=max(took))
    return found


def quiet(
    found: Window | None,
    longest: Window | None,
    wanted: timedelta,
    beside: Sequence[str],
    staying: Sequence[str],
    config: Config,
    *,
    json: bool,
) -> None:
    """Say it; `longest` is the longest of those that are too short, and `beside` are the timers
    that leave no such time ever, and were not looked at."""
    if json:
        window = found and {"begins": found.begins, "ends": found.ends, "then": found.then}
        show.document({"window": window, "beside": list(beside), "staying": list(staying)})
        return
    zone, minutes = config.core.lab.timezone, int(wanted.total_seconds() // 60)
    none = "no minute is free" if minutes == 1 else f"no {minutes} minutes are free"
    one = found or longest
    if one is None:
        print(f"{none} within 24 h: something runs all the time")
    else:
        begins, ends = one.begins.astimezone(zone), one.ends.astimezone(zone)
        then = f", when {one.then} starts" if one.then else ""
        lasts_ = f"{begins:%a %H:%M:%S} to {ends:%a %H:%M:%S %Z}{then}"
        if found:
            print(f"nothing is expected to run from {lasts_}")
        else:
            print(f"{none} within 24 h; the longest: {lasts_}")
    if beside:
        often = ", ".join(f"{name} ({config.core.timers[name].when})" for name in beside)
        print(f"but for these, which start more often than that: {often}")
    if staying:
        print(f"these run all the time, and start again by themselves: {', '.join(staying)}")
