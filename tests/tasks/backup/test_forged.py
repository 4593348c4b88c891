"""What somebody puts at a destination who can write there: nothing of it leaves its place, and
nothing of it stops the others.
"""

import hashlib
import json
import socket
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.lab import Lab
from tests.tasks.backup.forge import AT, Piece, forge, piece, rewrite
from tests.tasks.backup.house import House

HERE = socket.gethostname()


@pytest.fixture
def house(lab: Lab) -> House:
    house = House(lab)
    house.fill(3)
    return house


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


GOOD = piece("good", content=b"good")


@pytest.mark.parametrize(
    "odd",
    [
        [piece("../../out", content=b"x")],
        [piece("/etc/labtool-out", content=b"x")],
        [piece("a/../../../out", content=b"x")],
        [piece("l", "symlink", link="OUTSIDE"), piece("l/a/b/f", content=b"x")],
        [piece("l", "symlink", link="OUTSIDE"), piece("l/d", "directory")],
        [piece("l", "symlink", link=".."), piece("l/f", content=b"x")],
        [piece("l", "symlink", link="OUTSIDE"), piece("h", "hardlink", link="l/kept")],
        [
            piece("d", "directory"),
            piece("d", "symlink", link="OUTSIDE"),
            piece("d/f", content=b"x"),
        ],
        [piece("h", "hardlink", link="../../../etc/passwd")],
        [piece("h", "hardlink", link="/etc/passwd")],
    ],
)
def test_nothing_leaves_the_folder(house: House, odd: list[Piece]) -> None:
    outside = house.lab.folder / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    for info, line, _ in odd:
        if info.linkname == "OUTSIDE":
            info.linkname = line["link"] = str(outside)
    before = names(house.lab.folder)
    ident = forge(house.disk, HERE, [GOOD, *odd, piece("also", content=b"x")])
    for arguments in (
        ["restore", ident, "--to", "out"],
        ["restore", ident, "--to", "out", "--force"],
    ):
        done = house.run(*arguments)
        assert done.status == 1, done
        assert "bug" not in done.err
        assert {"good", "also"} <= names(house.lab.folder / "out")
        assert {p.name for p in outside.iterdir()} == {"kept"}
    done = house.run("verify", "--drill")
    assert done.status == 1
    assert "does not restore" in done.err
    there = {one for one in names(house.lab.folder) if one.split("/")[0] not in ("out", "state")}
    made = {f"disk/{ident}{end}" for end in (".json", ".tar.zst", ".files.zst")}
    assert there - before == made
    assert not Path("/etc/labtool-out").exists()


@pytest.mark.parametrize(
    "more",
    [{"mtime": float("inf")}, {"mtime": float("nan")}, {"mtime": 1e30}, {"mtime": -1e30}],
)
def test_a_time_that_is_none_costs_the_time_only(house: House, more: dict[str, Any]) -> None:
    odd = piece("odd", content=b"content", **more)
    ident = forge(house.disk, HERE, [odd, GOOD])
    assert house.run("restore", ident, "--to", "out").status == 0
    assert (house.lab.folder / "out" / "odd").read_bytes() == b"content"
    assert (house.lab.folder / "out" / "good").read_bytes() == b"good"


@pytest.mark.parametrize("number", [2**40, -5])
def test_an_owner_that_is_none_costs_the_owner_only(house: House, number: int) -> None:
    odd = piece("odd", content=b"content")
    odd[0].uid = number
    odd[0].mode = 0o4755
    odd[1]["mode"] = 0o4755
    ident = forge(house.disk, HERE, [odd, GOOD])
    assert house.run("restore", ident, "--to", "out").status == 0
    found = house.lab.folder / "out" / "odd"
    assert found.read_bytes() == b"content"
    # A program that acted for its owner does not act for another.
    assert stat.S_IMODE(found.stat().st_mode) == 0o755


@pytest.mark.parametrize(
    "line",
    [
        b'{"path": ["x"], "type": "file"}',
        b'{"path": "x", "type": 5}',
        b'{"path": "x", "type": "file", "mtime": "today"}',
        b'{"path": "x", "type": "file", "size": null}',
        b"[" * 50_000,
        b"x" * 3_000_000,
        b"{}",
    ],
)
def test_a_list_that_is_none(house: House, line: bytes) -> None:
    good = forge(house.disk, HERE, [GOOD])
    ident = forge(house.disk, HERE, [GOOD], AT + timedelta(hours=1))
    _list_of(house.disk, ident, line)
    for arguments in (
        ["verify", "--drill"],
        ["restore", ident, "--to", "o"],
        ["show", ident, "--files"],
    ):
        done = house.run(*arguments)
        assert done.status == 1
        assert "is damaged: " in done.err
        assert "bug" not in done.err
    assert house.run("restore", good, "--to", "out").status == 0


def _list_of(disk: Path, ident: str, line: bytes) -> None:
    packed = zstandard.compress(line + b"\n")
    path = disk / f"{ident}.files.zst"
    path.write_bytes(packed)
    digest = hashlib.sha256(packed).hexdigest()
    rewrite(
        disk / f"{ident}.json",
        files={"name": path.name, "bytes": len(packed), "sha256": digest},
    )


@pytest.mark.parametrize(
    "text",
    [b'{"format": Infinity}', b"[" * 60_000, b"null", b'"' + b"x" * 100, b"9" * 9000, b"\xff\xfe"],
)
def test_a_manifest_that_makes_no_sense_stops_nothing(house: House, text: bytes) -> None:
    house.save("--at", "2026-11-01T09:00")
    good = house.save("--at", "2026-11-02T09:00")
    bad = good.replace("20261102", "20261103")
    (house.disk / f"{bad}.json").write_bytes(text)
    newer = house.run("run", "--json").json()
    assert newer["exit"] == 0
    for arguments, status in ((["list"], 1), (["prune"], 1), (["verify"], 1), (["show", good], 0)):
        done = house.run(*arguments)
        assert done.status == status, done
        assert "bug" not in done.err
        if status:
            assert f"{bad}.json: is no backup's manifest, or damaged" in done.err
    assert {one["id"] for one in house.list()} >= {good, *newer["saved"]}


def test_what_a_manifest_names_is_its_own(house: House) -> None:
    """A backup that names others' files: nothing of them is read, or removed."""
    precious = house.lab.folder / "precious"
    precious.write_text("precious")
    newest = house.save()
    for number, name in enumerate(
        (str(precious), "../precious", f"{newest}.tar.zst", "../disk/../precious")
    ):
        ident = forge(house.disk, HERE, [GOOD], AT + timedelta(hours=number))
        path = house.disk / f"{ident}.json"
        found = json.loads(path.read_bytes())
        rewrite(path, archive={**found["archive"], "name": name})
    house.configure(keep={"last": 1})
    assert house.run("prune").status == 1
    assert house.run("restore", ident, "--to", "out").status == 2
    assert precious.read_text() == "precious"
    assert house.run("verify", newest).status == 0
    # Nor are they taken for what a killed run left.
    assert len(list(house.disk.glob("data-20261101*.json"))) == 4


def test_what_a_manifest_says_is_shown_as_text(house: House) -> None:
    ident = forge(house.disk, HERE, [GOOD])
    path = house.disk / f"{ident}.json"
    evil = "\x1b[31mred\x1b]0;title\x07\n"
    for changes in ({"engine": evil}, {"labtool": evil}, {"problems": [evil]}, {"notes": [evil]},
                    {"encrypted": [evil]}, {"compression": evil}):  # fmt: skip
        rewrite(path, **changes)
        for arguments in (["show", ident], ["list"], ["verify"], ["restore", ident, "--to", "o"]):
            done = house.run(*arguments)
            assert "\x1b" not in done.out + done.err
            assert "\x07" not in done.out + done.err


def test_one_of_a_newer_labtool_is_left_alone(house: House) -> None:
    ident = house.save("--at", "2026-11-01T09:00")
    rewrite(house.disk / f"{ident}.json", format=2)
    done = house.run("prune", "--at", "2026-11-20T09:00")
    assert done.status == 1
    assert "was written by a newer labtool; upgrade labtool" in done.err
    assert len(list(house.disk.glob(f"{ident}.*"))) == 3
