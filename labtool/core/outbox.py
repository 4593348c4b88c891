"""The outbox: what is to be said, what was said, and what nobody knows.

A message is here before it is sent, and its state says what is known of it:

    waiting   to be sent by this run or the next
    sending   being sent now; found so by a later run, its sender was killed: unknown
    unknown   it may have arrived; settled by asking the channel, where that can answer
    sent      it arrived
    failed    it will never arrive as it is; an admin decides
    dropped   an admin decided, or it was too late for it

A key is accepted once. Records go after `keep`; their keys stay until the last day on
which their period could produce them again.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from sqlite3 import Row
from typing import Any

from labtool.core.database import Database
from labtool.core.errors import Failed
from labtool.core.messages import Address, Button, Message, Receipt, Recipient

STATES = ("waiting", "sending", "unknown", "sent", "failed", "dropped")
# How the error of a message begins that was dropped because nobody needs it any more.
TOO_LATE = "too late"
# How long a key outlives its period: longer than any clock is wrong by mistake.
_KEEP_KEYS = timedelta(days=10 * 366)
OPEN_STATES = ("waiting", "sending", "unknown", "failed")


@dataclass(frozen=True, slots=True)
class Entry:
    """One record. Times are Unix seconds of the machine's clock; `address` is where it
    was, or was being, sent through `via`, and `receipt` the proof that it arrived."""

    id: int
    message: Message
    state: str
    created: float
    attempts: int
    attempted: float | None
    next_try: float | None
    via: str
    address: Address | None
    receipt: Receipt | None
    settled: float | None
    error: str


class Outbox:
    """The messages in a database. With `redirect`, every message goes to those recipients
    instead, marked with who would have got it (`lab.dry_run`)."""

    def __init__(self, database: Database, redirect: Sequence[Recipient] = ()) -> None:
        self._database = database
        self._redirect = redirect

    def add(self, message: Message) -> bool:
        """Accept a message; False when its key was accepted before."""
        if not self._redirect:
            return self._insert(message)
        mark = f"[dry run: would have gone to {message.to.name}]\n"
        copies = [
            replace(message, key=_redirected(message.key, to), to=to, text=mark + message.text)
            for to in self._redirect
        ]
        accepted = [self._insert(copy) for copy in copies]
        return any(accepted)

    def _insert(self, message: Message) -> bool:
        if self._taken(message.key):
            return False
        values = asdict(message)
        for name in ("key", "to", "until", "urgent"):
            del values[name]
        useful = message.useful_until
        values["useful_until"] = useful.isoformat() if useful else None
        return bool(
            self._database.execute(
                "INSERT INTO outbox (key, recipient_kind, recipient, message, until, urgent,"
                " state, created) VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?)"
                " ON CONFLICT (key) DO NOTHING",
                message.key,
                message.to.kind,
                message.to.name,
                json.dumps(values),
                message.until.isoformat(),
                message.urgent,
                time.time(),
            )
        )

    def entries(self, states: Sequence[str] = (), newest: int = 0) -> list[Entry]:
        """Records in these states (all by default), oldest first; only the `newest` ones
        if that is not 0."""
        marks = ", ".join("?" * len(states))
        where = f"WHERE state IN ({marks})" if states else ""
        limit = "LIMIT ?" if newest else ""
        rows = self._database.rows(
            f"SELECT * FROM outbox {where} ORDER BY id DESC {limit}",  # noqa: S608  (constants)
            *states,
            *([newest] if newest else []),
        )
        return [_entry(row) for row in reversed(rows)]

    def entry(self, number: int) -> Entry:
        """One record. Raises Failed when there is none with this id."""
        rows = self._database.rows("SELECT * FROM outbox WHERE id = ?", number)
        if not rows:
            raise Failed(f"there is no message {number}", fix="see: labtool outbox")
        return _entry(rows[0])

    def receipt(self, key: str) -> tuple[str, Receipt] | None:
        """Through which channel a message arrived, and where; None if it did not."""
        rows = self._database.rows("SELECT * FROM outbox WHERE key = ? AND state = 'sent'", key)
        entry = _entry(rows[0]) if rows else None
        return (entry.via, entry.receipt) if entry and entry.receipt else None

    def state(self, key: str) -> str:
        """The state of the message with this key; empty when it is not kept."""
        rows = self._database.rows("SELECT state FROM outbox WHERE key = ?", key)
        return str(rows[0]["state"]) if rows else ""

    def error(self, key: str) -> str:
        """Why the message with this key was not sent; empty where nothing is known of it."""
        rows = self._database.rows("SELECT error FROM outbox WHERE key = ?", key)
        return str(rows[0]["error"]) if rows else ""

    def accepted(self, key: str) -> bool:
        """Whether a message with this key was accepted, kept or not."""
        copies = [_redirected(key, to) for to in self._redirect]
        return all(self._taken(each) for each in copies or [key])

    def _taken(self, key: str) -> bool:
        spent = self._database.rows("SELECT 1 FROM spent_keys WHERE key = ?", key)
        return bool(spent) or self.state(key) != ""

    def claim(self, entry: Entry, via: str, address: Address) -> None:
        """Mark a message as being sent, before anything leaves the machine."""
        self._database.execute(
            "UPDATE outbox SET state = 'sending', via = ?, address = ?, address_label = ?,"
            " attempted = ?, attempts = attempts + 1 WHERE id = ?",
            via,
            address.value,
            address.label,
            time.time(),
            entry.id,
        )

    def sent(self, entry: Entry, receipt: Receipt) -> None:
        """It arrived."""
        self._database.execute(
            "UPDATE outbox SET state = 'sent', place = ?, remote_id = ?, settled = ?, error = ''"
            " WHERE id = ?",
            receipt.place,
            receipt.id,
            time.time(),
            entry.id,
        )

    def settle(
        self, entry: Entry, state: str, error: str = "", next_try: float | None = None
    ) -> None:
        """It is in another state than sent, and why; not tried before `next_try`."""
        settled = time.time() if state in ("failed", "dropped") else None
        self._database.execute(
            "UPDATE outbox SET state = ?, error = ?, next_try = ?, settled = ? WHERE id = ?",
            state,
            error,
            next_try,
            settled,
            entry.id,
        )

    def retry(self, entry: Entry) -> None:
        """An admin wants it sent: it waits as if it were new, for all of `retry_for`."""
        self._database.execute(
            "UPDATE outbox SET state = 'waiting', created = ?, error = '', next_try = NULL,"
            " settled = NULL WHERE id = ?",
            time.time(),
            entry.id,
        )

    def orphans_become_unknown(self) -> None:
        """What a killed process was sending. Only for who holds the outbox's lock."""
        self._database.execute("UPDATE outbox SET state = 'unknown' WHERE state = 'sending'")

    def discard(self, key: str) -> None:
        """Take back a message that was certainly not sent, and free its key."""
        self._database.execute(
            "DELETE FROM outbox WHERE key = ? AND state IN ('waiting', 'failed')", key
        )

    def prune(self, keep: timedelta) -> None:
        """Remove settled records older than `keep`, and keys whose period was over long ago.
        Counts by the machine's clock, so that a pretended time removes nothing; and a clock
        that is years ahead for a day does not free today's keys."""
        before = time.time() - keep.total_seconds()
        over = (datetime.now(UTC).date() - _KEEP_KEYS).isoformat()
        old = "state IN ('sent', 'failed', 'dropped') AND settled < ?"
        with self._database.write():
            self._database.execute(
                "INSERT OR IGNORE INTO spent_keys (key, until)"  # noqa: S608  (a constant)
                f" SELECT key, until FROM outbox WHERE {old}",
                before,
            )
            self._database.execute(f"DELETE FROM outbox WHERE {old}", before)  # noqa: S608
            self._database.execute("DELETE FROM spent_keys WHERE until < ?", over)


def _redirected(key: str, to: Recipient) -> str:
    """The key of the copy that goes to an admin instead."""
    return f"{key}>{to}"


def _entry(row: Row) -> Entry:
    values: dict[str, Any] = json.loads(row["message"])
    values["blocks"] = tuple(values["blocks"])
    values["buttons"] = tuple(Button(**one) for one in values.get("buttons", ()))
    useful = values.pop("useful_until", None)
    return Entry(
        id=row["id"],
        message=Message(
            key=row["key"],
            to=Recipient(row["recipient_kind"], row["recipient"]),
            until=date.fromisoformat(row["until"]),
            urgent=bool(row["urgent"]),
            useful_until=date.fromisoformat(useful) if useful else None,
            **values,
        ),
        state=row["state"],
        created=row["created"],
        attempts=row["attempts"],
        attempted=row["attempted"],
        next_try=row["next_try"],
        via=row["via"],
        address=Address(row["address"], row["address_label"]) if row["address"] else None,
        receipt=Receipt(row["place"], row["remote_id"]) if row["place"] else None,
        settled=row["settled"],
        error=row["error"],
    )
