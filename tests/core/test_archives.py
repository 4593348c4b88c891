"""Archives from elsewhere: what is in them comes out, and never outside the folder."""

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from labtool.core.archives import Unpacked, unpack
from labtool.core.errors import Failed

MB = 1024 * 1024
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "tar": bytes,
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor().compress,
}


def info(name: str, kind: bytes = tarfile.REGTYPE, **more: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.mtime = kind, 1_700_000_000
    for key, value in more.items():
        setattr(made, key, value)
    return made


def tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as made:
        for one, data in members:
            if one.isreg():
                one.size = len(data)
            made.addfile(one, io.BytesIO(data))
    return out.getvalue()


def zipped(*members: tuple[str, bytes, int]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data, mode in members:
            one = zipfile.ZipInfo(name)
            one.create_system, one.external_attr = 3, mode << 16
            one.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(one, data)
    return out.getvalue()


def out_of(folder: Path, data: bytes, largest: int = 10 * MB, members: int = 1000) -> Unpacked:
    (folder / "archive").write_bytes(data)
    (folder / "in").mkdir()
    return unpack(folder / "archive", folder / "in", largest=largest, members=members)


GOOD = tar(
    (info("./run", tarfile.DIRTYPE), b""),
    (info("run/a", mode=0o4777), b"1" * 3 * MB),
    (info("run/deep/er/b"), b""),
    (info("run/deep/link", tarfile.SYMTYPE, linkname="../a"), b""),
    (info("run/hard", tarfile.LNKTYPE, linkname="run/a"), b""),
    (info("run/a" + "é" * 90), b"long"),
)


@pytest.mark.parametrize("way", PACKED)
def test_a_tar_comes_out_as_it_went_in(tmp_path: Path, way: str) -> None:
    done = out_of(tmp_path, PACKED[way](GOOD))
    run = tmp_path / "in" / "run"
    assert (run / "a").read_bytes() == (run / "hard").read_bytes() == b"1" * 3 * MB
    assert (run / "deep" / "er" / "b").read_bytes() == b""
    assert (run / "deep" / "link").readlink() == Path("../a")
    assert stat.S_IMODE((run / "a").stat().st_mode) == 0o755
    assert (run / "a").stat().st_mtime == 1_700_000_000
    assert (run / f"a{'é' * 90}").read_text() == "long"
    assert done.size == 3 * MB + 4


def test_a_zip_comes_out_as_it_went_in(tmp_path: Path) -> None:
    out_of(tmp_path, zipped(
        ("run/", b"", stat.S_IFDIR | 0o755), ("run/é", b"1" * MB, 0o644), ("run/x", b"2", 0o755),
        ("run/link", "é".encode(), stat.S_IFLNK | 0o777),
    ))  # fmt: skip
    run = tmp_path / "in" / "run"
    assert (run / "é").read_bytes() == b"1" * MB
    assert os.access(run / "x", os.X_OK)
    assert (run / "link").read_bytes() == b"1" * MB


@pytest.mark.parametrize("way", ["gz", "bz2", "xz", "zst"])
def test_streams_one_after_another_are_one(tmp_path: Path, way: str) -> None:
    half = len(GOOD) // 2
    out_of(tmp_path, PACKED[way](GOOD[:half]) + PACKED[way](GOOD[half:]))
    assert (tmp_path / "in" / "run" / "a").stat().st_size == 3 * MB


def test_the_last_of_a_name_counts(tmp_path: Path) -> None:
    out_of(tmp_path, tar(
        (info("a"), b"1"), (info("b", tarfile.LNKTYPE, linkname="a"), b""), (info("a"), b"2"),
        (info("c"), b"1"), (info("c", tarfile.SYMTYPE, linkname="a"), b""),
        (info("d", tarfile.SYMTYPE, linkname="a"), b""), (info("d"), b"3"),
    ))  # fmt: skip
    made = tmp_path / "in"
    assert [(made / name).read_text() for name in "abcd"] == ["2", "1", "2", "3"]
    assert not (made / "d").is_symlink()


def link(name: str, to: str) -> tuple[tarfile.TarInfo, bytes]:
    return info(name, tarfile.SYMTYPE, linkname=to), b""


def hard(name: str, to: str) -> tuple[tarfile.TarInfo, bytes]:
    return info(name, tarfile.LNKTYPE, linkname=to), b""


EVIL = {
    "dots": tar((info("../evil"), b"1")),
    "dots inside": tar((info("a/../../evil"), b"1")),
    "absolute": tar((info("/tmp/evil"), b"1")),
    "no name": tar((info("./"), b"1")),
    "link out": tar(link("a", "../evil")),
    "link absolute": tar(link("a", "/etc/passwd")),
    "link through a link": tar(link("x/d", ".."), link("e", "x/d/../evil")),
    "link up and down": tar((info("x/a"), b""), link("e", "x/../../evil")),
    "link to nothing": tar(link("a", "x" * 4000)),
    "written through a link": tar(link("a", "b"), (info("a/evil"), b"1")),
    "hard link out": tar(hard("a", "../evil")),
    "hard link to what is not there": tar(hard("a", "b")),
    "hard link absolute": tar(hard("a", "/etc/passwd")),
    "hard link to a link, from elsewhere": tar(
        (info("x/y/a"), b""), link("x/y/l", "../../b"), hard("l", "x/y/l")
    ),
    "device": tar((info("a", tarfile.CHRTYPE, devmajor=1, devminor=3), b"")),
    "pipe": tar((info("a", tarfile.FIFOTYPE), b"")),
    "file and folder": tar((info("a"), b"1"), (info("a/b"), b"1")),
    "folder and file": tar((info("a/b"), b"1"), (info("a"), b"1")),
    "folder and link": tar((info("a/b"), b"1"), link("a", "c")),
    "long": tar((info("a" * 300), b"1")),
    "deep": tar((info("a/" * 400 + "b"), b"1")),
    "zip dots": zipped(("../evil", b"1", 0o644)),
    "zip absolute": zipped(("/tmp/evil", b"1", 0o644)),
    "zip link": zipped(("a", b"../evil", stat.S_IFLNK | 0o777)),
    "zip device": zipped(("a", b"", stat.S_IFCHR | 0o666)),
    "zip long link": zipped(("a", b"x" * MB, stat.S_IFLNK | 0o777)),
}


@pytest.mark.parametrize("name", EVIL)
def test_what_is_hostile_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Failed, match="was not unpacked"):
        out_of(tmp_path, EVIL[name])
    assert sorted(one.name for one in tmp_path.iterdir()) == ["archive", "in"]
    assert not Path("/tmp/evil").exists()


def test_a_zero_byte_in_a_zips_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="no file's name"):
        out_of(tmp_path, zipped(("aXb", b"1", 0o644)).replace(b"aXb", b"a\0b"))


@pytest.mark.parametrize("way", PACKED)
def test_a_bomb_ends_at_the_limit(tmp_path: Path, way: str) -> None:
    data = PACKED[way](tar((info("a"), b"\0" * 40 * MB)))
    with pytest.raises(Failed, match="largest"):
        out_of(tmp_path, data, largest=MB)
    assert (tmp_path / "in" / "a").stat().st_size <= 2 * MB


def test_bombs_of_other_sorts_end_too(tmp_path: Path) -> None:
    many = tar(*((info(f"{n}"), b"") for n in range(30)))
    folders = tar((info("/".join("abcdefghij") + "/x"), b""))
    listed = zipped(*((f"{n}", b"", 0o644) for n in range(30)))
    after = gzip.compress(tar((info("a"), b"")) + b"\0" * 80 * MB)
    for number, data in enumerate((many, folders, listed)):
        (tmp_path / f"{number}").mkdir()
        with pytest.raises(Failed, match="more than 9 files"):
            out_of(tmp_path / f"{number}", data, members=9)
    (tmp_path / "after").mkdir()
    with pytest.raises(Failed, match="too much"):
        out_of(tmp_path / "after", after)
    # A header that would be held in memory as a whole, and headers of headers.
    long = info("././@LongLink", tarfile.GNUTYPE_LONGNAME, size=30 * MB)
    deep = info("x", tarfile.XHDTYPE, size=0).tobuf(tarfile.USTAR_FORMAT) * 5000
    for number, data in enumerate((long.tobuf(tarfile.GNU_FORMAT) + b"a" * 30 * MB, deep)):
        (tmp_path / f"long{number}").mkdir()
        with pytest.raises(Failed, match="damaged"):
            out_of(tmp_path / f"long{number}", data)


@pytest.mark.parametrize("way", [*PACKED, "zip"])
def test_what_is_damaged_is_told(tmp_path: Path, way: str) -> None:
    zip_ = zipped(*((f"{n}", os.urandom(5000), 0o644) for n in range(3)))
    content = tar(*((info(f"{n}"), os.urandom(5000)) for n in range(3)))
    data = zip_ if way == "zip" else PACKED[way](content)
    # In the middle of a file, and between two; the tar's own end is full of zeros.
    cuts = [6, 512, 6144, len(data) // 2, len(data) * 3 // 5]
    for cut in cuts:
        (tmp_path / f"{cut}").mkdir()
        with pytest.raises(Failed, match="damaged"):
            out_of(tmp_path / f"{cut}", data[:cut])
    with pytest.raises(Failed):
        out_of(tmp_path, data[:2000] + bytes(255 - one for one in data[2000:7000]) + data[7000:])


@pytest.mark.parametrize(
    "data", [b"", b"PK\3\4", b"hello", b"\x1f\x8b", gzip.compress(b"text", mtime=0)]
)
def test_what_is_none_is_told(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(Failed, match="no archive"):
        out_of(tmp_path, data)


def test_a_zip_with_a_password_is_told(tmp_path: Path) -> None:
    data = bytearray(zipped(("a", b"1", 0o644)))
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    with pytest.raises(Failed, match="password"):
        out_of(tmp_path, bytes(data))


NAMES = st.one_of(
    st.lists(st.sampled_from(["..", ".", "", "a", "b", "é", " ", "\\", "~", "a" * 260]), max_size=5)
    .map("/".join),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
)  # fmt: skip
KINDS = st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE])


@pytest.mark.filterwarnings("ignore:Duplicate name")
@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(NAMES, KINDS, NAMES), min_size=1, max_size=6), st.booleans())
def test_no_names_lead_out(members: list[tuple[str, bytes, str]], as_zip: bool) -> None:
    with tempfile.TemporaryDirectory() as place:
        top = Path(place) / "top"
        (top / "beside").mkdir(parents=True)
        (top / "beside" / "a").write_text("mine")
        if as_zip:
            modes = {tarfile.SYMTYPE: stat.S_IFLNK, tarfile.DIRTYPE: stat.S_IFDIR}
            data = zipped(
                *((name or "x", to.encode(), modes.get(k, 0) | 0o644) for name, k, to in members)
            )
        else:
            data = tar(*((info(name, kind, linkname=to), b"1") for name, kind, to in members))
        with suppress(Failed):
            out_of(top, data)
        assert sorted(one.name for one in top.iterdir()) == ["archive", "beside", "in"]
        assert [one.name for one in (top / "beside").iterdir()] == ["a"]
        assert (top / "beside" / "a").read_text() == "mine"
        assert [one.name for one in Path(place).iterdir()] == ["top"]
        inside = os.path.realpath(top / "in")
        for folder, folders, files in os.walk(inside):
            for name in (*folders, *files):
                assert os.path.realpath(f"{folder}/{name}").startswith(f"{inside}/") or (
                    os.path.realpath(f"{folder}/{name}") == inside
                )
