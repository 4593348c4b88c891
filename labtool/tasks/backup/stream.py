"""One stream of bytes on its way: packed, sealed, and hashed as it is then; and the way back."""

import hashlib
import os
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from queue import Queue
from typing import Literal, Protocol

from labtool.tasks.backup.manifest import Part

Compression = Literal["zstd", "gzip", "none"]
ENDINGS: dict[Compression, str] = {"zstd": ".zst", "gzip": ".gz", "none": ""}
_CHUNK = 1024 * 1024
# What each core packs at a time. By default it is four times as much, and so are the chunks that
# come out: more memory, and slower as the cores wait for one another.
_JOB = 2 * 1024 * 1024
# Chunks that wait to be packed: with 1 MB each, what it costs in memory.
_AHEAD = 4


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

        wanted = zstandard.ZstdCompressionParameters.from_level(
            level, threads=os.cpu_count() or 1, job_size=_JOB
        )
        made: Packer = zstandard.ZstdCompressor(compression_params=wanted).compressobj()
        return made
    if compression == "gzip":
        return zlib.compressobj(min(level, 9), zlib.DEFLATED, 31)
    return _Plain()


class _Plain:
    def compress(self, data: bytes) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


class Counted:
    """Passes chunks on, and knows what went through."""

    def __init__(self, sink: Callable[[bytes], object]) -> None:
        self._sink = sink
        self._hash = hashlib.sha256()
        self._bytes = 0

    def take(self, data: bytes) -> None:
        """Pass some on. Raises what the sink raises."""
        self._bytes += len(data)
        self._hash.update(data)
        self._sink(data)

    def part(self, name: str) -> Part:
        """What went through, as a part of this name."""
        return Part(name, self._bytes, self._hash.hexdigest())


class Sealer(Protocol):
    """Encrypts, in its own time."""

    def write(self, data: bytes) -> None:
        """Take some. Raises what its sink raised."""

    def close(self) -> None:
        """Take the end. Raises what its sink raised."""

    def stop(self) -> None:
        """There will be no end."""


Seal = Callable[[Callable[[bytes], object]], Sealer]


class Stream:
    """What is written to it goes, packed, sealed where `seal` is given, and in chunks, to
    `sink`; in a thread of its own, so that to read, to pack and to write go on at the same
    time."""

    def __init__(
        self, pack: Packer, sink: Callable[[bytes], object], seal: Seal | None = None
    ) -> None:
        self._pack = pack
        self._counted = Counted(sink)
        self._sealer = seal(self._counted.take) if seal else None
        self._take = self._sealer.write if self._sealer else self._counted.take
        self._waiting: list[bytes] = []
        self._size = 0
        self._error: BaseException | None = None
        self._queue: Queue[bytes | None] = Queue(_AHEAD)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Take some more. Raises what `sink` raised."""
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= _CHUNK:
            self._push()

    def close(self, name: str) -> Part:
        """Take the end; what came out in all, as a part of this name."""
        self._push()
        self._join()
        if self._error is not None:
            raise self._error
        self._emit(self._pack.flush())
        if self._sealer:
            self._sealer.close()
        return self._counted.part(name)

    def stop(self) -> None:
        """Let go of the threads: there will be no end."""
        self._join()
        if self._sealer:
            self._sealer.stop()

    def _join(self) -> None:
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
            self._take(data)


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
