"""The server's side in one process: what a watch would have sent, and what is told then."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from labtool.core.clock import Clock, iso
from labtool.core.config import bare
from labtool.core.database import Database
from labtool.core.delivery import Post
from labtool.core.messages import Recipient
from labtool.core.outbox import Outbox
from labtool.core.people import People, Person
from labtool.core.task import Run, Task
from labtool.tasks.instruments.center.keeping import Keeping
from labtool.tasks.instruments.center.looking import Look, look
from labtool.tasks.instruments.center.models import Changes, Heartbeat
from labtool.tasks.instruments.center.telling import Who, tell
from labtool.tasks.instruments.kinds._base import InstrumentOptions
from labtool.tasks.instruments.kinds.attune import Options

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
EPOCH = "0123456789abcdef"
PEOPLE = People.of([Person(key="ann", name="Ann Lee"), Person(key="bob", name="Bob Stone")])


def state(name: str = "idle", at: datetime | None = None, **more: Any) -> dict[str, Any]:
    """A state that has been so since `at`."""
    since = {"since": iso(at), "last_row": iso(at)} if at else {}
    return {"version": 1, "state": name, **since, **more}


def running(name: str, began: datetime, step: int | None = None, **more: Any) -> dict[str, Any]:
    """A state in which a procedure runs."""
    one = {"name": name, "started": iso(began), "step": step}
    return state("running", began, procedures=[one], **more)


def change(
    seq: int, at: datetime, event: str, after: dict[str, Any], outcome: str = ""
) -> dict[str, Any]:
    """One change, as it is sent."""
    return {"seq": seq, "time": iso(at), "event": event, "outcome": outcome, "state": after}


def sent(*changes: dict[str, Any], epoch: str = EPOCH, **more: Any) -> Changes:
    """Some of them at once."""
    return Changes.model_validate({"epoch": epoch, "changes": changes} | more)


class Center:
    """A database, and the instrument `a` of it; `now` is the server's clock."""

    def __init__(self, database: Database | None = None, **options: Any) -> None:
        self.database = database or Database.blank()
        self.keeping = Keeping(self.database)
        self.options: InstrumentOptions = Options.model_validate(
            {"kind": "attune", "name": "Attune", **options}
        )
        self.now = NOON
        self._seq, self._beats = count(1), count(1)
        self._last = 0

    def say(
        self, event: str, after: dict[str, Any], at: datetime | None = None, outcome: str = ""
    ) -> None:
        """A change came."""
        self._last = next(self._seq)
        one = change(self._last, at or self.now, event, after, outcome)
        self.keeping.take("a", sent(one), self.now)

    def run_of(self, name: str, began: datetime, seconds: float, **more: Any) -> None:
        """A procedure ran: its `steps` (number, after how many seconds), its user."""
        user, steps = more.pop("user", ""), more.pop("steps", ())
        self.say(f"started {name}", running(name, began, user=user), began)
        for number, after in steps:
            at = began + timedelta(seconds=after)
            self.say(f"step {name}", running(name, began, number, user=user), at)
        end = began + timedelta(seconds=seconds)
        self.say(f"ended {name}", state("idle", end, user=user), end, more.pop("outcome", "done"))

    def beat(self, after: dict[str, Any], at: datetime | None = None, **more: Any) -> None:
        """A sign of life came; `at` is the instrument's clock."""
        body = {
            "epoch": EPOCH,
            "count": next(self._beats),
            "seq": self._last,
            "at": iso(at or self.now),
            "log": {"ok": "ok"},
            "state": after,
        }
        self.keeping.beat("a", Heartbeat.model_validate(body | more), self.now)

    def look(self) -> Look:
        """It, now."""
        return look("a", self.options, self.keeping, self.now)

    def run(self) -> Run:
        """A run of the server's, now."""

        def nobody(_database: Database) -> Post:
            raise AssertionError("nothing is sent")

        def admins(_database: Database) -> Sequence[Recipient]:
            return ()

        clock = Clock(ZoneInfo("UTC"), self.now)
        task = Task(
            "serve", (), "", bare(Path()), clock, False, False, False, False, nobody, admins
        )
        return Run(task, self.database, Outbox(self.database))

    def tell(self) -> list[tuple[str, str]]:
        """A round: who is told what that is new, in order."""
        rows = "SELECT id, recipient, json_extract(message, '$.text') AS text FROM outbox"
        [before] = self.database.rows("SELECT coalesce(max(id), 0) AS id FROM outbox")
        who = Who(lambda: PEOPLE, lambda: [Recipient("channel", "#lab")])
        tell(self.run(), [(self.look(), self.options)], who)
        found = self.database.rows(f"{rows} WHERE id > ? ORDER BY id", before["id"])
        return [(row["recipient"], row["text"]) for row in found]

    def texts(self) -> list[str]:
        """What is told that is new, each once."""
        return list(dict.fromkeys(text for _, text in self.tell()))
