"""The bytes of a CSV as cells."""

import csv
import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.services.csvtext import LARGEST, parse

SHEET = (("name", "note"), ("Änn Lee", "a,b;c"))
TEXT = 'name,note\r\nÄnn Lee,"a,b;c"\r\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding: str) -> None:
    assert parse(TEXT.encode(encoding)) == SHEET


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters(delimiter: str) -> None:
    text = f'\n"a,b;c"{delimiter}name{delimiter}x\n1{delimiter}2{delimiter}3\n'
    assert parse(text.encode()) == ((), ("a,b;c", "name", "x"), ("1", "2", "3"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("name\nJosé\n".encode("latin-1"), r"is not UTF-8 text \(line 2\); save it as CSV UTF-8"),
        (b"\xff\xfea", "is not UTF-16"),
        (b"a,b\n1,\x00\n", r"NUL byte in line 2"),
        (b"\x89PNG\r\n\x1a\n\x00", "is not UTF-8 text"),
        (b"PK\x03\x04\x14\x00", "is not text"),
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n\n", "is empty"),
        (b"\n <!DOCTYPE html><p>", "is a web page, not a sheet; is it published"),
        (b"<HTML>", "is a web page"),
        (b'a,b\n"never closed,1\n2,3\n', r"is not CSV \(line 3"),
        (b"a\n" * 100_001, "more than 100000 rows"),
        (b"a," * 2000, "more than 1000 columns"),
        (b"a" * (LARGEST + 1), "larger than 20 MB"),
    ],
)
def test_what_is_no_sheet(content: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse(content)


def test_a_claimed_page_is_a_page() -> None:
    with pytest.raises(ValueError, match="is a web page"):
        parse(b"Please log in", "text/html; charset=utf-8")


@given(st.binary(max_size=200))
def test_any_bytes_are_cells_or_a_message(content: bytes) -> None:
    with suppress(ValueError):
        found = parse(content)
        assert all(isinstance(cell, str) for row in found for cell in row)


cells = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=8)


@given(st.lists(st.lists(cells, min_size=2, max_size=4), max_size=6))
def test_what_was_written_is_read(rows: list[list[str]]) -> None:
    table = [["name", "note"], *rows]
    out = io.StringIO(newline="")
    csv.writer(out).writerows(table)
    assert parse(out.getvalue().encode()) == tuple(tuple(row) for row in table)
