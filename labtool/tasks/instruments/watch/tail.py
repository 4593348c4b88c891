"""New rows of a log: whole ones only, in blocks, however large the file is."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from labtool.tasks.instruments.watch.place import Place, place_in
from labtool.tasks.instruments.watch.plan import Part

# Bytes.
_BLOCK = 1024 * 1024
_LONGEST_ROW = 64 * 1024
# Some programs begin a file with it, to say that it is UTF-8.
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Block:
    """Rows without their newlines, and the place after them. `opened`: the file is new;
    `dropped` counts rows that were too long to be any; `written`: when the file was written to
    last, of which these are the last rows; 0 where they are not, or it is not known."""

    rows: list[str]
    place: Place
    opened: bool
    dropped: int
    written: float = 0.0


def blocks(part: Part) -> Iterator[Block]:
    """The rows of a file from the part's offset on. A row without its newline is left for
    later, unless the file is finished, as others follow it. Raises OSError."""
    with part.path.open("rb") as file:
        yield from _blocks(file, part)


def _blocks(file: BinaryIO, part: Part) -> Iterator[Block]:
    offset, opened, skipping = part.offset, part.new, False
    # What is appended while we read comes the next time: a writer who never rests holds up
    # nobody.
    found = os.fstat(file.fileno())
    end = found.st_size
    while offset < end or opened:
        file.seek(offset)
        raw = file.read(min(_BLOCK, end - offset))
        whole = raw.rfind(b"\n") + 1
        rows: list[str] = []
        dropped = 0
        if not whole and len(raw) >= _BLOCK and not raw.strip(b"\0"):
            return  # room that was made for rows to come
        if not whole and len(raw) >= _BLOCK:
            # No newline in all of it: no row, nor is what follows up to the next newline.
            offset += len(raw)
            dropped, skipping = 1, True
        else:
            if not part.last and offset + len(raw) >= end:
                whole = len(raw)
            mark = len(_MARK) if not offset and raw.startswith(_MARK) else 0
            rows, dropped = _rows(raw[mark:whole], skipping=skipping)
            skipping = skipping and not whole
            offset += whole
        written = found.st_mtime if offset >= end and not part.new else 0.0
        yield Block(rows, place_in(file, part.name, offset), opened, dropped, written)
        opened = False
        if not whole and len(raw) < _BLOCK:
            return


def _rows(raw: bytes, *, skipping: bool) -> tuple[list[str], int]:
    """Rows as text, with the carriage return that they may end in: what is no UTF-8 in them is
    replaced."""
    rows = raw.decode("utf-8", "replace").split("\n")
    if rows and not rows[-1]:
        rows.pop()
    if skipping:
        rows = rows[1:]
    if max(map(len, rows), default=0) <= _LONGEST_ROW:
        return rows, 0
    fit = [row for row in rows if len(row) <= _LONGEST_ROW]
    return fit, len(rows) - len(fit)
