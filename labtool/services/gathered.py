"""Chunks of any size, gathered into parts of the sizes that a vendor takes."""

from collections.abc import Iterable, Iterator


def gathered(chunks: Iterable[bytes], sizes: Iterator[int]) -> Iterator[tuple[bytes, bool]]:
    """The same bytes in parts of these sizes, each with whether it is the last; that may be
    smaller, and is empty where there is nothing more. Raises what `chunks` raises."""
    waiting, length, size = list[bytes](), 0, next(sizes)
    for chunk in chunks:
        waiting.append(chunk)
        length += len(chunk)
        # One byte more than the size: the last part is known when there is no more.
        while length > size:
            whole = b"".join(waiting)
            yield whole[:size], False
            waiting, length, size = [whole[size:]], length - size, next(sizes)
    yield b"".join(waiting), True
