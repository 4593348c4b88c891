"""`labtool backup` as a process: saved, listed, verified, restored, and never half."""

import json
import os
import random
import shutil
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from labtool.tasks.backup.manifest import mark
from tests.lab import Lab, poll
from tests.tasks.backup.house import House, tree


@pytest.fixture
def house(lab: Lab) -> House:
    return House(lab)


def test_all_of_it_comes_back(house: House) -> None:
    house.fill(12)
    (house.source / "empty").mkdir(mode=0o711)
    for name, to in {"a": "/nowhere/else", "b": "./f0//0.bin", "c": "f0/", "d": "f0/./."}.items():
        os.symlink(to, house.source / f"link-{name}")  # noqa: PTH211  (Path would tidy it)
    (house.source / "twice").hardlink_to(house.source / "f0" / "0.bin")
    (house.source / "run").write_text("#!/bin/sh\n")
    (house.source / "run").chmod(0o755)
    (house.source / "nothing").write_text("")
    os.mkfifo(house.source / "pipe")
    (house.source / "ünï\ncode ").write_text("odd")
    Path(os.fsdecode(os.fsencode(house.source) + b"/\xff\xfe")).write_text("no text")
    with (house.source / "holes").open("wb") as file:
        file.truncate(50_000_000)
    before = tree(house.source)
    ident = house.save()
    back = house.restored(ident)
    assert tree(back) == before
    assert (back / "twice").stat().st_ino == (back / "f0" / "0.bin").stat().st_ino
    assert (back / "holes").stat().st_blocks < 1000
    assert {p.stat().st_mode & 0o777 for p in house.disk.iterdir()} == {0o600}
    assert house.run("verify").status == 0
    assert house.run("verify", "--latest", "--drill").status == 0
    assert "restored in a drill" in house.run("list").out


def test_list_show_and_diff(house: House) -> None:
    house.fill()
    first = house.save("--at", "2026-11-24T09:00")
    (house.source / "f0" / "0.bin").write_text("changed")
    (house.source / "new").write_text("new")
    (house.source / "f1" / "1.bin").unlink()
    second = house.save("--at", "2026-11-25T09:00")
    assert [one["id"] for one in house.list()] == [second, first]
    assert all(one["good"] and one["at"] == "disk" for one in house.list())
    shown = house.run("show", first, "--files").out
    assert "f0/0.bin" in shown
    base = str(house.source).lstrip("/")
    assert house.run("diff", first, second).lines == [
        f"+ {base}/new",
        f"~ {base}/f0/0.bin",
        f"- {base}/f1/1.bin",
    ]
    assert house.run("diff", first, first).out == "They hold the same.\n"
    done = house.run("show", "data-20200101T000000Z-0000")
    assert done.status == 2
    assert f"there are {second}" in done.err


def test_some_of_it(house: House) -> None:
    house.fill()
    ident = house.save()
    base = str(house.source).lstrip("/")
    back = house.restored(ident, f"{base}/f1")
    assert [path.name for path in back.iterdir()] == ["f1"]
    done = house.run("restore", ident, "--to", house.lab.folder / "none", "nowhere")
    assert done.status == 2
    assert "has nothing below nowhere" in done.err
    done = house.run("restore", ident, "--to", house.lab.folder / "none", "0.bin")
    assert f"did you mean {base}/f0/0.bin?" in done.err


def test_what_is_there_is_not_overwritten(house: House) -> None:
    house.fill()
    ident = house.save()
    to = house.lab.folder / "out"
    to.mkdir()
    (to / "mine").write_text("precious")
    done = house.run("restore", ident, "--to", to)
    assert done.status == 1
    assert "is not empty; name an empty folder, or add --force" in done.err
    assert house.run("restore", ident, "--to", to, "--force").status == 0
    assert house.run("restore", ident, "--to", to, "--force").status == 0
    assert (to / "mine").read_text() == "precious"


def test_what_is_excluded(house: House) -> None:
    house.fill()
    for name in ("a.tmp", "keep.tmp", "cache/x", "deep/cache/y", "top"):
        path = house.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    house.configure(exclude=["*.tmp", "!keep.tmp", "cache/", "/top"])
    back = house.restored(house.save())
    assert (back / "keep.tmp").exists()
    for gone in ("a.tmp", "cache", "deep/cache", "top"):
        assert not (back / gone).exists(), gone


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"paths": ["data", "nowhere"]}, "nowhere: is not there; mount it, or correct paths:"),
        ({"min_files": 100}, "fewer than min_files (100)"),
        ({"min_bytes": 10_000_000}, "fewer than min_bytes (10000000)"),
    ],
)
def test_too_little_is_no_backup(house: House, options: dict[str, Any], said: str) -> None:
    house.fill()
    house.configure(**options)
    done = house.run("run")
    assert done.status == 1
    assert said in done.err
    assert list(house.disk.iterdir()) == []


def test_one_that_shrank(house: House) -> None:
    house.fill(20)
    house.configure(shrink="50%")
    house.save("--at", "2026-11-24T09:00")
    shutil.rmtree(house.source / "f0")
    house.save("--at", "2026-11-24T10:00")
    shutil.rmtree(house.source / "f1")
    (house.source / "f2" / "2.bin").unlink()
    for path in (house.source / "f2").iterdir():
        path.write_bytes(path.read_bytes()[:100])
    done = house.run("run", "--at", "2026-11-24T11:00")
    assert done.status == 1
    assert "the last backup had" in done.err
    assert len(house.list()) == 2


def test_a_file_that_changes_meanwhile_is_told_and_the_rest_is_saved(house: House) -> None:
    house.fill()
    busy, stop = house.source / "busy.log", threading.Event()
    busy.write_bytes(bytes(20_000_000))

    def write() -> None:
        with busy.open("ab", buffering=0) as file:
            while not stop.is_set():
                file.write(b"one more line\n" * 100)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        done = house.run("run")
    finally:
        stop.set()
        writer.join()
    assert done.status == 1
    assert "busy.log: changed while it was read" in done.err
    [one] = house.list()
    assert one["good"] is False
    assert house.run("verify").status == 0
    assert "f0/0.bin" in house.run("show", one["id"], "--files").out


def test_a_destination_that_is_down_does_not_stop_the_other(house: House) -> None:
    house.fill()
    house.configure(disks=("disk", "away"))
    done = house.run("run")
    assert done.status == 1
    assert "backup data to away: " in done.err
    assert "there is no such folder; mount it" in done.err
    assert [one["at"] for one in house.list()] == ["disk"]
    (house.lab.folder / "away").mkdir()
    assert house.run("run").status == 0
    assert sorted(one["at"] for one in house.list()) == ["away", "disk", "disk"]


def test_a_disk_that_is_not_mounted(house: House) -> None:
    house.fill()
    backup = {
        "sets": {"data": {"paths": ["data"], "to": ["disk"]}},
        "destinations": {"disk": {"kind": "local", "path": "disk", "marker": ".here"}},
    }
    house.lab.configure({"backup": backup})
    done = house.run("run")
    assert done.status == 1
    assert ".here must be on it" in done.err
    (house.disk / ".here").write_text("")
    assert house.run("run").status == 0


@pytest.mark.parametrize("compress", ["zstd", "gzip", "none"])
def test_one_wrong_byte_anywhere_is_found(house: House, compress: str) -> None:
    house.fill(4)
    house.configure(compress=compress)
    ident = house.save()
    for path in sorted(house.disk.glob(f"{ident}.*")):
        part, good = path.name, path.read_bytes()
        for at in {0, 1, len(good) // 2, len(good) - 1, *random.sample(range(len(good)), 3)}:
            bit = 1 << random.randrange(8)
            path.write_bytes(good[:at] + bytes([good[at] ^ bit]) + good[at + 1 :])
            done = house.run("verify", *(["--drill"] if at % 2 else []))
            assert done.status == 1, (part, at, bit)
            assert "damaged" in done.err, (part, at, bit, done.err)
        path.write_bytes(good[:-5])
        assert house.run("verify", "--drill").status == 1
        path.write_bytes(good)
    assert house.run("verify", "--drill").status == 0


def test_killed_at_any_instant_nothing_half_is_listed(house: House) -> None:
    house.fill(600)
    for _ in range(6):
        process = house.lab.start("backup", "run")
        poll(lambda p=process: any(house.disk.glob(".labtool-part-*")) or p.poll() is not None)
        process.kill()
        process.wait(10)
    for one in house.list():
        assert house.run("verify", one["id"]).status == 0
    ident = house.save()
    assert not list(house.disk.glob(".labtool-part-*"))
    assert tree(house.restored(ident)) == tree(house.source)


def test_prune(house: House) -> None:
    house.fill()
    for day in range(1, 11):
        house.save("--at", f"2026-11-{day:02}T09:00")
    ours, theirs = mark(socket.gethostname()), mark("elsewhere")
    (house.disk / f"data-20261101T000000Z-{ours}.tar.zst").write_bytes(b"left by a killed run")
    for name in ("somebody-elses.txt", f"data-20261101T000000Z-{theirs}.tar.zst",
                 f"data-wiki-20261101T000000Z-{ours}.tar.zst"):  # fmt: skip
        (house.disk / name).write_text("not ours to remove")
    config = json.loads(json.dumps({
        "sets": {"data": {"paths": ["data"], "to": ["disk"], "keep": {"last": 2, "weekly": 2}}},
        "destinations": {"disk": {"kind": "local", "path": "disk"}},
    }))  # fmt: skip
    house.lab.configure({"backup": config})
    planned = house.run("prune", "--dry-run", "--at", "2026-11-10T10:00").lines
    assert len(planned) == 8
    assert len(house.list()) == 10
    assert house.run("prune", "--at", "2026-11-10T10:00").status == 0
    left = [one["id"] for one in house.list()]
    assert [one[5:13] for one in left] == ["20261110", "20261109", "20261108"]
    names = {path.name for path in house.disk.iterdir()}
    assert names == {
        "somebody-elses.txt",
        f"data-20261101T000000Z-{theirs}.tar.zst",
        f"data-wiki-20261101T000000Z-{ours}.tar.zst",
        *(f"{one}{end}" for one in left for end in (".json", ".tar.zst", ".files.zst")),
    }
    assert house.run("verify").status == 0


def test_a_copy_that_is_too_old_is_noticed_by_everything_else(house: House) -> None:
    house.fill()
    assert "backup: data was never saved to disk" in house.lab.run("status").out
    house.save("--at", "2026-11-01T09:00")
    day = ("--at", "2026-11-08T09:00")
    assert house.lab.run("status", *day, "--json").json()["backups"] == []
    late = ("--at", "2026-11-12T10:30")
    said = "the newest copy of data at disk is 11d 1h old"
    assert house.lab.run("status", *late, "--json").json()["backups"] == [said]
    config = yaml.safe_load(house.lab.config_file.read_text())
    house.lab.configure({**config, "lab": {"admins": ["me@lab.example"]}})
    assert f"{said}; try labtool backup run" in house.lab.run("digest", *late).out
    assert house.lab.run("build-page", *late).status == 0
    page = (house.lab.folder / "site-private" / "system.html").read_text()
    assert "too old" in page
    assert said in (house.lab.folder / "site-private" / "index.html").read_text()
    house.save(*late)
    assert house.run("verify", "--latest", "--drill", *late).status == 0
    assert house.lab.run("build-page", *late).status == 0
    page = (house.lab.folder / "site-private" / "system.html").read_text()
    assert "too old" not in page
    assert "restored, " in page


def test_hooks(house: House) -> None:
    house.fill()
    note = "import sys; open('hooks', 'a').write(sys.argv[1] + '\\n')"
    python = shutil.which("python3") or "python3"
    hooks = {key: [[python, "-c", note, key]] for key in ("before", "after", "on_error")}
    house.configure(**hooks)
    assert house.run("run").status == 0
    house.configure(**hooks, min_files=1000)
    assert house.run("run").status == 1
    told = (house.lab.folder / "hooks").read_text().split()
    assert told == ["before", "after", "before", "on_error"]
    house.configure(before=[["false"]])
    done = house.run("run")
    assert done.status == 1
    assert "false: ended with status 1" in done.err


@pytest.mark.parametrize(
    ("backup", "said"),
    [
        ({"sets": {"a": {"paths": ["x"], "to": ["nope"]}}}, "names 'nope'"),
        ({"sets": {"a": {"paths": [], "to": ["d"]}}}, "backup.sets.a: names nothing"),
        ({"sets": {"a": {"paths": ["x"], "to": ["d"], "shrink": "much"}}}, "'much' is not a share"),
        ({"destinations": {"d": {"kind": "locl", "path": "x"}}}, "did you mean local?"),
        ({"sets": {"A b": {"paths": ["x"], "to": ["d"]}}}, "'A b' is not a name"),
    ],
)
def test_mistakes(lab: Lab, backup: dict[str, Any], said: str) -> None:
    there = {"d": {"kind": "local", "path": "disk"}}
    lab.configure({"backup": {"destinations": there, **backup}})
    done = lab.run("check")
    assert done.status == 2
    assert said in done.err


def test_without_a_section(lab: Lab) -> None:
    lab.configure({})
    done = lab.run("backup", "run")
    assert done.status == 2
    assert "names no sets" in done.err
