"""How old the newest copies are, by what this machine knows: nobody is asked, so that a backup
that does not run any more is noticed by everything else that does.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from labtool.core.clock import from_iso
from labtool.core.config import Config
from labtool.core.config.types import show_duration
from labtool.core.database import Database, Marks
from labtool.tasks.backup.retention import AHEAD
from labtool.tasks.backup.section import Backup

# What is remembered of each set at each destination: when it was saved, read and found right;
# and of each destination, when it was pruned.
SPACE = "backup"
NEWEST, PRUNED, VERIFIED = "newest", "pruned", "verified"
# In place of a time: there were copies, and none is whole.
NONE = "none"
_PRUNE_LATE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Age:
    """A set at a destination: its newest good copy, the last verification, and whether it is
    `late`; whether there `ever` was one."""

    set: str
    place: str
    newest: datetime | None
    verified: "Verified | None"
    late: bool
    ever: bool

    def sentence(self, now: datetime) -> str:
        """What an admin is told."""
        if self.newest is None and self.ever:
            return f"no copy of {self.set} at {self.place} is whole"
        if self.newest is None:
            return f"{self.set} was never saved to {self.place}"
        if self.newest > now:
            day = f"{self.newest:%Y-%m-%d}"
            return f"the newest copy of {self.set} at {self.place} is of {day}: look at the clock"
        return f"the newest copy of {self.set} at {self.place} is {_long(now - self.newest)} old"


def ages(config: Config, database: Database, now: datetime) -> list[Age]:
    """Every set at each of its destinations. Raises ConfigError."""
    section = config.section("backup", Backup)
    marks = Marks(database, SPACE)
    found = []
    for name, options in section.sets.items():
        for place in options.places:
            at = marks.get(f"{NEWEST}:{name}@{place}")
            newest = from_iso(at) if at and at != NONE else None
            age = now - newest if newest else None
            late = age is None or age > section.max_age_of(name) or -age > AHEAD
            verified = Verified.of(marks.get(f"{VERIFIED}:{name}@{place}") or "")
            found.append(Age(name, place, newest, verified, late, at is not None))
    return found


@dataclass(frozen=True, slots=True)
class Verified:
    """The last verification of a set at a place: of which backup, when, how it was done
    (`drill`, `read`, `stored`, or that it `failed`), and over how many files."""

    ident: str
    at: datetime
    how: str
    count: str

    @classmethod
    def of(cls, text: str) -> "Verified | None":
        """What is remembered of it; None where there is nothing."""
        at, how, count, ident = [*text.split(" "), "", "", "", ""][:4]
        return cls(ident, from_iso(at), how, count) if at else None


def warnings(config: Config, database: Database, now: datetime) -> list[str]:
    """What the admins must know: copies that are too old, and destinations that were not pruned
    for long although they have backups. Raises ConfigError."""
    known = ages(config, database, now)
    marks = Marks(database, SPACE)
    said = [age.sentence(now) for age in known if age.late]
    for place in dict.fromkeys(age.place for age in known if age.newest):
        at = marks.get(f"{PRUNED}:{place}")
        if at and now - from_iso(at) > _PRUNE_LATE:
            since = _long(now - from_iso(at))
            said.append(f"old backups were not removed from {place} for {since}")
    return said


def _long(age: timedelta) -> str:
    """An age without what does not matter: of days and hours no minutes."""
    return show_duration(age - age % timedelta(hours=1) if age > timedelta(days=1) else age)
