"""The quick header of a file is what tarfile reads, and the record what went in."""

import io
import json
import tarfile
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from labtool.tasks.backup.header import file_header
from labtool.tasks.backup.manifest import file_line, read_lines

_NAMES = st.text(st.characters(blacklist_characters="\0"), min_size=1, max_size=300).filter(
    lambda text: not text.endswith("/")
)
_PATHS = st.lists(st.text("abcXYZ0-_. ", min_size=1, max_size=120), min_size=1, max_size=5).map(
    "/".join
)
_WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=300), max_size=40)
_OWNERS = st.tuples(st.integers(0, 2**32), st.integers(0, 2**32), _WORDS, _WORDS)


@given(
    st.one_of(_PATHS, _NAMES),
    st.integers(0, 2**40),
    st.integers(0, 0o7777),
    st.integers(-10, 2**36),
    _OWNERS,
)
def test_tarfile_reads_it(
    name: str, size: int, mode: int, mtime: int, owner: tuple[int, int, str, str]
) -> None:
    raw = file_header(name, size, mode, mtime, owner)
    assert len(raw) % 512 == 0
    with tarfile.open(fileobj=io.BytesIO(raw), errors="surrogateescape") as tar:
        info: Any = tar.next()
    assert (info.name, info.size, info.mode, info.mtime) == (name, size, mode, mtime)
    assert (info.uid, info.gid, info.uname, info.gname) == owner
    assert info.isreg()


@given(_NAMES, st.integers(0, 2**60), st.integers(0, 0o7777), st.floats(0, 2**40), _OWNERS)
def test_the_line_says_it(
    path: str, size: int, mode: int, mtime: float, owner: tuple[int, int, str, str]
) -> None:
    line = file_line(path, size, mode, mtime, owner, "ab" * 32)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    [record] = read_lines([line])
    assert (record.path, record.type, record.size, record.mode) == (path, "file", size, mode)
    assert (record.mtime, record.sha256) == (mtime, "ab" * 32)
    assert (record.user, record.group) == owner[2:]
    assert json.loads(line)["path"] == path
