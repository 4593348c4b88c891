"""A file on its way from elsewhere, from its beginning or from where an earlier attempt stopped."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Coming:
    """Its bytes from `start` on. `version` tells this content from what may be there another time;
    empty: nothing does, and it cannot be gone on with. `size` is that of the whole, where it is
    known. `chunks` raise Temporary and Failed."""

    start: int
    version: str
    size: int | None
    chunks: Iterator[bytes]
