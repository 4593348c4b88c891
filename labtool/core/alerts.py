"""The ledger of errors: what the admins have heard, and what they should hear now.

A new error is told once, at once; the same error again only counts, for the next digest.
A temporary one is told when it has lasted longer than `alerts.tolerate`. When an error
that was told does not come back in its task's next run, its end is told too.
"""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from sqlite3 import Row
from typing import Literal

from labtool.core.clock import from_iso, iso
from labtool.core.database import Database
from labtool.core.errors import Failed, LabtoolError, Temporary, Unknown
from labtool.core.messages import Message, Recipient

# An error whose command was never run again (somebody tried something once) is forgotten.
_FORGET = timedelta(days=35)


@dataclass(frozen=True, slots=True)
class Fault:
    """One error in the ledger. `scope` is the command that met it first, `topic` what must
    be looked at again to know that it is over; `count` how often it was met, `digested` how
    many of those a digest has told; `told` when the admins heard; `ended` when it was over.
    Times in UTC."""

    id: str
    scope: str
    topic: str
    text: str
    temporary: bool
    first_seen: datetime
    last_seen: datetime
    count: int
    told: datetime | None
    ended: datetime | None
    digested: int
    snoozed_until: datetime | None


Snooze = Mapping[str, timedelta | Literal["always"]]


def fault_id(scope: str, error: LabtoolError) -> str:
    """Eight characters that are the same for the same error: the sort of error and its
    place, or its text without numbers where it names no place; and the command, unless
    the error has a topic of its own, which several commands may look at."""
    place = error.where or re.sub(r"\d+", "#", error.what)
    name = f"{'' if error.topic else scope}\0{error.code}\0{place}"
    return hashlib.sha256(name.encode()).hexdigest()[:8]


class Ledger:
    """The errors in a database."""

    def __init__(self, database: Database, tolerate: timedelta, snooze: Snooze) -> None:
        self._database, self._tolerate, self._snooze = database, tolerate, snooze

    def record(
        self,
        scope: str,
        errors: Sequence[LabtoolError],
        now: datetime,
        standing: Sequence[LabtoolError] = (),
    ) -> list[Fault]:
        """Enter the errors of a run that just ended, and those that stand from earlier runs
        and are not entered yet; which of them to tell now."""
        known = {fault.id for fault in self.open()} if standing else set()
        seen = {fault_id(scope, error): error for error in standing}
        seen = {name: error for name, error in seen.items() if name not in known}
        seen |= {fault_id(scope, error): error for error in errors}
        for name, error in seen.items():
            self._enter(name, scope, error, now)
        return [fault for name in seen if self._due(fault := self.fault(name), now)]

    def _enter(self, name: str, scope: str, error: LabtoolError, now: datetime) -> None:
        temporary = isinstance(error, Temporary | Unknown)
        known = self._database.rows("SELECT ended FROM faults WHERE id = ?", name)
        if known and known[0]["ended"] is None:
            self._database.execute(
                # One from the future was met while the clock was wrong, or by --at.
                "UPDATE faults SET text = ?, temporary = ?, last_seen = ?, count = count + 1,"
                " first_seen = min(first_seen, ?) WHERE id = ?",
                str(error),
                temporary,
                iso(now),
                iso(now),
                name,
            )
            return
        self._database.execute(
            "INSERT INTO faults (id, scope, topic, text, temporary, first_seen, last_seen, count)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (id) DO UPDATE SET"
            " scope = excluded.scope, topic = excluded.topic, text = excluded.text,"
            " temporary = excluded.temporary, first_seen = excluded.first_seen,"
            " last_seen = excluded.last_seen, count = 1, told = NULL, ended = NULL, digested = 0",
            name,
            scope,
            error.topic or scope,
            str(error),
            temporary,
            iso(now),
            iso(now),
        )

    def _due(self, fault: Fault, now: datetime) -> bool:
        if fault.told or self.snoozed(fault, now):
            return False
        return not fault.temporary or now - fault.first_seen >= self._tolerate

    def snoozed(self, fault: Fault, now: datetime) -> bool:
        """Whether the admins asked not to hear of this error now."""
        if fault.snoozed_until and now < fault.snoozed_until:
            return True
        wish = self._snooze.get(fault.id)
        return wish == "always" or (isinstance(wish, timedelta) and now < fault.first_seen + wish)

    def told(self, faults: Sequence[Fault], now: datetime) -> None:
        """The admins have been told of these."""
        for fault in faults:
            self._database.execute("UPDATE faults SET told = ? WHERE id = ?", iso(now), fault.id)

    def recover(
        self,
        scope: str,
        errors: Sequence[LabtoolError],
        looked_at: Collection[str],
        now: datetime,
    ) -> list[Fault]:
        """End the errors whose topic a run just now looked at and did not meet; those of
        them that the admins had heard of. A command is a topic, if it came to its end."""
        seen = {fault_id(scope, error) for error in errors}
        unseen = [fault for fault in self.open() if fault.id not in seen]
        over = [fault for fault in unseen if fault.topic in looked_at]
        # By the machine's clock, so that a pretended time forgets nothing.
        clock = datetime.now(UTC)
        forgotten = [f for f in unseen if min(now, clock) - f.last_seen > _FORGET]
        self._not_later_than(max(now, clock))
        for fault in (*over, *forgotten):
            self._database.execute("UPDATE faults SET ended = ? WHERE id = ?", iso(now), fault.id)
        return [fault for fault in over if fault.told and not self.snoozed(fault, now)]

    def _not_later_than(self, moment: datetime) -> None:
        """What was met while the clock was wrong, or with --at, and never again, would stay
        open until that time comes."""
        self._database.execute(
            "UPDATE faults SET first_seen = min(first_seen, ?1), last_seen = ?1"
            " WHERE ended IS NULL AND last_seen > ?1",
            iso(moment),
        )

    def open(self) -> list[Fault]:
        """The errors that have not ended, oldest first."""
        rows = self._database.rows("SELECT * FROM faults WHERE ended IS NULL ORDER BY first_seen")
        return [_fault(row) for row in rows]

    def ended_since(self, since: datetime, now: datetime) -> list[Fault]:
        """The errors that ended after then, until now."""
        rows = self._database.rows(
            "SELECT * FROM faults WHERE ended > ? AND ended <= ? ORDER BY ended",
            iso(since),
            iso(now),
        )
        return [_fault(row) for row in rows]

    def fault(self, name: str) -> Fault:
        """One error. Raises Failed when there is none with this id."""
        rows = self._database.rows("SELECT * FROM faults WHERE id = ?", name)
        if not rows:
            raise Failed(f"there is no error {name}", fix="see: labtool alerts")
        return _fault(rows[0])

    def snooze(self, name: str, until: datetime | None) -> None:
        """Do not tell of an error before then; None tells it again when it is next met."""
        self.fault(name)
        if until is None:
            self._database.execute(
                "UPDATE faults SET snoozed_until = NULL, told = NULL WHERE id = ?", name
            )
            return
        self._database.execute("UPDATE faults SET snoozed_until = ? WHERE id = ?", iso(until), name)

    def digested(self, faults: Sequence[Fault]) -> None:
        """A digest has told the counts of these."""
        for fault in faults:
            self._database.execute(
                "UPDATE faults SET digested = ?, told = coalesce(told, last_seen) WHERE id = ?",
                fault.count,
                fault.id,
            )


def alert(
    kind: Literal["new", "over"], faults: Sequence[Fault], lab: str, admins: Sequence[Recipient]
) -> list[Message]:
    """One message to each admin about errors of one command that are new, or over; none if
    there are none."""
    if not faults:
        return []
    first = faults[0]
    what = "failed" if kind == "new" else "works again"
    lines = [f"{lab}: labtool {first.scope} {what}"]
    for fault in faults:
        since = f" (since {fault.first_seen:%Y-%m-%d %H:%M} UTC)" if fault.temporary else ""
        over = "over: " if kind == "over" else ""
        # What it is about stands in the heading.
        text = fault.text.removeprefix(f"{first.scope}: ")
        lines.append(f"• {over}{text}{since}  [{fault.id}]")
    # With the count, one that is told once more (somebody ended its snooze) is another message.
    names = ",".join(f"{fault.id}@{iso(fault.first_seen)}#{fault.count}" for fault in faults)
    digest = hashlib.sha256(names.encode()).hexdigest()[:16]
    return [
        Message(
            key=f"alert:{kind}:{digest}:{to}",
            to=to,
            text="\n".join(lines),
            subject=f"{lab}: {first.scope} {what}",
            until=max(fault.last_seen for fault in faults).date() + timedelta(days=2),
            colour="danger" if kind == "new" else "good",
            urgent=True,
        )
        for to in admins
    ]


def _fault(row: Row) -> Fault:
    def moment(name: str) -> datetime | None:
        return from_iso(row[name]) if row[name] else None

    return Fault(
        id=row["id"],
        scope=row["scope"],
        topic=row["topic"],
        text=row["text"],
        temporary=bool(row["temporary"]),
        first_seen=from_iso(row["first_seen"]),
        last_seen=from_iso(row["last_seen"]),
        count=row["count"],
        told=moment("told"),
        ended=moment("ended"),
        digested=row["digested"],
        snoozed_until=moment("snoozed_until"),
    )
