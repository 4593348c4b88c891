"""The bytes of a CSV file as cells: its encoding, its delimiter, and what is no CSV.

Pure: every mistake is a ValueError that says what is wrong and what to do.
"""

import codecs
import csv
import io

LARGEST = 20 * 1024 * 1024
MOST_ROWS = 100_000
MOST_COLUMNS = 1_000
_DELIMITERS = ",;\t"
_ADVICE = "save it as CSV UTF-8"


def parse(content: bytes, content_type: str = "") -> tuple[tuple[str, ...], ...]:
    """The cells, by row and column; a row ends where its line does. `content_type` is what
    a server claims. Raises ValueError for a web page, another encoding, nothing at all, or
    more than labtool reads.
    """
    if len(content) > LARGEST:
        raise ValueError(f"is larger than {LARGEST // 1024 // 1024} MB; keep only what is needed")
    text = decode(content)
    start = text.lstrip()[:15].lower()
    if start.startswith(("<!doctype", "<html")) or content_type.startswith("text/html"):
        raise ValueError("is a web page, not a sheet; is it published as CSV?")
    if start.startswith("{") or content_type.startswith("application/json"):
        raise ValueError("is JSON, not a sheet; is it published as CSV?")
    if not text.strip():
        raise ValueError("is empty; its first row must name the columns")
    return _rows(text)


def decode(content: bytes) -> str:
    """UTF-8, with or without a mark, or UTF-16 with one."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding, name = "utf-16", "UTF-16"
    else:
        encoding, name = "utf-8-sig", "UTF-8"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"is not {name} text (line {line}); {_ADVICE}") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise ValueError(f"is not text (a NUL byte in line {line}); {_ADVICE}")
    return text


def _rows(text: str) -> tuple[tuple[str, ...], ...]:
    # Strict, as a quote that is never closed would otherwise swallow all rows after it.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    found: list[tuple[str, ...]] = []
    try:
        for row in reader:
            if len(found) == MOST_ROWS:
                raise ValueError(f"has more than {MOST_ROWS} rows; keep only what is needed")
            if len(row) > MOST_COLUMNS:
                raise ValueError(f"has more than {MOST_COLUMNS} columns (line {reader.line_num})")
            found.append(tuple(row))
    except csv.Error as error:
        raise ValueError(f"is not CSV (line {reader.line_num}: {error}); {_ADVICE}") from None
    return tuple(found)


def _delimiter(text: str) -> str:
    """The delimiter that the first line which is not empty has most of; quoted parts aside."""
    line = next(line for line in text.splitlines() if line.strip())
    bare = "".join(line.split('"')[::2])
    return max(_DELIMITERS, key=bare.count)
