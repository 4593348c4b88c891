"""A manifest says what was written, or is none."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.core.errors import Failed
from labtool.tasks.backup import manifest as m

AT = datetime(2026, 11, 25, 6, tzinfo=UTC)
HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
SIZES = st.integers(0, 2**63 - 1)
# JSON has no lone surrogates that come back.
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


@st.composite
def manifests(draw: st.DrawFn) -> m.Manifest:
    at = AT + timedelta(seconds=draw(st.integers(-(10**9), 10**9)))
    host = draw(TEXT)
    ident = m.new_id("a-set", at, host)
    tables = st.dictionaries(TEXT, st.tuples(SIZES, TEXT), max_size=3)
    dump = st.builds(m.Dump, TEXT, TEXT, TEXT, TEXT, tables)
    return m.Manifest(
        id=ident,
        set="a-set",
        created=at,
        finished=at + timedelta(milliseconds=draw(st.integers(0, 10**6))),
        host=host,
        labtool=draw(TEXT),
        archive=m.Part(f"{ident}.tar.gz.age", draw(SIZES), draw(HASHES)),
        files=m.Part(f"{ident}.files.zst.age", draw(SIZES), draw(HASHES)),
        count=draw(SIZES),
        bytes=draw(SIZES),
        compression="gzip",
        encrypted=tuple(draw(st.lists(TEXT, max_size=2))),
        dumps=tuple(draw(st.lists(dump, max_size=2))),
        problems=tuple(draw(st.lists(TEXT, max_size=2))),
        notes=tuple(draw(st.lists(TEXT, max_size=2))),
    )


@given(manifests())
def test_what_was_written_is_read(manifest: m.Manifest) -> None:
    assert m.load(m.dump(manifest), manifest.id) == manifest


@given(manifests(), st.data())
def test_any_other_byte_is_noticed(manifest: m.Manifest, data: st.DataObject) -> None:
    raw = bytearray(m.dump(manifest))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Failed):
        m.load(bytes(raw), manifest.id)


@given(manifests(), st.data())
def test_what_is_cut_off_is_noticed(manifest: m.Manifest, data: st.DataObject) -> None:
    raw = m.dump(manifest)
    with pytest.raises(Failed):
        m.load(raw[: data.draw(st.integers(0, len(raw) - 1))], manifest.id)


IDENT = m.new_id("data", AT, "here")
GOOD: dict[str, Any] = json.loads(
    m.dump(
        m.Manifest(
            IDENT, "data", AT, AT, "here", "0.1", m.Part(f"{IDENT}.tar.zst", 1, "0" * 64),
            m.Part(f"{IDENT}.files.zst", 1, "0" * 64), 1, 1, "zstd",
        )
    )
)  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"id": m.new_id("data", AT, "there")},
        {"set": "other"},
        {"host": "there"},
        {"created": "2026-11-25T07:00:00Z"},
        {"created": "0001-01-01T00:00:00+14:00"},
        {"created": "2026-11-25T06:00:00"},
        {"created": 5},
        {"finished": "9999-12-31T23:59:59-14:00"},
        {"finished": None},
        {"archive": {"name": "/etc/passwd", "bytes": 1, "sha256": "0" * 64}},
        {"archive": {"name": f"../{IDENT}.tar.zst", "bytes": 1, "sha256": "0" * 64}},
        {"archive": {"name": f"{IDENT}.json", "bytes": 1, "sha256": "0" * 64}},
        {"archive": {"name": f"{IDENT}.tar.zst", "bytes": 10**400, "sha256": "0" * 64}},
        {"archive": {"name": f"{IDENT}.tar.zst", "bytes": -1, "sha256": "0" * 64}},
        {"archive": {"name": f"{IDENT}.tar.zst", "bytes": True, "sha256": "0" * 64}},
        {"archive": {"name": f"{IDENT}.tar.zst", "bytes": 1, "sha256": 5}},
        {"archive": {"name": 5, "bytes": 1, "sha256": "0" * 64}},
        {"files": {"name": f"{m.new_id('data', AT, 'x')}.files.zst", "bytes": 1, "sha256": ""}},
        {"format": float("inf")},
        {"format": "1"},
        {"format": 2},
        {"count": 1.5},
        {"labtool": ["x"]},
        {"problems": "text"},
        {"dumps": [{"path": 5}]},
        {"dumps": {}},
        {"more": 1},
    ],
)  # fmt: skip
def test_one_that_is_none(changes: dict[str, Any]) -> None:
    found = {**GOOD, **changes}
    del found["sha256"]
    with pytest.raises(Failed) as raised:
        m.load(m._written(found), IDENT)
    assert "labtool" in str(raised.value)


@given(st.binary(max_size=200) | st.text(max_size=50).map(str.encode))
def test_nonsense(raw: bytes) -> None:
    with pytest.raises(Failed):
        m.load(raw, IDENT)


@pytest.mark.parametrize("raw", [b"[" * 100_000, b"9" * 10_000, b"NaN", b"[]", b'{"format": 1}'])
def test_nonsense_that_is_json(raw: bytes) -> None:
    with pytest.raises(Failed):
        m.load(raw, IDENT)
