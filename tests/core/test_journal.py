"""The journal: what ran, how it ended, and what never did."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from labtool.core.database import Database
from labtool.core.errors import Failed
from labtool.core.journal import STATUS_OF_EXIT, Entry, Journal

START = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(Database.open(tmp_path))


def test_a_run_from_its_start_to_its_end(journal: Journal) -> None:
    number = journal.start("remind", "morning", ("duty",), START)
    assert journal.entry(number) == Entry(
        number, "remind", "morning", ("duty",), START, None, None, "running", None
    )
    journal.end(number, START + timedelta(seconds=3), 2.5, 75, {"sent": 2}, "no answer")
    ended = journal.entry(number)
    assert (ended.ended, ended.seconds) == (START + timedelta(seconds=3), 2.5)
    assert (ended.status, ended.exit, ended.error) == ("temporary", 75, "no answer")
    assert ended.counts == {"sent": 2}
    assert ended.command == "remind duty"


def test_an_exit_status_without_a_name_is_a_failure(journal: Journal) -> None:
    number = journal.start("remind", "", (), START)
    journal.end(number, START, 0, 42, {}, "")
    assert (journal.entry(number).status, journal.entry(number).exit) == ("failed", 42)


def test_what_never_ended_was_killed(journal: Journal) -> None:
    mine, other = (journal.start(task, "", (), START) for task in ("remind", "digest"))
    assert journal.bury("remind") == 1
    assert journal.entry(mine).status == "killed"
    assert journal.entry(other).status == "running"
    assert journal.bury("remind") == 0


def test_the_latest_by_timer_and_by_command(journal: Journal) -> None:
    first = journal.start("remind", "morning", (), START)
    second = journal.start("remind", "morning", ("duty",), START)
    by_hand = journal.start("remind", "", (), START)
    assert {k: e.id for k, e in journal.latest_by_timer().items()} == {"morning": second}
    found = {k: e.id for k, e in journal.latest_by_command().items()}
    assert found == {"remind": by_hand, "remind duty": second}
    assert [e.id for e in journal.entries("morning")] == [second, first]
    assert [e.id for e in journal.entries("remind", newest=2)] == [by_hand, second]
    assert journal.entries("nothing") == []


def test_old_runs_go(journal: Journal) -> None:
    assert journal.first_start() is None
    old = journal.start("remind", "", (), START)
    new = journal.start("remind", "", (), START + timedelta(days=2))
    assert journal.first_start() == START
    assert journal.prune(START + timedelta(days=1)) == [old]
    assert [e.id for e in journal.entries()] == [new]
    with pytest.raises(Failed, match=f"there is no run {old}; see: labtool log"):
        journal.entry(old)


class Runs(RuleBasedStateMachine):
    """Runs that start, end and are killed, against a list."""

    def __init__(self) -> None:
        super().__init__()
        self.journal = Journal(Database.snapshot(Path("nowhere")))
        self.known: dict[int, tuple[str, str]] = {}

    @rule(task=st.sampled_from(["remind", "digest"]))
    def start(self, task: str) -> None:
        """Holding the task's lock, as every run does."""
        buried = self.journal.bury(task)
        running = [n for n, known in self.known.items() if known == (task, "running")]
        assert buried == len(running) <= 1
        self.known |= dict.fromkeys(running, (task, "killed"))
        number = self.journal.start(task, "", (), START)
        assert number > max(self.known, default=0)
        self.known[number] = (task, "running")

    @rule(exit_status=st.sampled_from([*STATUS_OF_EXIT]), data=st.data())
    def end(self, exit_status: int, data: st.DataObject) -> None:
        running = [n for n, (_, status) in self.known.items() if status == "running"]
        if running:
            number = data.draw(st.sampled_from(running))
            self.journal.end(number, START, 1, exit_status, {}, "")
            self.known[number] = (self.known[number][0], STATUS_OF_EXIT[exit_status])

    @invariant()
    def the_journal_knows(self) -> None:
        found = {e.id: (e.task, e.status) for e in self.journal.entries(newest=1000)}
        assert found == self.known


TestRuns = Runs.TestCase
TestRuns.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)


def test_a_span_of_runs_and_what_was_done_before(tmp_path: Path) -> None:
    journal = Journal(Database.open(tmp_path))
    for day in range(6):
        for task in ("remind", "digest"):
            run = journal.start(task, "", (), START + timedelta(days=day))
            journal.end(run, START, 1.0, 1 if day == 2 else 0, {}, "")
    edge = START + timedelta(days=4)
    assert [one.task for one in journal.since(edge, edge + timedelta(days=1))] == [
        "remind",
        "digest",
    ]
    before = journal.done_before(edge, 2)
    assert sorted((one.task, (one.started - START).days) for one in before) == [
        ("digest", 1), ("digest", 3), ("remind", 1), ("remind", 3),
    ]  # fmt: skip
