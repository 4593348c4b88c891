"""Every whole row once and in order, whatever becomes of the files."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.tasks.instruments.kinds.attune import Options
from labtool.tasks.instruments.watch import tail
from labtool.tasks.instruments.watch.plan import Known, plan
from labtool.tasks.instruments.watch.reading import unread

NOW = datetime(2026, 1, 1)


class Instrument:
    """Writes logs as instruments do; `rows` is what a reader must have seen."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: list[str] = []
        self.half = ""
        self._files = 0
        self.open()

    def open(self) -> None:
        """A new file; what was half written in the old one is all there will be of it."""
        self._end()
        self._files += 1
        self.file = self.folder / f"System_2026-01-01_00-00-{self._files:02}.log"
        self.file.touch()

    def row(self) -> None:
        self.write("\n")

    def part(self) -> None:
        self.write("x")

    def write(self, end: str) -> None:
        text = self.half + f"row {len(self.rows)} of {self.file.name}"
        with self.file.open("a") as file:
            file.write(text.removeprefix(self.half) + end)
        self.half = text + end
        if end == "\n":
            self.rows.append(text)
            self.half = ""

    def copied_and_truncated(self) -> None:
        self._end()
        shutil.copy(self.file, self.folder / f"copy{len(list(self.folder.iterdir()))}.old")
        self.file.write_bytes(b"")

    def renamed(self) -> None:
        self._end()
        self.file.rename(self.folder / f"moved{len(list(self.folder.iterdir()))}.old")
        self.file.touch()

    def _end(self) -> None:
        if self.half:
            self.rows.append(self.half)
            self.half = ""


class Reader:
    """Reads as the watch does; the places are all that it keeps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known = Known()
        self.rows: list[str] = []
        self.opened = 0

    def files(self) -> Sequence[Path]:
        return sorted(self.folder.glob("System_*.log"))

    def read(self) -> None:
        known = Known(self.known.places)
        for block in unread(plan(self.files(), known, Options(kind="attune"), NOW), known):
            self.rows += [row.rstrip("\r") for row in block.rows]
            self.opened += block.opened and bool(block.rows)
        self.known = known


Act = Callable[[Instrument], None]
ACTS: list[Act] = [
    Instrument.row,
    Instrument.row,
    Instrument.row,
    Instrument.part,
    Instrument.open,
    Instrument.copied_and_truncated,
    Instrument.renamed,
]


@given(st.lists(st.one_of(st.sampled_from(ACTS), st.none()), max_size=40))
def test_whatever_becomes_of_the_files(acts: list[Act | None]) -> None:
    """None is a look of the reader. Nobody can know of a file that came and was taken away
    between two looks, so there is one such change between them at most."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        instrument, reader = Instrument(folder), Reader(folder)
        instrument.row()
        reader.read()
        moved = False
        for act in acts:
            if act is None:
                reader.read()
                moved = False
            elif act is Instrument.open:
                moved = True
                act(instrument)
                instrument.row()  # nor can it be told from another while it is empty
            elif act in (Instrument.copied_and_truncated, Instrument.renamed):
                if moved:
                    continue
                moved = True
                act(instrument)
                instrument.row()  # it goes on at once: a file of the same size is the same file
            elif act is not Instrument.part or not instrument.half:
                act(instrument)
        instrument.row()
        reader.read()
        assert reader.rows == instrument.rows


def test_a_half_row_waits_for_its_newline(tmp_path: Path) -> None:
    instrument, reader = Instrument(tmp_path), Reader(tmp_path)
    instrument.part()
    reader.read()
    assert reader.rows == []
    with instrument.file.open("a") as file:
        file.write("yz\n")
    reader.read()
    reader.read()
    assert reader.rows == [f"row 0 of {instrument.file.name}xyz"]
    assert reader.opened == 1


def test_a_file_that_is_empty_at_first_is_opened_once(tmp_path: Path) -> None:
    instrument, reader = Instrument(tmp_path), Reader(tmp_path)
    reader.read()
    reader.read()
    instrument.row()
    reader.read()
    assert len(reader.rows) == 1


def test_another_file_of_the_same_name(tmp_path: Path) -> None:
    instrument, reader = Instrument(tmp_path), Reader(tmp_path)
    instrument.row()
    reader.read()
    instrument.file.write_text("another beginning, longer than what was there\nmore\n")
    reader.read()
    assert reader.rows[1:] == ["another beginning, longer than what was there", "more"]


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    instrument, reader = Instrument(tmp_path), Reader(tmp_path)
    instrument.row()
    reader.read()
    instrument.file.unlink()
    reader.read()
    instrument.open()
    instrument.row()
    reader.read()
    assert reader.rows == instrument.rows


def test_large_files_are_read_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "_BLOCK", 1000)
    monkeypatch.setattr(tail, "_LONGEST_ROW", 300)
    file = tmp_path / "System_2026-01-01_00-00-01.log"
    rows = [f"row {n} {'x' * (n % 50)}" for n in range(500)]
    text = "\n".join([*rows[:200], "y" * 5000, *rows[200:400], "z" * 400, *rows[400:], ""])
    file.write_text(text)
    reader = Reader(tmp_path)
    reader.read()
    assert reader.rows == rows
    file.write_bytes(b"\x00\xff" * 3000)
    reader.read()
    assert len(reader.rows) == len(rows)
