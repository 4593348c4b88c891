"""Which files are read next, where several grow, clocks are set back, and files are copied."""

import os
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from labtool.tasks.instruments.kinds import attune, generic_log
from labtool.tasks.instruments.kinds._base import InstrumentOptions
from labtool.tasks.instruments.watch.place import Place
from labtool.tasks.instruments.watch.plan import Known, plan
from labtool.tasks.instruments.watch.reading import unread
from labtool.tasks.instruments.watch.store import Store

NOW = datetime(2026, 11, 25, 9, 5)


class Reader:
    """What a watch reads; only the places stay from one look to the next."""

    def __init__(self, folder: Path, kind: InstrumentOptions) -> None:
        self.folder, self.kind = folder, kind
        self.places: dict[str, Place] = {}
        self.trouble: OSError | None = None

    def files(self) -> Sequence[Path]:
        if self.kind.newest_alone:
            return sorted(self.folder.glob("System_*.log"))
        return sorted(self.folder.glob("*.log"), key=lambda p: (p.stat().st_mtime_ns, p.name))

    def look(self, *, all_of_them: bool = False) -> list[str]:
        known = Known(self.places)
        wanted = plan(self.files(), known, self.kind, NOW, all_of_them=all_of_them)
        found = []
        try:
            for block in unread(wanted, known, each_alone=not self.kind.newest_alone):
                found += block.rows
        except OSError as error:
            self.trouble = error
        self.places = known.places
        return found


def write(path: Path, *rows: str, at: float | None = None) -> None:
    with path.open("a") as file:
        file.writelines(f"{row}\n" for row in rows)
    if at is not None:
        os.utime(path, (at, at))


@pytest.fixture
def several(tmp_path: Path) -> Reader:
    return Reader(tmp_path, generic_log.Options(kind="generic-log", start="RUN"))


@pytest.fixture
def one(tmp_path: Path) -> Reader:
    return Reader(tmp_path, attune.Options(kind="attune"))


def test_files_that_grow_in_turns_are_each_read_once(several: Reader) -> None:
    a, b = several.folder / "a.log", several.folder / "b.log"
    write(b, "b0")
    write(a, "a0")
    seen = several.look(all_of_them=True)
    for turn in range(1, 5):
        write(a if turn % 2 else b, f"row {turn}")
        seen += several.look()
    write(a, "both a")
    write(b, "both b")
    seen += several.look()
    assert sorted(seen) == ["a0", "b0", "both a", "both b", *(f"row {n}" for n in range(1, 5))]


def test_a_file_that_was_there_before_is_read_from_where_it_was(several: Reader) -> None:
    old, new = several.folder / "old.log", several.folder / "new.log"
    write(old, "long ago", at=1000)
    write(new, "now")
    assert several.look() == ["now"]
    write(old, "again")
    assert several.look() == ["again"]


@pytest.mark.parametrize("rows", [3, 300])
def test_a_copy_is_not_read_again(several: Reader, rows: int) -> None:
    a = several.folder / "a.log"
    write(a, *(f"row {n} of a" for n in range(rows)))
    assert len(several.look()) == rows
    shutil.copy(a, several.folder / "a - Copy.log")
    assert several.look() == []
    write(a, "more")
    assert several.look() == ["more"]


def test_a_copy_of_a_part_is_not_read_again(several: Reader) -> None:
    a = several.folder / "a.log"
    rows = [f"row {n} of a" for n in range(300)]
    write(a, *rows)
    several.look()
    write(several.folder / "part.log", *rows[:200])
    assert several.look() == []


def test_what_begins_as_another_file_does_is_still_read(several: Reader) -> None:
    write(several.folder / "a.log", "Reader 3000, log")
    several.look()
    write(several.folder / "b.log", "Reader 3000, log", "RUN x")
    assert several.look() == ["Reader 3000, log", "RUN x"]


def test_a_renamed_file_is_read_on(several: Reader) -> None:
    a = several.folder / "a.log"
    write(a, "one")
    several.look()
    write(a, "two")
    a.rename(several.folder / "b.log")
    assert several.look() == ["two"]
    write(several.folder / "b.log", "three")
    write(a, "another")
    assert sorted(several.look()) == ["another", "three"]


def test_a_rotated_file_is_finished(several: Reader) -> None:
    a = several.folder / "a.log"
    write(a, "one")
    several.look()
    write(a, "two")
    a.rename(several.folder / "a.log.1")
    write(a, "three, longer")
    assert several.look() == ["two", "three, longer"]


def log(reader: Reader, when: str) -> Path:
    return reader.folder / f"System_{when}.log"


def test_a_clock_that_is_set_back(one: Reader) -> None:
    """As in the autumn: the name of the new log is earlier than that of the one before."""
    write(log(one, "2026-10-25_02-50-00"), "summer")
    assert one.look() == ["summer"]
    write(log(one, "2026-10-25_02-10-00"), "winter")
    assert one.look() == ["winter"]
    write(log(one, "2026-10-25_02-10-00"), "goes on")
    write(log(one, "2026-10-25_02-20-00"), "and on")
    assert one.look() == ["goes on", "and on"]


def test_a_log_from_the_future_blocks_none(one: Reader) -> None:
    write(log(one, "2099-01-01_00-00-00"), "wrong clock")
    one.look()
    for number in range(3):
        write(log(one, f"2026-11-25_09-00-0{number}"), f"right {number}")
        assert one.look() == [f"right {number}"]


def test_an_old_log_that_is_put_back_is_passed_by_but_what_it_gets_is_read(one: Reader) -> None:
    write(log(one, "2026-11-25_09-00-00"), "now")
    one.look()
    old = log(one, "2026-01-01_09-00-00")
    write(old, "old")
    assert one.look() == []
    write(old, "the clock was wrong")
    assert one.look() == ["the clock was wrong"]


def test_a_half_row_of_the_log_before_ends_with_it(one: Reader) -> None:
    first = log(one, "2026-11-25_09-00-00")
    write(first, "whole")
    with first.open("a") as file:
        file.write("half")
    assert one.look() == ["whole"]
    assert one.look() == []
    write(log(one, "2026-11-25_10-00-00"), "next")
    assert one.look() == ["half", "next"]


def test_older_logs_are_passed_by_the_first_time(one: Reader) -> None:
    for hour in range(5):
        write(log(one, f"2026-11-25_0{hour}-00-00"), f"hour {hour}")
    assert one.look() == ["hour 4"]
    assert one.look() == []
    write(log(one, "2026-11-25_01-00-00"), "the others' clock was wrong")
    assert one.look() == ["the others' clock was wrong"]


def test_numbered_rotation(several: Reader) -> None:
    """a.log is a.log.1 after it, and that a.log.2."""
    names = ["a.log", "a.1.log", "a.2.log", "a.3.log"]
    write(several.folder / "a.log", "first")
    several.look()
    seen = []
    for turn in range(6):
        write(several.folder / "a.log", f"before {turn}")
        if turn % 2:
            seen += several.look()
        for older, newer in reversed([*zip(names[1:], names, strict=False)]):
            if (path := several.folder / newer).exists():
                path.rename(several.folder / older)
        write(several.folder / "a.log", f"after {turn}")
        seen += several.look()
    wanted = [f"{what} {turn}" for turn in range(6) for what in ("before", "after")]
    assert sorted(seen) == sorted(wanted)


@pytest.mark.parametrize("rows", [1, 100])
def test_logs_that_begin_with_the_same_kilobyte(several: Reader, rows: int) -> None:
    head = [f"# setting {number} = {'x' * 40}" for number in range(40)]
    write(several.folder / "run1.log", *head)
    several.look()
    write(several.folder / "run1.log", *(f"RUN A{n}" for n in range(rows)))
    assert several.look() == [f"RUN A{n}" for n in range(rows)]
    write(several.folder / "run2.log", *head, "RUN B", "DONE B")
    assert several.look()[-2:] == ["RUN B", "DONE B"]


def test_a_log_that_grows_and_is_copied_between_two_looks(several: Reader) -> None:
    a = several.folder / "a.log"
    write(a, "one")
    several.look()
    write(a, "two")
    shutil.copy(a, several.folder / "b.log")
    assert several.look() == ["two"]
    assert several.look() == []


def lock(patch: pytest.MonkeyPatch, path: Path) -> None:
    """Nobody may open this file, as while a scanner for viruses has it."""
    plain = Path.open

    def opened(self: Path, *arguments: Any, **more: Any) -> Any:
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return plain(self, *arguments, **more)

    patch.setattr(Path, "open", opened)


def test_a_log_that_cannot_be_opened_for_an_instant(
    several: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another look finds what is new, and only that."""
    a = several.folder / "a.log"
    write(a, "one")
    several.look()
    write(a, "two")
    with monkeypatch.context() as patch:
        lock(patch, a)
        write(several.folder / "b.log", "another")
        assert several.look() == ["another"]  # which stops no other
        assert isinstance(several.trouble, PermissionError)
    assert several.look() == ["two"]


def test_a_row_that_is_half_written_at_the_first_look(several: Reader) -> None:
    old = several.folder / "old.log"
    old.write_text("whole\nha")
    os.utime(old, (1000, 1000))
    write(several.folder / "new.log", "new")
    assert several.look() == ["new"]
    write(old, "lf")
    assert several.look() == ["half"]


def test_an_old_log_that_is_copied_in_is_not_the_newest(one: Reader) -> None:
    write(log(one, "2026-11-25_09-00-00"), "now")
    one.look()
    write(log(one, "2026-10-01_09-00-00"), "October")
    write(log(one, "2026-11-25_09-00-00"), "goes on")
    assert one.look() == ["goes on"]


def test_looks_at_many_logs_that_are_gone_open_none_of_them(
    several: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(60):
        write(several.folder / f"run{number:02}.log", f"run {number}")
    assert len(several.look(all_of_them=True)) == 60
    for number in range(30):
        (several.folder / f"run{number:02}.log").unlink()
    opened = []
    plain = Path.open
    monkeypatch.setattr(
        Path, "open", lambda self, *a, **b: opened.append(self) or plain(self, *a, **b)
    )
    known = Known(several.places)
    for _ in range(3):
        opened.clear()
        list(unread(plan(several.files(), known, several.kind, NOW), known))
    assert opened == []


def test_a_name_that_is_no_utf_8(several: Reader) -> None:
    path = os.fsdecode(os.fsencode(several.folder) + b"/caf\xe9.log")
    Path(path).write_text("one\n")
    assert several.look() == ["one"]
    store = Store(several.folder / "state", "reader")
    store.mark([*several.places.values()], [])
    assert store.places() == several.places
    store.mark([], [*several.places])
    assert store.places() == {}
    store.close()


def test_a_log_with_room_for_rows_to_come(one: Reader) -> None:
    """Some programs make a file as large as it may get, and write over its zeros."""
    path = log(one, "2026-11-25_09-00-00")
    path.write_bytes(b"one\n" + bytes(3 * 2**20))
    assert one.look() == ["one"]
    with path.open("r+b") as file:
        file.write(b"one\ntwo\n")
    assert one.look() == ["two"]
    assert one.look() == []


def test_a_log_that_cannot_be_opened_at_the_first_look_stops_no_other(
    several: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = several.folder / "old.log"
    write(old, "old", at=1000)
    write(several.folder / "new.log", "new")
    lock(monkeypatch, old)
    assert several.look() == ["new"]
    assert isinstance(several.trouble, PermissionError)
