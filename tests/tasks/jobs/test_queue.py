"""The queue against a model: whatever is done to it in whatever order."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from labtool.core.database import Database
from labtool.core.errors import Failed
from labtool.tasks.jobs.entry import Asker, Entry, Request
from labtool.tasks.jobs.queue import LEASE, Queue
from labtool.tasks.jobs.suppressions import Suppressions

TYPES = ("a", "b", "c")
# b and c never run together.
KEYS = {"a": "a", "b": "x", "c": "x"}
ME = Asker("Ann")


class Model(RuleBasedStateMachine):
    """Requests, workers, cancellations, a clock that goes on: each accepted request ends once."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self.now = 1_000_000.0
        self.database = Database.open(Path(self._folder.name))
        # What is asked for is no question of the disk here.
        self.database.execute("PRAGMA synchronous = OFF")
        self.queue = Queue(self.database, lambda: self.now)
        self.held = Suppressions(self.database, lambda: self.now)
        self.waiting: dict[str, tuple[int, str, float]] = {}
        self.running: dict[int, Entry] = {}
        self.ended: dict[int, str] = {}
        self.holds: dict[str, float] = {}
        self.tried = set[str]()

    def teardown(self) -> None:
        self.database.close()
        self._folder.cleanup()

    @rule(kind=st.sampled_from(TYPES), text=st.text(max_size=5), delay=st.integers(0, 30))
    def add(self, kind: str, text: str, delay: int) -> None:
        wanted = Request(kind, KEYS[kind], {"x": text}, ME, self.now + delay)
        entry, replaced = self.queue.add(wanted)
        if kind in self.tried:
            # What has run keeps its number, and how it went.
            number = self.waiting[kind][0]
            self.ended[number] = "replaced"
            assert entry.id != number
            assert not replaced
        else:
            assert replaced == (kind in self.waiting)
            assert not replaced or entry.id == self.waiting[kind][0]
        self.tried.discard(kind)
        self.waiting[kind] = (entry.id, text, self.now + delay)

    @rule(seconds=st.integers(1, 40))
    def later(self, seconds: int) -> None:
        self.now += seconds

    @rule(worker=st.sampled_from(("here/1", "here/2")))
    def take(self, worker: str) -> None:
        free = [
            kind
            for kind, (_, _, due) in self.waiting.items()
            if due <= self.now
            and KEYS[kind] not in {KEYS[entry.type] for entry in self.running.values()}
            and self.holds.get(kind, 0) <= self.now
        ]
        entry = self.queue.take(worker)
        assert (entry is not None) == bool(free)
        if entry:
            number, text, _ = self.waiting.pop(entry.type)
            assert (entry.id, entry.arguments) == (number, {"x": text})
            self.running[entry.id] = entry
            self.tried.discard(entry.type)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), state=st.sampled_from(("done", "failed")))
    def finish(self, data: st.DataObject, state: str) -> None:
        entry = self.running.pop(data.draw(st.sampled_from(sorted(self.running))))
        with self.database.write():
            assert self.queue.finish(entry, state, 0, "")
            # Nobody else ends it again.
            assert not self.queue.finish(entry, "lost", None, "")
        self.ended[entry.id] = state

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def again(self, data: st.DataObject) -> None:
        entry = self.running[data.draw(st.sampled_from(sorted(self.running)))]
        with self.database.write():
            again = self.queue.again(entry, self.now + 5, "once more")
            assert again == (entry.type not in self.waiting)
            if not again:
                assert self.queue.finish(entry, "failed", 1, "")
        del self.running[entry.id]
        if again:
            self.waiting[entry.type] = (entry.id, entry.arguments["x"], self.now + 5)
            self.tried.add(entry.type)
        else:
            self.ended[entry.id] = "failed"

    @rule(dead=st.sampled_from(("here/1", "here/2")))
    def dies(self, dead: str) -> None:
        found = self.queue.abandoned("here", lambda worker: worker != dead)
        assert {e.id for e in found} == {e.id for e in self.running.values() if e.worker == dead}
        for entry in found:
            with self.database.write():
                assert self.queue.finish(entry, "lost", None, "")
            self.ended[entry.id] = "lost"
            del self.running[entry.id]

    @rule(kind=st.sampled_from(TYPES), seconds=st.integers(1, 30))
    def suppress(self, kind: str, seconds: int) -> None:
        self.held.add(kind, self.now, self.now + seconds, ME)
        self.holds[kind] = max(self.holds.get(kind, 0), self.now + seconds)

    @rule(kind=st.sampled_from(TYPES))
    def release(self, kind: str) -> None:
        self.held.remove(kind)
        self.holds.pop(kind, None)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        kind = data.draw(st.sampled_from(sorted(self.waiting)))
        number = self.waiting.pop(kind)[0]
        assert self.queue.cancel(number, "Bob") == "waiting"
        self.ended[number] = "cancelled"
        self.tried.discard(kind)

    @invariant()
    def it_is_as_it_should_be(self) -> None:
        found = self.queue.entries(
            ("waiting", "running", "done", "failed", "lost", "cancelled", "replaced"), 999
        )
        states = {entry.id: entry.state for entry in found}
        wanted = {number: "waiting" for number, _, _ in self.waiting.values()}
        wanted |= dict.fromkeys(self.running, "running")
        assert states == wanted | self.ended


Model.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestModel = Model.TestCase


@contextmanager
def opened(folder: Path, now: float) -> Iterator[tuple[Queue, list[float]]]:
    clock = [now]
    database = Database.open(folder)
    try:
        yield Queue(database, lambda: clock[0]), clock
    finally:
        database.close()


def request(due: float, kind: str = "a") -> Request:
    return Request(kind, kind, {}, ME, due)


def test_a_clock_that_is_set_back_holds_nothing_up(tmp_path: Path) -> None:
    with opened(tmp_path, 10_000) as (queue, clock):
        queue.add(request(10_060))
        assert queue.take("here/1") is None
        clock[0] = 5_000
        # Not before its delay, nor later than that.
        assert queue.take("here/1") is None
        clock[0] += 59
        assert queue.take("here/1") is None
        clock[0] += 1
        entry = queue.take("here/1")
        assert entry
        # Nor does a lease from the future hold for ever.
        clock[0] = 1_000
        assert queue.abandoned("elsewhere", lambda _: True) == [entry]


def test_another_machine_s_worker_is_known_by_its_lease(tmp_path: Path) -> None:
    with opened(tmp_path, 10_000) as (queue, clock):
        queue.add(request(10_000))
        entry = queue.take("there/1")
        assert entry
        clock[0] += LEASE - 1
        assert queue.abandoned("here", lambda _: False) == []
        queue.renew("there/1")
        clock[0] += LEASE - 1
        assert queue.abandoned("here", lambda _: False) == []
        clock[0] += 2
        assert queue.abandoned("here", lambda _: False) == [entry]


def test_what_waits_for_a_yes(tmp_path: Path) -> None:
    with opened(tmp_path, 10_000) as (queue, clock):
        entry, _ = queue.add(request(10_000), asked=True)
        assert queue.take("here/1") is None
        confirmed = queue.confirm(entry.id)
        assert confirmed.id == entry.id
        with pytest.raises(Failed, match="waits for no yes: it is waiting"):
            queue.confirm(entry.id)
        # What waited of its type makes way, and says for whom.
        second, _ = queue.add(request(10_000), asked=True)
        assert queue.confirm(second.id).id == second.id
        assert (queue.entry(entry.id).state, queue.entry(entry.id).reason) == (
            "replaced", f"by {second.id}",
        )  # fmt: skip
        confirmed = queue.entry(second.id)
        taken = queue.take("here/1")
        assert taken
        assert taken.id == confirmed.id
        other, _ = queue.add(request(10_000, "b"), asked=True)
        clock[0] += 25 * 3600
        assert [one.id for one in queue.expire()] == [other.id]
        assert queue.entry(other.id).state == "expired"
        with pytest.raises(Failed, match="is expired"):
            queue.confirm(other.id)


def test_what_ended_long_ago_is_forgotten(tmp_path: Path) -> None:
    with opened(tmp_path, 10_000) as (queue, clock):
        first, _ = queue.add(request(10_000))
        queue.cancel(first.id, "Bob")
        clock[0] += 100
        second, _ = queue.add(request(10_000))
        queue.cancel(second.id, "Bob")
        assert queue.tidy(50) == [first.id]
        with pytest.raises(Failed, match="there is no job"):
            queue.entry(first.id)
        with pytest.raises(Failed, match="is cancelled"):
            queue.cancel(second.id, "Bob")


def test_a_type_whose_key_is_another_now_still_runs_once(tmp_path: Path) -> None:
    with opened(tmp_path, 10_000) as (queue, _):
        queue.add(Request("a", "site", {}, ME, 0))
        assert queue.take("here/1")
        queue.add(Request("a", "a", {}, ME, 0))
        assert queue.take("here/1") is None


def test_what_is_to_be_cancelled_is_not_tried_again(tmp_path: Path) -> None:
    with opened(tmp_path, 10_000) as (queue, _):
        queue.add(request(0))
        entry = queue.take("here/1")
        assert entry
        assert queue.cancel(entry.id, "Bob") == "running"
        assert not queue.again(entry, 0, "it failed")


def test_a_pause_that_was_counted_by_a_clock_ahead_is_no_longer_than_any(tmp_path: Path) -> None:
    with closing(Database.open(tmp_path)) as database:
        clock = [1e9 + 364 * 86400]
        queue = Queue(database, lambda: clock[0])
        queue.add(Request("x_a", "x_a", {}, Asker("Ann"), clock[0]))
        entry = queue.take("here/1")
        assert entry
        with database.write():
            assert queue.again(entry, clock[0] + 10, "failed")
        clock[0] = 1e9
        assert queue.take("here/1") is None
        clock[0] += 601
        assert queue.take("here/1")
