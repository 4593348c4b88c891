"""What came from Slack, kept before it is acknowledged: each event once, whatever is killed."""

import json
import time
from collections.abc import Mapping
from typing import Any

from labtool.core.database import Database

# Slack sends an event again for an hour at most.
_KEEP = 2 * 86400.0


class Inbox:
    """The events in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, ident: str, payload: Mapping[str, Any]) -> bool:
        """Keep an event; False for one that was kept before."""
        return bool(
            self._database.execute(
                "INSERT INTO slack_inbox (id, event, received) VALUES (?, ?, ?)"
                " ON CONFLICT (id) DO NOTHING",
                ident,
                json.dumps(payload),
                time.time(),
            )
        )

    def waiting(self) -> list[tuple[str, dict[str, Any]]]:
        """What was not answered yet, the oldest first."""
        rows = self._database.rows(
            "SELECT id, event FROM slack_inbox WHERE done = 0 ORDER BY received, id LIMIT 100"
        )
        return [(str(row["id"]), json.loads(row["event"])) for row in rows]

    def done(self, ident: str) -> None:
        """It was answered; what it said is forgotten, its number stays for a while."""
        self._database.execute("UPDATE slack_inbox SET done = 1, event = '' WHERE id = ?", ident)

    def tidy(self) -> None:
        """Forget what came long ago."""
        before = time.time() - _KEEP
        self._database.execute("DELETE FROM slack_inbox WHERE received < ? AND done = 1", before)
