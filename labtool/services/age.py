"""age (age-encryption.org/v1), over pyrage: a stream sealed for recipients, and opened again."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import Any

from labtool.core.errors import AccessDenied, Failed

_AHEAD = 4
_LOOK = 0.5
_CHUNK = 1024 * 1024


class _StoppedError(Exception):
    """Nobody wants the rest."""


class Sealing:
    """What is written to it goes sealed to `sink`, in a thread of its own: the library reads by
    itself. `to` is what `recipients` gives."""

    def __init__(self, to: Sequence[Any], sink: Callable[[bytes], object]) -> None:
        self._to = to
        self._sink = sink
        self._queue: Queue[bytes | None] = Queue(_AHEAD)
        self._rest = b""
        self._waiting: list[bytes] = []
        self._size = 0
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Take some. Raises what the sink raised."""
        self._hand(data)

    def close(self) -> None:
        """Take the end. Raises what the sink raised."""
        self._hand(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """There will be no end; nothing more goes to the sink."""
        self._error = self._error or _StoppedError()
        self._thread.join()

    def _hand(self, data: bytes | None) -> None:
        while self._error is None:
            try:
                self._queue.put(data, timeout=_LOOK)
            except Full:
                continue
            return
        raise self._error

    def _run(self) -> None:
        import pyrage

        try:
            pyrage.encrypt_io(self, _Writer(self._gather), self._to)
            self._sink(b"".join(self._waiting))
        except BaseException as error:  # noqa: BLE001  (raised again by `write`)
            self._error = self._error or error

    def _gather(self, data: bytes) -> None:
        """The library gives 64 kB at a time."""
        if self._error is not None:
            raise self._error
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= _CHUNK:
            whole, self._waiting, self._size = b"".join(self._waiting), [], 0
            try:
                self._sink(whole)
            except BaseException as error:
                # The library would make another error of it.
                self._error = error
                raise

    def read(self, size: int = -1) -> bytes:
        """For the library."""
        while not self._rest:
            if self._error is not None:
                raise self._error
            try:
                data = self._queue.get(timeout=_LOOK)
            except Empty:
                continue
            if data is None:
                return b""
            self._rest = data
        if size < 0:
            size = len(self._rest)
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


def opened(chunks: Iterator[bytes], identity: str) -> Iterator[bytes]:
    """The stream as it was before it was sealed. Raises AccessDenied where the identity is not
    of its recipients, ValueError where it is damaged, and what `chunks` raises."""
    opening = _Opening(chunks, _identities(identity))
    try:
        while (data := opening.queue.get()) is not None:
            yield data
    finally:
        opening.stop()
    opening.check()
    for _ in chunks:
        pass


class _Opening:
    """Opens a stream in a thread of its own; `queue` has what comes out, and None at the end."""

    def __init__(self, chunks: Iterator[bytes], identities: list[Any]) -> None:
        # The library gives 64 kB at a time.
        self.queue: Queue[bytes | None] = Queue(_AHEAD * 16)
        self._source = _Source(chunks)
        self._identities = identities
        self._stopped = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Nobody wants the rest."""
        self._stopped.set()
        self._thread.join()

    def check(self) -> None:
        """Raise what went wrong."""
        if self._source.error is not None:
            raise self._source.error
        if self._error is None:
            return
        if "matching" in str(self._error).lower():
            fix = "set backup.identity to that of one of its recipients"
            raise AccessDenied("is sealed for somebody else", fix=fix, code="identity")
        raise ValueError(f"it cannot be unsealed ({type(self._error).__name__})")

    def _run(self) -> None:
        import pyrage

        try:
            pyrage.decrypt_io(self._source, _Writer(self._put), self._identities)
        except Exception as error:  # noqa: BLE001  (raised again by `check`)
            self._error = error
        with suppress(_StoppedError):
            self._put(None)

    def _put(self, data: bytes | None) -> None:
        while not self._stopped.is_set():
            try:
                self.queue.put(data, timeout=_LOOK)
            except Full:
                continue
            return
        raise _StoppedError


class _Source:
    """Chunks, as the library reads them."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""
        self.error: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._rest or next(self._chunks, b"")
        except Exception as error:
            self.error = error
            raise
        if size < 0:
            size = len(data)
        self._rest = data[size:]
        return data[:size]


class _Writer:
    """A function, as the library writes to it."""

    def __init__(self, take: Callable[[bytes], object]) -> None:
        self._take = take

    def write(self, data: bytes) -> int:
        self._take(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back here."""


def recipients(texts: Sequence[str]) -> Sequence[Any]:
    """The recipients of these lines. Raises Failed for one that is none."""
    return [_recipient(text) for text in texts]


def _recipient(text: str) -> Any:
    import pyrage

    try:
        if text.startswith("ssh-"):
            return pyrage.ssh.Recipient.from_str(text)
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        fix = "write the line that age-keygen calls public key (age1...)"
        raise Failed("is no age recipient", where=text[:80], fix=fix, code="recipient") from None


def _identities(text: str) -> list[Any]:
    import pyrage

    try:
        if "PRIVATE KEY" in text:
            return [pyrage.ssh.Identity.from_buffer(text.encode())]
        lines = [line.strip() for line in text.splitlines()]
        found = [pyrage.x25519.Identity.from_str(one) for one in lines if one and one[0] != "#"]
    except pyrage.IdentityError:
        found = []
    if not found:
        fix = "it is the file that age-keygen writes, or an SSH key without a passphrase"
        raise Failed("is no age identity", where="backup.identity", fix=fix, code="identity")
    return found
