"""What a run prints, kept beside its row in the journal."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Any, TextIO

from labtool.core.files import expand, make_folder, unusable
from labtool.core.masking import mask
from labtool.core.text import clean

# A run that prints more than this is kept up to here: a loop must not fill the disk.
_MAX_BYTES = 1_000_000


class _Tee:
    """A stream that also writes to a file, or only there if it is `quiet`. Whatever else is
    asked of it, the stream answers. A full disk or a closed pipe stops nobody's work."""

    def __init__(self, stream: TextIO, file: FileIO, *, quiet: bool) -> None:
        self.stream, self._file, self.quiet = stream, file, quiet

    def write(self, text: str) -> int:
        text = mask(text)
        room = _MAX_BYTES - self._file.tell()
        if room > 0:
            with suppress(OSError):
                self._file.write(text.encode("utf-8", "backslashreplace")[:room])
        if not self.quiet:
            with suppress(OSError):
                self.stream.write(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def captured(path: Path, *, quiet: bool) -> Iterator[None]:
    """Copy what is printed to standard output and error into a file, or only put it there
    if `quiet`; no file is left when nothing was printed."""
    make_folder(path.parent)
    try:
        # The numbers of runs begin again where the database was lost.
        path.with_name(f"{path.name}.gz").unlink(missing_ok=True)
        file = path.open("wb", buffering=0)
    except OSError as error:
        raise unusable(path, error) from error
    out, err = sys.stdout, sys.stderr
    with file:
        sys.stdout, sys.stderr = _Tee(out, file, quiet=quiet), _Tee(err, file, quiet=quiet)
        try:
            yield
        finally:
            sys.stdout, sys.stderr = out, err
            empty = file.tell() == 0
    if empty:
        path.unlink(missing_ok=True)


def complain(text: str) -> None:
    """A message to the person at the terminal, on standard error."""
    with suppress(OSError):  # nobody reads it any more; the work goes on
        print(f"labtool: {mask(clean(text))}", file=sys.stderr)


def shout(text: str) -> None:
    """A message that reaches standard error however quiet the run is: nobody else will
    tell it."""
    complain(text)
    if isinstance(sys.stderr, _Tee) and sys.stderr.quiet:
        with suppress(OSError):
            print(f"labtool: {mask(clean(text))}", file=sys.stderr.stream)


def announce(text: str) -> None:
    """Text on standard output, however quiet the run is: it is what somebody is to read, and
    cron or systemd pass it on. Raises OSError."""
    sys.stdout.write(text)
    if isinstance(sys.stdout, _Tee):
        if sys.stdout.quiet:
            sys.stdout.stream.write(text)
        sys.stdout.stream.flush()
    else:
        sys.stdout.flush()


def run_log(state: Path, run: int) -> Path:
    """Where the output of a run is kept."""
    return state / "logs" / "runs" / f"{run:06d}.log"


def write_bug(state: Path | None, traceback: str) -> Path | None:
    """Keep the traceback of a bug, without secrets, in a file of its own; None where there
    is no room."""
    folder = (state or expand("~/.cache/labtool")) / "logs"
    path = folder / f"bug-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{os.getpid()}.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(mask(traceback), encoding="utf-8")
    except OSError:
        return None
    return path


def remove_old(folder: Path, seconds: float) -> None:
    """Remove files that were last written longer ago than that."""
    before = time.time() - seconds
    for file in folder.glob("*"):
        if file.is_file() and file.stat().st_mtime < before:
            file.unlink(missing_ok=True)
