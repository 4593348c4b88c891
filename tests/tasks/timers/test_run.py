"""Running timers: real processes, their output, signals, marks and locks."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from labtool.core.config.models import Timer
from labtool.core.lock import hold
from labtool.core.schedule import parse_when
from labtool.tasks.timers.run import Job, Ran, jobs, overall, run_all, run_due, show_heading

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
REPO = Path(__file__).parents[3]


class MemoryMarks:
    """The marks of timers, and of each in which order they were set."""

    def __init__(self, **marks: datetime) -> None:
        self.marks = marks

    def get(self, name: str) -> datetime | None:
        return self.marks.get(name)

    def set(self, name: str, moment: datetime) -> None:
        self.marks[name] = moment


# Stands for labtool: notes its arguments and timer, and ends as its last argument says.
PROGRAM = """
import json, os, sys, time
with open(os.environ["NOTES"], "a") as notes:
    notes.write(json.dumps([os.environ["LABTOOL_TIMER"], sys.argv[1:]]) + "\\n")
print("output of", os.environ["LABTOOL_TIMER"], repr(sys.stdin.read()))
end = next(word for word in sys.argv[4:] if not word.startswith("-"))
if end == "killed":
    os.kill(os.getpid(), 9)
sys.exit(int(end))
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    return [sys.executable, str(file)]


@pytest.fixture
def notes(tmp_path: Path) -> Callable[[], list[list[object]]]:
    def read() -> list[list[object]]:
        file = tmp_path / "notes"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    return read


def timers(**runs: str) -> dict[str, Timer]:
    return {name: Timer(run=run, when=parse_when("daily 09:00")) for name, run in runs.items()}


def made(program: list[str], entries: dict[str, Timer], *extra: str) -> list[Job]:
    return jobs(entries, program=program, config=Path("/lab.yaml"), extra=extra)


Notes = Callable[[], list[list[object]]]


def test_each_runs_as_its_own_process_whatever_becomes_of_others(
    program: list[str], notes: Notes, capfd: pytest.CaptureFixture[str]
) -> None:
    todo = made(program, timers(a="x 0", b="x 1", c="x killed", d="x 75"), "--dry-run")
    todo.insert(1, Job("none", "none", ("/nowhere/labtool",)))
    done = run_all(todo, heading=show_heading)
    assert done == [Ran("a", 0), Ran("none", 1), Ran("b", 1), Ran("c", 137), Ran("d", 75)]
    assert notes()[0] == ["a", ["--config", "/lab.yaml", "x", "0", "--dry-run"]]
    out, err = capfd.readouterr()
    headings = [line for line in out.splitlines() if line.startswith("──")]
    assert headings[0].startswith("── a: labtool x 0 ───")
    assert [line.split()[1] for line in headings] == ["a:", "none:", "b:", "c:", "d:"]
    assert "output of a ''" in out
    assert "labtool: none cannot be started" in err


def test_output_can_go_elsewhere(
    program: list[str], notes: Notes, capfd: pytest.CaptureFixture[str]
) -> None:
    run_all(made(program, timers(a="x 0")), heading=lambda job: None, stdout=2)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "output of a ''\n")


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], 0),
        ([0, 0], 0),
        ([0, 75], 75),
        ([75, 2, 0], 2),
        ([75, 2, 1], 1),
        ([75, 137], 1),
        ([130], 1),
    ],
)
def test_the_worst_status_counts(statuses: list[int], expected: int) -> None:
    assert overall(Ran("a", status) for status in statuses) == expected


def due(
    program: list[str], entries: dict[str, Timer], marks: MemoryMarks, state: Path
) -> list[Ran]:
    return run_due(
        made(program, entries),
        entries,
        zone=UTC_ZONE,
        now=NOON,
        marks=marks,
        state=state,
        heading=lambda job: None,
    )


def test_due_ones_run_once_and_new_ones_count_from_now(
    program: list[str], notes: Notes, tmp_path: Path
) -> None:
    entries = timers(missed="x 1", handled="x 0", new="x 0")
    today = NOON.replace(hour=9)
    marks = MemoryMarks(missed=NOON - timedelta(days=5), handled=today)
    assert due(program, entries, marks, tmp_path) == [Ran("missed", 1)]
    assert marks.marks == {"missed": today, "handled": today, "new": NOON}
    assert due(program, entries, marks, tmp_path) == []
    assert [name for name, _ in notes()] == ["missed"]


def test_one_that_another_process_runs_is_left_to_it(
    program: list[str], notes: Notes, tmp_path: Path
) -> None:
    entries = timers(busy="x 0", free="x 0")
    yesterday = NOON - timedelta(days=1)
    marks = MemoryMarks(busy=yesterday, free=yesterday)
    with hold(tmp_path, "timer-busy"):
        assert due(program, entries, marks, tmp_path) == [Ran("free", 0)]
    assert marks.get("busy") == yesterday
    assert due(program, entries, marks, tmp_path) == [Ran("busy", 0)]


def test_one_that_was_run_meanwhile_is_not_run_again(
    program: list[str], notes: Notes, tmp_path: Path
) -> None:
    entries = timers(first="x 0", second="x 0")
    marks = MemoryMarks(first=NOON - timedelta(days=2), second=NOON - timedelta(days=1))

    def another_process_runs_second(job: Job) -> None:
        marks.set("second", NOON.replace(hour=9))

    done = run_due(
        made(program, entries),
        entries,
        zone=UTC_ZONE,
        now=NOON,
        marks=marks,
        state=tmp_path,
        heading=another_process_runs_second,
    )
    assert done == [Ran("first", 0)]


# ---- signals ----

# A runner with one due timer, whose process tells what it was sent.
RUNNER = """
import sys
from datetime import datetime, timedelta, UTC
from pathlib import Path
from zoneinfo import ZoneInfo
from labtool.core.config.models import Timer
from labtool.core.schedule import parse_when
from labtool.tasks.timers.run import Job, run_due

class Marks:
    def get(self, name):
        return datetime.now(UTC) - timedelta(days=2)
    def set(self, name, moment):
        print("marked", name, flush=True)

child = '''
import os, signal
numbers = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
# One that comes before it is waited for is kept.
signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
print("started", os.getpid(), flush=True)
print("got", signal.sigwait(numbers).name, flush=True)
'''
timers = {name: Timer(run="x", when=parse_when("daily 09:00")) for name in ("a", "b")}
todo = [Job(name, "x", (sys.executable, "-c", child)) for name in timers]
try:
    run_due(todo, timers, zone=ZoneInfo("UTC"), now=datetime.now(UTC), marks=Marks(),
            state=Path(sys.argv[1]), heading=lambda job: None)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(130)
"""


@pytest.fixture
def runner(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(REPO)},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    yield process
    process.kill()
    process.wait(10)
    if process.stdout:
        process.stdout.close()  # a child of its that lives on holds up nobody


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_are_passed_on_and_end_the_run(
    runner: "subprocess.Popen[str]", number: signal.Signals
) -> None:
    assert runner.stdout
    assert runner.stdout.readline().startswith("started")
    runner.send_signal(number)
    out, _ = runner.communicate(timeout=30)
    # The sibling was not started, and neither was marked: the next run makes both.
    assert out == f"got {number.name}\ninterrupted\n"
    assert runner.returncode == 130


def test_a_key_pressed_in_the_terminal_reaches_the_process_once(
    runner: "subprocess.Popen[str]",
) -> None:
    assert runner.stdout
    assert runner.stdout.readline().startswith("started")
    os.killpg(runner.pid, signal.SIGINT)  # the whole foreground group, as a terminal does
    out, _ = runner.communicate(timeout=30)
    assert out == "got SIGINT\ninterrupted\n"


def test_a_killed_runner_leaves_the_slot_to_the_next(tmp_path: Path) -> None:
    """After kill -9 there is no mark, and the lock is free."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(REPO)},
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout
    child = int(process.stdout.readline().removeprefix("started "))
    process.kill()
    process.wait()
    os.kill(child, signal.SIGTERM)
    assert process.stdout.read() == "got SIGTERM\n"
    with hold(tmp_path, "timer-a"):
        pass
