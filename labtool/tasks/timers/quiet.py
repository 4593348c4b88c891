"""When no timer is expected to start, or to run still: the time to deploy or to restart. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from labtool.core.config.models import Timer

# Of which nobody knows how long it takes.
UNKNOWN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Window:
    """From when until when nothing runs (UTC), and what ends that."""

    begins: datetime
    ends: datetime
    then: str

    @property
    def lasts(self) -> timedelta:
        """How long it is."""
        return self.ends - self.begins


@dataclass(frozen=True, slots=True)
class Busy:
    """An expected run of a timer."""

    begins: datetime
    ends: datetime
    name: str


def expected(
    timers: Mapping[str, Timer],
    lasts: Mapping[str, timedelta],
    zone: ZoneInfo,
    now: datetime,
    until: datetime,
) -> list[Busy]:
    """The runs that are expected to go on in a time, by when they begin; of a timer that runs more
    often than it takes, one after another."""
    found = []
    for name, timer in timers.items():
        takes = lasts.get(name, UNKNOWN)
        at = timer.when.previous(now, zone)
        while at < until:
            if at + takes > now:
                found.append(Busy(at, at + takes, name))
            at = timer.when.next_after(at, zone)
    return sorted(found, key=lambda one: (one.begins, one.name))


def frequent(
    timers: Mapping[str, Timer], zone: ZoneInfo, now: datetime, until: datetime, wanted: timedelta
) -> list[str]:
    """The timers that never leave so much time between two starts."""
    found = []
    for name, timer in timers.items():
        at = timer.when.previous(now, zone)
        after = timer.when.next_after(at, zone)
        while at < until and after - at < wanted:
            at, after = after, timer.when.next_after(after, zone)
        if at >= until:
            found.append(name)
    return found


def windows(busy: Sequence[Busy], now: datetime, until: datetime) -> list[Window]:
    """The times between expected runs, in order."""
    found, free = [], now
    for one in busy:
        if one.begins > free:
            found.append(Window(free, one.begins, one.name))
        free = max(free, one.ends)
    if free < until:
        found.append(Window(free, until, ""))
    return found


def quiet(found: Sequence[Window], wanted: timedelta) -> Window | None:
    """The first that is long enough; else None."""
    return next((one for one in found if one.lasts >= wanted), None)
