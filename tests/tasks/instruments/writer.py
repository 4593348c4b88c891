"""A log as an instrument's software writes it, and what becomes of such files."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from labtool.tasks.instruments.kinds.attune import parse
from labtool.tasks.instruments.machine import Machine
from labtool.tasks.instruments.watch.place import Place
from labtool.tasks.instruments.watch.reading import Reading, shown
from labtool.tasks.instruments.watch.tail import Block
from labtool.tasks.instruments.watch.times import reader

_NOWHERE = Place("", 0, 0, 0, "", "")


class Writer:
    """Writes rows; `truth` is each file's rows, in order."""

    def __init__(self, folder: Path, begin: datetime) -> None:
        self.folder = folder
        self.truth: list[list[bytes]] = []
        self._now = begin
        self._half = b""
        self._moved = 0
        folder.mkdir(exist_ok=True)
        self.open()

    def open(self) -> None:
        """The software was started anew."""
        self._now += timedelta(seconds=1)
        self.file = self.folder / f"System_{self._now:%Y-%m-%d_%H-%M-%S}.log"
        self.file.touch()
        self._begin()

    def say(self, message: str) -> None:
        """One row."""
        self._now += timedelta(milliseconds=250)
        time = self._now.isoformat(timespec="milliseconds")
        self._write(f"{time},Info,Ann Lee,System,{message},7\r\n".encode())

    def jump(self, by: timedelta) -> None:
        """The instrument's clock is set."""
        self._now += by

    def half(self) -> None:
        """A part of a row; the next `say` ends it."""
        self._half = b"2026-"
        with self.file.open("ab") as file:
            file.write(self._half)

    def copied_and_truncated(self) -> None:
        """As logrotate's copytruncate does."""
        self._moved += 1
        shutil.copy(self.file, self.folder / f"old.{self._moved}")
        self.file.write_bytes(b"")
        self._begin()

    def renamed(self) -> None:
        """Another file of the same name."""
        self._moved += 1
        self.file.rename(self.folder / f"old.{self._moved}")
        self.file.touch()
        self._begin()

    def replay(self) -> list[dict[str, object]]:
        """What a reader tells who has seen every row once."""
        reading = Reading(parse, reader((), ZoneInfo("UTC")), Machine())
        told = []
        for rows in self.truth:
            whole = [row.decode().rstrip("\r\n") for row in rows]
            told += reading.changes(Block(whole, _NOWHERE, opened=True, dropped=0))
        return [shown("attune", change.as_json()) for change in told]

    def _begin(self) -> None:
        if self._half:
            self.truth[-1].append(self._half)
        self._half = b""
        self.truth.append([])

    def _write(self, row: bytes) -> None:
        with self.file.open("ab") as file:
            file.write(row.removeprefix(self._half))
        self._half = b""
        self.truth[-1].append(row)
