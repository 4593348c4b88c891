"""What came from Slack, kept before it is acknowledged: each event once, whatever is killed.

First as a file of its own, which waits for nobody: whoever holds the database for long does not
keep Slack waiting. From there into the database, where it is known for as long as Slack might
send it again.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from labtool.core.database import Database
from labtool.core.files import write_atomic
from labtool.core.log import complain

# Slack sends an event again for an hour at most.
_KEEP = 2 * 86400.0
_LEFT = 3600.0


class Spool:
    """The events that are not in the database yet: a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, ident: str, payload: Mapping[str, Any]) -> None:
        """Keep an event; it is on the disk when this returns. Raises StateError."""
        name = hashlib.sha256(ident.encode("utf-8", "replace")).hexdigest()
        content = json.dumps({"id": ident, "received": time.time(), "event": payload})
        # What people have written.
        write_atomic(self._folder / f"{name}.json", content.encode(), 0o600)

    def empty_into(self, inbox: "Inbox") -> None:
        """Hand over what is here. Raises StateError."""
        for path in sorted(self._folder.glob("*.json")):
            try:
                found = json.loads(path.read_bytes())
                ident, received, event = str(found["id"]), float(found["received"]), found["event"]
            except FileNotFoundError:
                continue
            except (OSError, ValueError, KeyError, TypeError) as error:
                complain(f"{path}: is no event of Slack ({type(error).__name__})")
                ident = ""
            if ident:
                inbox.keep(ident, event, received)
            path.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove what a killed process has left half written."""
        before = time.time() - _LEFT
        for path in self._folder.glob(".*.tmp"):
            with suppress(OSError):
                if path.stat().st_mtime < before:
                    path.unlink()


class Inbox:
    """The events in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, ident: str, payload: Mapping[str, Any], received: float) -> bool:
        """Keep an event; False for one that was kept before."""
        return bool(
            self._database.execute(
                "INSERT INTO slack_inbox (id, event, received) VALUES (?, ?, ?)"
                " ON CONFLICT (id) DO NOTHING",
                ident,
                json.dumps(payload),
                received,
            )
        )

    def knows(self, ident: str) -> bool:
        """Whether an event was kept."""
        return bool(self._database.rows("SELECT 1 FROM slack_inbox WHERE id = ?", ident))

    def waiting(self) -> list[tuple[str, dict[str, Any], float]]:
        """What was not answered yet, the oldest first, with when it came."""
        rows = self._database.rows(
            "SELECT id, event, received FROM slack_inbox WHERE done = 0 ORDER BY received, id"
        )
        return [(str(row["id"]), json.loads(row["event"]), row["received"]) for row in rows]

    def done(self, ident: str) -> None:
        """It was answered; what it said is forgotten, its number stays for a while."""
        self._database.execute("UPDATE slack_inbox SET done = 1, event = '' WHERE id = ?", ident)

    def tidy(self) -> None:
        """Forget what came long ago."""
        before = time.time() - _KEEP
        self._database.execute("DELETE FROM slack_inbox WHERE received < ? AND done = 1", before)
