"""One stream of bytes on its way: packed, hashed, and handed to every destination at once,
which each take it at their own pace within a bound. One that fails is left behind.
"""

import hashlib
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, Full, Queue
from typing import Literal, Protocol

from labtool.core.errors import LabtoolError
from labtool.tasks.backup.manifest import Part

Compression = Literal["zstd", "gzip", "none"]
ENDINGS: dict[Compression, str] = {"zstd": ".zst", "gzip": ".gz", "none": ""}
_CHUNK = 1024 * 1024
# Chunks that wait for a destination: with 1 MB each, what it costs in memory.
_AHEAD = 4
_LOOK = 0.5


class Packer(Protocol):
    """Compresses, or encrypts."""

    def compress(self, data: bytes) -> bytes:
        """What comes out for what goes in; it may hold back some."""

    def flush(self) -> bytes:
        """What it held back."""


def packer(compression: Compression, level: int) -> Packer:
    """What compresses in this way; zstd on all cores."""
    if compression == "zstd":
        import zstandard

        made: Packer = zstandard.ZstdCompressor(level=level, threads=-1).compressobj()
        return made
    if compression == "gzip":
        return zlib.compressobj(min(level, 9), zlib.DEFLATED, 31)
    return _Plain()


class _Plain:
    def compress(self, data: bytes) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


class GivenUpError(Exception):
    """The stream will have no end: what was written of it is to go."""


class Stream:
    """What is written to it goes, packed and in chunks, to `sink`; in a thread of its own, so
    that to read, to pack and to write go on at the same time."""

    def __init__(self, pack: Packer, sink: Callable[[bytes], object]) -> None:
        self._pack, self._sink = pack, sink
        self._waiting: list[bytes] = []
        self._size = 0
        self._hash = hashlib.sha256()
        self._error: BaseException | None = None
        self._queue: Queue[bytes | None] = Queue(_AHEAD)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.bytes = 0

    def write(self, data: bytes) -> None:
        """Take some more. Raises what `sink` raised."""
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= _CHUNK:
            self._push()

    def close(self, name: str) -> Part:
        """Take the end; what was written in all, as a part of this name."""
        self._push()
        self.stop()
        if self._error is not None:
            raise self._error
        self._emit(self._pack.flush())
        return Part(name, self.bytes, self._hash.hexdigest())

    def stop(self) -> None:
        """Let go of the thread."""
        self._queue.put(None)
        self._thread.join()

    def _push(self) -> None:
        if self._error is not None:
            raise self._error
        data, self._waiting, self._size = b"".join(self._waiting), [], 0
        self._queue.put(data)

    def _run(self) -> None:
        while (data := self._queue.get()) is not None:
            if self._error is None:
                try:
                    self._emit(self._pack.compress(data))
                except BaseException as error:  # noqa: BLE001  (raised again by `write`)
                    self._error = error

    def _emit(self, data: bytes) -> None:
        if data:
            self.bytes += len(data)
            self._hash.update(data)
            self._sink(data)


Write = Callable[[Iterator[bytes]], None]


class Fan:
    """Hands chunks to many writers, each in a thread of its own. `errors` is what became of
    those that failed, by name."""

    def __init__(self, writers: dict[str, Write]) -> None:
        self.errors: dict[str, Exception] = {}
        self._queues: dict[str, Queue[bytes | None]] = {}
        self._given_up = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        for name, write in writers.items():
            queue: Queue[bytes | None] = Queue(_AHEAD)
            thread = threading.Thread(target=self._run, args=(name, write, queue), daemon=True)
            self._queues[name], self._threads[name] = queue, thread
            thread.start()

    @property
    def alive(self) -> list[str]:
        """Who still takes."""
        return [name for name in self._queues if name not in self.errors]

    def put(self, chunk: bytes) -> None:
        """Hand a chunk to all who still take. Raises the last error once nobody does."""
        for name in self.alive:
            self._hand(name, chunk)
        if not self.alive:
            raise next(reversed(self.errors.values()))

    def close(self) -> None:
        """Wait until all have the whole of it."""
        for name in self.alive:
            self._hand(name, None)
        for thread in self._threads.values():
            thread.join()

    def give_up(self) -> None:
        """There will be no end."""
        self._given_up.set()
        for thread in self._threads.values():
            thread.join()

    def _hand(self, name: str, chunk: bytes | None) -> None:
        while name not in self.errors:
            try:
                self._queues[name].put(chunk, timeout=_LOOK)
            except Full:
                continue
            return

    def _run(self, name: str, write: Write, queue: "Queue[bytes | None]") -> None:
        try:
            write(self._chunks(queue))
        except Exception as error:  # noqa: BLE001  (told by who began it)
            self.errors[name] = error

    def _chunks(self, queue: "Queue[bytes | None]") -> Iterator[bytes]:
        while True:
            try:
                chunk = queue.get(timeout=_LOOK)
            except Empty:
                if self._given_up.is_set():
                    raise GivenUpError from None
                continue
            if self._given_up.is_set():
                raise GivenUpError
            if chunk is None:
                return
            yield chunk


def expected(error: Exception) -> bool:
    """Whether an error of a writer is one that is told as it is."""
    return isinstance(error, LabtoolError)


def unpacked(chunks: Iterable[bytes], compression: Compression) -> Iterator[bytes]:
    """The stream as it was before it was packed, in chunks of a bounded size; `chunks` is read
    to its end. Raises ValueError where it is damaged."""
    source = iter(chunks)
    if compression == "zstd":
        yield from _unpacked_zstd(source)
    elif compression == "gzip":
        yield from _unpacked_gzip(source)
    else:
        yield from source
    for _ in source:
        pass


def _unpacked_zstd(source: Iterator[bytes]) -> Iterator[bytes]:
    import zstandard

    reader = zstandard.ZstdDecompressor().stream_reader(_Source(source))  # type: ignore[arg-type]  # only read from
    while True:
        try:
            data = reader.read(_CHUNK)
        except zstandard.ZstdError as error:
            raise ValueError(str(error)) from error
        if not data:
            return
        yield data


def _unpacked_gzip(source: Iterator[bytes]) -> Iterator[bytes]:
    unpack = zlib.decompressobj(31)
    for chunk in source:
        rest = chunk
        while rest and not unpack.eof:
            try:
                yield unpack.decompress(rest, _CHUNK)
            except zlib.error as error:
                raise ValueError(str(error)) from error
            rest = unpack.unconsumed_tail
    if not unpack.eof:
        raise ValueError("it ends in its middle")


class _Source:
    """Chunks, as zstandard reads them: any number of bytes at a time will do."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        data = self._rest or next(self._chunks, b"")
        if size < 0:
            size = len(data)
        self._rest = data[size:]
        return data[:size]
