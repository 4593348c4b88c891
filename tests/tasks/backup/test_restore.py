"""Archives that are not what they should be: nothing leaves the folder, nothing wrong stays."""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from labtool.core.errors import Failed
from labtool.tasks.backup.manifest import FileRecord
from labtool.tasks.backup.restore import restore
from labtool.tasks.backup.unpack import Member


def member(path: str, kind: str = "file", content: bytes = b"x", link: str = "") -> Member:
    info = tarfile.TarInfo(path)
    types = {"file": tarfile.REGTYPE, "symlink": tarfile.SYMTYPE, "hardlink": tarfile.LNKTYPE,
             "directory": tarfile.DIRTYPE}  # fmt: skip
    info.type, info.linkname, info.mode = types[kind], link, 0o4755
    digest = hashlib.sha256(content).hexdigest()
    record = FileRecord(path, kind, len(content), 0o4755, sha256=digest, link=link)
    return Member(record, info, io.BytesIO(content) if kind == "file" else None)


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize(
    "odd",
    [
        [member("../out")],
        [member("/etc/passwd")],
        [member("a/../../out")],
        [member("")],
        [member("a//b")],
        [member("."), member("a/.")],
        [member("link", "symlink", link="/tmp"), member("link/out")],
        [member("link", "symlink", link=".."), member("link/out")],
        [member("hard", "hardlink", link="../../etc/passwd")],
        [member("hard", "hardlink", link="/etc/passwd")],
    ],
)
def test_nothing_leaves_the_folder(tmp_path: Path, odd: list[Member]) -> None:
    root = tmp_path / "inner" / "root"
    done = restore([member("good"), *odd, member("also")], root)
    assert done.problems
    assert {"good", "also"} <= names(root)
    assert names(tmp_path / "inner") == {"root", *(f"root/{name}" for name in names(root))}
    assert not (tmp_path / "out").exists()
    assert not Path("/tmp/out").exists()


def test_a_link_that_comes_later_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    members = [
        member("a", "directory", b""),
        member("a/x"),
        member("b", "symlink", link=str(outside)),
        member("b/y"),
    ]
    done = restore(members, tmp_path / "root")
    assert len(done.problems) == 1
    assert list(outside.iterdir()) == []


def test_what_is_damaged_is_not_put_there(tmp_path: Path) -> None:
    bad = member("bad")
    wrong = Member(bad.record, bad.info, io.BytesIO(b"y"))
    done = restore([wrong, member("good")], tmp_path / "root")
    assert names(tmp_path / "root") == {"good"}
    assert "its SHA-256 is not that of when it was saved" in done.problems[0]


def test_an_archive_that_ends_early_raises(tmp_path: Path) -> None:
    def broken() -> Iterator[Member]:
        yield member("good")
        raise Failed("is damaged")

    with pytest.raises(Failed):
        restore(broken(), tmp_path / "root")
