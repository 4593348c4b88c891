"""What a run prints, into a file of its log folder: bounded, masked, and written as it comes."""

import codecs
import os
import threading
from contextlib import suppress
from pathlib import Path

from labtool.core.masking import mask, settled

_CHUNK = 64 * 1024
_TAIL = 16 * 1024


class Output(threading.Thread):
    """Reads from a handle until its end into a file; of what is more than `most` bytes only
    the number is kept. `tail` is the end of it."""

    def __init__(self, handle: int, path: Path, most: int) -> None:
        super().__init__(daemon=True)
        self.tail = b""
        self._handle, self._most = handle, most
        self._rest, self._size = "", 0
        # What is cut is whole characters, as a secret may have some of several bytes.
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        # Its folder may go while it is written to.
        self._file = os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb", 0
        )

    def run(self) -> None:
        """The thread's work."""
        try:
            while data := self._read():
                self._take(self._decoder.decode(data))
        finally:
            self._put(mask(self._rest + self._decoder.decode(b"", final=True)))
            if self._size > self._most:
                note = f"\n[labtool: {self._size - self._most} more bytes were left out]\n"
                self._write(note.encode())
            self.close()

    def close(self) -> None:
        """Let go of the handle and the file."""
        self._file.close()
        with suppress(OSError):
            os.close(self._handle)

    def _read(self) -> bytes:
        try:
            return os.read(self._handle, _CHUNK)
        except OSError:
            return b""

    def _take(self, text: str) -> None:
        """All but what may be the beginning of a secret."""
        whole = self._rest + text
        ready = settled(whole)
        self._rest = whole[ready:]
        self._put(mask(whole[:ready]))

    def _put(self, text: str) -> None:
        data = text.encode("utf-8", "surrogateescape")
        self.tail = (self.tail + data)[-_TAIL:]
        room = self._most - self._size
        self._size += len(data)
        if room > 0:
            self._write(data[:room])

    def _write(self, data: bytes) -> None:
        # A disk that is full ends no job.
        with suppress(OSError):
            self._file.write(data)
