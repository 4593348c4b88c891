"""A site's folder: only what changed is written, only what is ours is removed."""

import contextlib
import json
import os
import time
from pathlib import Path

import pytest

from labtool.core.errors import Failed, StateError
from labtool.tasks.page import write as module
from labtool.tasks.page.write import MANIFEST, write


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    site = tmp_path / "site"
    assert write({"a.html": b"1", "ics/b.ics": b"2"}, site)["written"] == 2
    before = (site / "a.html").stat().st_ino
    assert write({"a.html": b"1", "ics/b.ics": b"3"}, site) == {
        "written": 1,
        "unchanged": 1,
        "removed": 0,
    }
    assert (site / "a.html").stat().st_ino == before
    assert (site / "ics/b.ics").read_bytes() == b"3"


def test_what_is_made_no_more_is_removed_and_nothing_else(tmp_path: Path) -> None:
    write({"a.html": b"1", "b.html": b"2"}, tmp_path)
    (tmp_path / "mine.html").write_text("mine")
    assert write({"a.html": b"1"}, tmp_path)["removed"] == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == [MANIFEST, "a.html", "mine.html"]


def test_what_belongs_to_an_older_page_stays_for_a_day(tmp_path: Path) -> None:
    write({"assets/x-1.css": b"1"}, tmp_path)
    write({"assets/x-2.css": b"2"}, tmp_path)
    old = tmp_path / "assets/x-1.css"
    assert old.exists()
    day = time.time() - 90_000
    os.utime(old, (day, day))
    write({"assets/x-2.css": b"3"}, tmp_path)
    assert not old.exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("my home page")
    with pytest.raises(Failed, match=r"files that labtool did not write: index\.html"):
        write({"a.html": b"1", "index.html": b"2"}, tmp_path)
    assert (tmp_path / "index.html").read_text() == "my home page"
    assert not (tmp_path / "a.html").exists()


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", ".hidden", ""])
def test_no_path_leads_out(tmp_path: Path, path: str) -> None:
    with pytest.raises(Failed, match="is no path inside a site"):
        write({path: b"x"}, tmp_path / "site")


def test_a_forged_manifest_removes_nothing_outside(tmp_path: Path) -> None:
    outside = tmp_path / "precious"
    outside.write_text("x")
    site = tmp_path / "site"
    write({"a.html": b"1"}, site)
    (site / MANIFEST).write_text(json.dumps(["../precious", str(outside), 3, "a.html"]))
    write({"b.html": b"1"}, site)
    assert outside.exists()
    assert not (site / "a.html").exists()
    (site / MANIFEST).write_text("{")
    assert write({"b.html": b"1"}, site)["unchanged"] == 1


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("a file")
    with pytest.raises(StateError):
        write({"a.html": b"1"}, tmp_path / "site")


@pytest.mark.parametrize("after", range(5))
def test_a_build_that_was_cut_does_not_block_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Whichever of its writes was the last."""
    real, left = module.write_atomic, [after]

    def cut(path: Path, content: bytes, mode: int = 0o644) -> None:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        real(path, content, mode)

    monkeypatch.setattr(module, "write_atomic", cut)
    with contextlib.suppress(KeyboardInterrupt):
        write({"a.html": b"1", "b.html": b"1", "c.html": b"1"}, tmp_path)
    monkeypatch.setattr(module, "write_atomic", real)
    write({"a.html": b"2", "b.html": b"2", "d.html": b"2"}, tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*.html")) == ["a.html", "b.html", "d.html"]
