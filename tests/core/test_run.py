"""The run boundary: however a task ends, its row, its output and its status say so."""

import hashlib
import json
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labtool.core.clock import Clock
from labtool.core.config import load
from labtool.core.database import Database, Marks
from labtool.core.delivery import Post
from labtool.core.errors import (
    AlreadyRunning,
    ConfigError,
    Failed,
    LabtoolError,
    Problem,
    StateError,
    Temporary,
    Unknown,
    UsageError,
)
from labtool.core.journal import Entry, Journal
from labtool.core.lock import hold
from labtool.core.log import run_log
from labtool.core.messages import Address, Message, Receipt, Recipient
from labtool.core.outbox import Outbox
from labtool.core.people import People, Person
from labtool.core.run import guarded, run_task
from labtool.core.task import Run, Task

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANN = Person("ann-lee", "Ann Lee")
Body = Callable[[Run], None]


@dataclass
class Channel:
    """A channel that takes every message, or refuses with an error."""

    name: str = "radio"
    error: LabtoolError | None = None
    heard: list[str] = field(default_factory=list)

    def address(self, person: Person | None, channel: str) -> Address | None:
        return Address(person.key if person else channel, "")

    def send(self, address: Address, message: Message, thread: Receipt | None) -> Receipt:
        if self.error:
            raise self.error
        self.heard.append(message.text)
        return Receipt(address.value, str(len(self.heard)))

    def find(self, address: Address, key: str, since: float) -> Receipt | None:
        return None


class Lab:
    """A config in a folder whose tasks reach Ann, the admin, through `channel`."""

    def __init__(self, folder: Path, config: str = "lab: {name: Lab}") -> None:
        file = folder / "labtool.yaml"
        file.write_text(config)
        self.config = load(file)
        self.channel = Channel()
        self.admins = [Recipient("person", ANN.key)]

    def task(self, **changes: Any) -> Task:
        usual: dict[str, Any] = {
            "name": "demo",
            "arguments": (),
            "timer": "",
            "config": self.config,
            "clock": Clock(ZoneInfo("UTC"), NOON),
            "dry_run": False,
            "json": False,
            "verbose": False,
            "quiet": False,
            "connect": lambda database: Post({"radio": self.channel}, People.of([ANN]), ["radio"]),
            "admins": lambda database: self.admins,
        }
        return Task(**usual | changes)

    def run(self, body: Body, **changes: Any) -> int:
        return run_task(self.task(**changes), body)

    @property
    def journal(self) -> list[Entry]:
        return Journal(Database.snapshot(self.config.state)).entries()

    def log(self, number: int) -> str:
        return run_log(self.config.state, number).read_text()


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def nothing(run: Run) -> None:
    """A task with nothing to do."""


def say(text: str) -> Body:
    """A task that has one message to send."""

    def body(run: Run) -> None:
        run.outbox.add(Message(f"key:{text}", Recipient("person", ANN.key), text, date(2030, 1, 1)))

    return body


def raises(error: BaseException) -> Body:
    def body(run: Run) -> None:
        raise error

    return body


ERRORS: list[tuple[LabtoolError, int, str]] = [
    (Failed("no"), 1, "failed"),
    (Temporary("later"), 75, "temporary"),
    (Unknown("perhaps"), 75, "temporary"),
    (UsageError("what"), 2, "usage"),
    (ConfigError([Problem("labtool.yaml:1", "is wrong")]), 2, "usage"),
]


@pytest.mark.parametrize(("error", "exit_status", "status"), ERRORS)
def test_an_error_that_is_raised(
    lab: Lab, error: LabtoolError, exit_status: int, status: str
) -> None:
    assert lab.run(raises(error), arguments=("a",), timer="often") == exit_status
    [entry] = lab.journal
    assert (entry.status, entry.exit, entry.error) == (status, exit_status, str(error))
    assert (entry.task, entry.arguments, entry.timer) == ("demo", ("a",), "often")
    assert str(error) in lab.log(entry.id)


@given(st.lists(st.sampled_from(ERRORS), max_size=4))
@settings(max_examples=25, deadline=None)
def test_errors_of_items_add_up(errors: list[tuple[LabtoolError, int, str]]) -> None:
    """What only a person can mend outweighs what passes by itself; siblings went on."""
    with TemporaryDirectory() as folder:
        lab = Lab(Path(folder))

        def body(run: Run) -> None:
            for error, _, _ in errors:
                run.fail(error)
                run.counts["items"] += 1

        found = {exit_status for _, exit_status, _ in errors}
        expected = next((status for status in (2, 1, 75) if status in found), 0)
        assert lab.run(body) == expected
        [entry] = lab.journal
        assert entry.counts.get("items", 0) == len(errors)
        assert entry.error.count("\n") == max(len({str(e) for e, _, _ in errors}) - 1, 0)


def test_what_is_in_the_outbox_is_sent_whatever_the_task_meets(lab: Lab) -> None:
    def body(run: Run) -> None:
        say("hello")(run)
        raise Temporary("the rest comes later")

    assert lab.run(body) == 75
    assert lab.channel.heard == ["hello"]
    assert lab.journal[0].counts == {"sent": 1}


def test_admins_hear_of_a_failure_once_and_of_its_end(lab: Lab) -> None:
    for _ in range(3):
        lab.run(raises(Failed("the shelf is empty", where="kitchen")))
    [alert] = lab.channel.heard
    assert "labtool demo failed" in alert
    assert "kitchen: the shelf is empty" in alert
    lab.run(nothing)
    assert "works again" in lab.channel.heard[1]


def test_an_alert_that_cannot_be_sent_waits(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.channel.error = Temporary("the radio is silent")
    assert lab.run(raises(Failed("no")), quiet=True) == 1
    assert "the admins could not be told" in capsys.readouterr().err
    lab.channel.error = None
    lab.run(raises(Failed("no")))
    assert len(lab.channel.heard) == 1


def test_a_bug_is_one_error_with_its_traceback_in_a_file(lab: Lab) -> None:
    def body(run: Run) -> None:
        say("before")(run)
        raise ZeroDivisionError("one by none")

    assert lab.run(body) == 1
    [entry] = lab.journal
    assert "labtool has a bug: ZeroDivisionError in core/run.py; " in entry.error
    assert "one by none" not in entry.error + lab.log(entry.id)  # nobody knows what it says
    [file] = (lab.config.state / "logs").glob("bug-*.txt")
    assert str(file) in entry.error
    assert "Traceback" in file.read_text()
    assert lab.channel.heard[0] == "before"
    assert "Traceback" not in lab.log(entry.id)


def test_interrupted(lab: Lab) -> None:
    assert lab.run(raises(KeyboardInterrupt())) == 130
    assert (lab.journal[0].status, lab.journal[0].exit) == ("interrupted", 130)


def test_terminated(lab: Lab) -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert lab.run(lambda run: os.kill(os.getpid(), signal.SIGTERM)) == 130
    assert lab.journal[0].status == "interrupted"
    assert signal.getsignal(signal.SIGTERM) is before


def test_what_interrupts_a_run_keeps_its_messages(lab: Lab) -> None:
    def body(run: Run) -> None:
        say("later")(run)
        raise KeyboardInterrupt

    lab.run(body)
    assert lab.channel.heard == []
    lab.run(nothing)
    assert lab.channel.heard == ["later"]


def test_a_run_that_was_killed_is_marked_by_the_next(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    Journal(Database.open(lab.config.state)).start("demo", "", (), NOON)
    other = Journal(Database.open(lab.config.state)).start("other", "", (), NOON)
    lab.run(nothing)
    assert [entry.status for entry in lab.journal] == ["done", "running", "killed"]
    assert lab.journal[1].id == other
    assert "the last run of demo was killed" in capsys.readouterr().err


def test_a_second_run_at_once_does_nothing(lab: Lab) -> None:
    digest = hashlib.sha256(b"demo").hexdigest()[:12]
    with hold(lab.config.state, f"demo-{digest}"):
        with pytest.raises(AlreadyRunning, match="demo is running already"):
            lab.run(nothing)
        assert guarded(lambda: lab.run(nothing)) == 0
        assert lab.run(nothing, name="other") == 0
    assert [entry.task for entry in lab.journal] == ["other"]
    assert lab.run(nothing) == 0


def test_the_lock_is_held_while_it_works(lab: Lab) -> None:
    def body(run: Run) -> None:
        with pytest.raises(AlreadyRunning):
            lab.run(nothing)

    assert lab.run(body) == 0


def test_one_json_document_and_nothing_else(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    def body(run: Run) -> None:
        print("for people")
        run.counts["things"] += 2
        run.result["answer"] = 42
        run.fail(Failed("no", where="here"))

    assert lab.run(body, json=True, arguments=("x",)) == 1
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert "for people" in shown.err
    assert document == {
        "task": "demo",
        "arguments": ["x"],
        "at": document["at"],
        "dry_run": False,
        "status": "failed",
        "exit": 1,
        "counts": {"things": 2},
        "errors": ["here: no"],
        "answer": 42,
    }
    assert datetime.fromisoformat(document["at"]) - NOON < timedelta(minutes=1)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_dry_run_leaves_no_trace(
    lab: Lab, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    def body(run: Run) -> None:
        assert run.dry_run
        say("hello")(run)
        Marks(run.database, "demo").put("a", "b", "c")
        run.deliver()

    assert lab.run(body, dry_run=True, json=as_json) == 0
    shown = capsys.readouterr().out
    if as_json:
        document = json.loads(shown)
        assert (document["dry_run"], document["counts"]) == (True, {"would send": 1})
        assert [m["text"] for m in document["messages"]] == ["hello"]
    else:
        assert shown == "would send to ann-lee:\n    hello\n"
    assert not lab.config.state.exists()
    assert lab.channel.heard == []


def test_a_dry_run_knows_what_was_sent(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.run(say("hello"))
    before = (lab.config.state / "labtool.db").read_bytes()
    capsys.readouterr()
    assert lab.run(say("hello"), dry_run=True) == 0
    assert capsys.readouterr().out == "dry run: nothing would be sent\n"
    assert lab.run(raises(Failed("no")), dry_run=True) == 1
    assert (lab.config.state / "labtool.db").read_bytes() == before
    assert len(lab.journal) == 1


def test_a_lab_that_tries_sends_to_its_admins(tmp_path: Path) -> None:
    lab = Lab(tmp_path, "lab: {dry_run: true}")
    lab.run(say("hello"))
    lab.run(say("hello"))
    assert lab.channel.heard == ["[dry run: would have gone to ann-lee]\nhello"]
    outbox = Outbox(Database.snapshot(lab.config.state), lab.admins)
    assert outbox.accepted("key:hello")
    assert not outbox.accepted("key:other")
    assert not Outbox(Database.snapshot(lab.config.state)).accepted("key:hello")
    lab.admins = []
    assert lab.run(say("more")) == 1
    assert "set lab.admins" in lab.journal[0].error


def test_quiet_keeps_the_output_for_the_journal(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    def body(run: Run) -> None:
        print("step one")
        run.fail(Failed("no"))

    lab.run(body, quiet=True)
    assert capsys.readouterr() == ("", "")
    assert lab.log(1) == "step one\nlabtool: no\ndemo: failed; see above\n"
    lab.run(body)
    shown = capsys.readouterr()
    assert "step one" in shown.out
    assert "labtool: no" in shown.err


def test_captured_output_is_bounded_and_any_text(lab: Lab) -> None:
    def body(run: Run) -> None:
        print("caf\N{LATIN SMALL LETTER E WITH ACUTE} \udcff")
        print("x" * 3_000_000)
        print("y" * 3_000_000)

    lab.run(body, quiet=True)
    kept = lab.log(1)
    assert kept.startswith("caf\N{LATIN SMALL LETTER E WITH ACUTE} \\udcff\nxxx")
    assert len(kept.encode()) == 1_000_000


def test_a_run_with_nothing_to_do_says_so(lab: Lab) -> None:
    lab.run(nothing, quiet=True)
    assert lab.log(1) == "demo: nothing to do\n"


def test_old_rows_go_but_not_by_a_pretended_time(lab: Lab) -> None:
    journal = Journal(Database.open(lab.config.state))
    journal.start("old", "", (), datetime.now(UTC) - timedelta(days=500))
    recent = journal.start("recent", "", (), datetime.now(UTC) - timedelta(days=1))
    far = Clock(ZoneInfo("UTC"), NOON + timedelta(days=5000))
    for _ in range(50 - recent):
        lab.run(nothing, clock=far, quiet=True)
    tasks = [
        entry.task for entry in Journal(Database.snapshot(lab.config.state)).entries(newest=99)
    ]
    assert "recent" in tasks
    assert "old" not in tasks


def test_a_state_that_cannot_be_used(lab: Lab) -> None:
    """The admins hear of it past the outbox, once a day."""
    lab.config.state.mkdir()
    (lab.config.state / "labtool.db").write_bytes(b"this is no database, but long enough" * 99)
    with pytest.raises(StateError, match="is damaged"):
        lab.run(nothing)
    [alert] = lab.channel.heard
    assert "labtool demo cannot run" in alert
