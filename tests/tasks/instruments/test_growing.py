"""Which files are read next, where several grow, clocks are set back, and files are copied."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from labtool.tasks.instruments.watch.place import Place
from labtool.tasks.instruments.watch.plan import Known, plan
from labtool.tasks.instruments.watch.reading import unread


class Reader:
    """What a watch reads; only the places stay from one look to the next."""

    def __init__(self, folder: Path, *, newest_alone: bool) -> None:
        self.folder, self.newest_alone = folder, newest_alone
        self.places: dict[str, Place] = {}

    def files(self) -> Sequence[Path]:
        if self.newest_alone:
            return sorted(self.folder.glob("System_*.log"))
        return sorted(self.folder.glob("*.log"), key=lambda p: (p.stat().st_mtime_ns, p.name))

    def look(self, *, all_of_them: bool = False) -> list[str]:
        known = Known(self.places)
        wanted = plan(self.files(), known, newest_alone=self.newest_alone, all_of_them=all_of_them)
        found = [row for block in unread(wanted, known) for row in block.rows]
        self.places = known.places
        return found


def write(path: Path, *rows: str, at: float | None = None) -> None:
    with path.open("a") as file:
        file.writelines(f"{row}\n" for row in rows)
    if at is not None:
        os.utime(path, (at, at))


@pytest.fixture
def several(tmp_path: Path) -> Reader:
    return Reader(tmp_path, newest_alone=False)


@pytest.fixture
def one(tmp_path: Path) -> Reader:
    return Reader(tmp_path, newest_alone=True)


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
    assert several.look() == ["RUN x"]


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
    write(old, "old", at=1000)
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
    assert [place.offset for place in one.places.values()][:4] == [-1] * 4


def test_a_log_with_room_for_rows_to_come(one: Reader) -> None:
    """Some programs make a file as large as it may get, and write over its zeros."""
    path = log(one, "2026-11-25_09-00-00")
    path.write_bytes(b"one\n" + bytes(3 * 2**20))
    assert one.look() == ["one"]
    with path.open("r+b") as file:
        file.write(b"one\ntwo\n")
    assert one.look() == ["two"]
    assert one.look() == []
