"""What a run prints, into a file of its log folder: bounded, masked, and flushed as it comes."""

import os
import threading
from contextlib import suppress
from pathlib import Path

from labtool.core.masking import mask

_CHUNK = 64 * 1024
# Of a line that is this long, secrets may be cut in two.
_LONGEST = 64 * 1024
_TAIL = 16 * 1024


class Output(threading.Thread):
    """Reads from a handle until its end into a file; of what is more than `most` bytes only
    the number is kept. `tail` is the end of it."""

    def __init__(self, handle: int, path: Path, most: int) -> None:
        super().__init__(daemon=True)
        self.tail = b""
        self.size = 0
        self._handle, self._most = handle, most
        self._rest = b""
        # Its folder may go while it is written to.
        self._file = os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb", 0
        )

    def run(self) -> None:
        """The thread's work."""
        try:
            while data := self._read():
                self._take(data)
        finally:
            self._put(self._rest)
            if self.size > self._most:
                note = f"\n[labtool: {self.size - self._most} more bytes were left out]\n"
                self._write(note.encode())
            self._file.close()
            os.close(self._handle)

    def _read(self) -> bytes:
        try:
            return os.read(self._handle, _CHUNK)
        except OSError:
            return b""

    def _take(self, data: bytes) -> None:
        """By lines, as a secret may come in pieces."""
        self.size += len(data)
        whole, newline, rest = (self._rest + data).rpartition(b"\n")
        if len(rest) > _LONGEST:
            whole, newline, rest = whole + newline + rest, b"", b""
        self._rest = rest
        self._put(whole + newline)

    def _put(self, data: bytes) -> None:
        if not data:
            return
        text = mask(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        self.tail = (self.tail + text)[-_TAIL:]
        room = self._most - (self.size - len(self._rest) - len(data))
        if room > 0:
            self._write(text[:room])

    def _write(self, data: bytes) -> None:
        # A disk that is full ends no job.
        with suppress(OSError):
            self._file.write(data)
