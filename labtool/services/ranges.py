"""A large file from far away in ranges: one that breaks is asked for again, and no more."""

from collections.abc import Callable, Iterator

from labtool.core.errors import Temporary
from labtool.services.retry import patiently

RANGE = 8 * 1024 * 1024


def in_ranges(
    fetch: Callable[[int, int], bytes], size: int, patience: float, where: str
) -> Iterator[bytes]:
    """The file's bytes; `fetch(start, end)` gives those from `start` up to but without `end`.
    Raises Temporary where one could not be had for `patience` seconds."""

    def part(start: int, end: int) -> bytes:
        data = fetch(start, end)
        if len(data) != end - start:
            raise Temporary("it ended in its middle", where=where, code="short")
        return data

    for start in range(0, size, RANGE):
        end = min(size, start + RANGE)
        yield patiently(lambda s=start, e=end: part(s, e), patience)  # type: ignore[misc]  # mypy sees no type in the defaults
