"""What the server keeps: in a real database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from labtool.core.clock import iso
from labtool.core.database import Database
from labtool.core.people import People, Person
from labtool.tasks.instruments.center.keeping import Keeping
from labtool.tasks.instruments.center.models import Changes
from labtool.tasks.instruments.center.telling import Who
from labtool.tasks.instruments.kinds.attune import Options

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def sent(seq: int, at: datetime, event: str = "login", *running: tuple[str, datetime]) -> Changes:
    state: dict[str, Any] = {
        "version": 1,
        "state": "running" if running else "idle",
        "procedures": [{"name": name, "started": iso(began)} for name, began in running],
        "user": "ann",
    }
    change = {"seq": seq, "time": iso(at), "event": event, "outcome": "", "state": state}
    return Changes.model_validate({"epoch": "0" * 16, "changes": [change]})


def test_changes_are_forgotten_and_procedures_are_not() -> None:
    keeping = Keeping(Database.blank())
    old = NOW - timedelta(days=100)
    keeping.take("a", sent(1, old, "started Rinse", ("Rinse", old)), old)
    keeping.take("a", sent(2, old + timedelta(minutes=3), "ended Rinse"), old)
    keeping.take("a", sent(3, NOW), NOW)
    assert keeping.forget(NOW - timedelta(days=90)) == 2
    assert keeping.forget(NOW - timedelta(days=90)) == 0
    assert [row["event"] for row in keeping.history("a", 10)] == ["login"]
    [run] = keeping.runs.finished("a", "Rinse")
    assert (run.seconds, run.user, run.outcome) == (180, "ann", "unknown")
    # Nothing comes back.
    assert keeping.take("a", sent(2, old, "ended Rinse"), NOW) == 3


@pytest.mark.parametrize(
    ("login", "who"),
    [("Ann Lee", "ann"), ("ann", "ann"), ("ALEE", "ann"), ("a", ""), ("An", ""), ("bob", "")],
)
def test_a_login_is_a_whole_name(login: str, who: str) -> None:
    people = People.of([Person(key="ann", name="Ann Lee", aliases=("alee",))])
    found = Who(lambda: people, list).hear(Options(kind="attune"), login)
    assert [to.name for to in found] == ([who] if who else [])
