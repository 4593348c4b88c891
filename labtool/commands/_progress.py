"""What a command is waiting for, on a terminal and only there."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from labtool.tasks.backup.saving import Watch


class Waiting:
    """Shows what is waited for; nothing where no person looks on."""

    def __init__(self, progress: "Progress | None" = None) -> None:
        self._progress = progress
        self._lines: dict[str, TaskID] = {}

    def show(self, name: str, text: str) -> None:
        """Say how far a thing is."""
        if self._progress is None:
            return
        if name not in self._lines:
            self._lines[name] = self._progress.add_task("")
        self._progress.update(self._lines[name], description=f"{name}: {text}")

    @contextmanager
    def done(self, name: str) -> Iterator[None]:
        """It has come; what is printed meanwhile stands above the rest."""
        if self._progress is None:
            yield
            return
        self._progress.stop()
        if name in self._lines:
            self._progress.remove_task(self._lines.pop(name))
        yield
        self._progress.start()


@contextmanager
def waiting(*, wanted: bool = True) -> Iterator[Waiting]:
    """Lines on the terminal while something is waited for."""
    if not wanted or sys.__stderr__ is None or not sys.stderr.isatty():
        yield Waiting()
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    # The terminal itself: what passes sys.stderr is kept in the run's log as well.
    console = Console(file=sys.__stderr__)
    with Progress(
        *columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as progress:
        yield Waiting(progress)


@contextmanager
def saving(*, wanted: bool = True) -> Iterator["Watch"]:
    """A bar on the terminal for what is saved, by bytes; by time where nobody knows how many
    there will be."""
    if not wanted or sys.__stderr__ is None or not sys.stderr.isatty():
        yield lambda name, files, size, expected: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    from labtool.core.text import counted

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        DownloadColumn(binary_units=False),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
    )
    console = Console(file=sys.__stderr__)
    with Progress(
        *columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as progress:
        lines: dict[str, TaskID] = {}
        next_ = 0.0

        def watch(name: str, files: int, size: int, expected: int) -> None:
            nonlocal next_
            if (now := time.monotonic()) < next_:
                return
            next_ = now + 0.1
            if name not in lines:
                lines[name] = progress.add_task(name, total=None)
            total = max(expected, size) if expected else None
            text = f"{name}: {counted(files, 'file')}"
            progress.update(lines[name], description=text, completed=size, total=total)

        yield watch
