"""Copies that go, break, or come from another time or machine: told, and never the reason why a
good one goes.
"""

import shutil
from pathlib import Path

import pytest

from tests.lab import Lab
from tests.tasks.backup.forge import rewrite
from tests.tasks.backup.house import House, tree


@pytest.fixture
def house(lab: Lab) -> House:
    house = House(lab)
    house.fill(4)
    house.configure(keep={"last": 1})
    return house


def left(house: House) -> set[str]:
    return {path.name for path in house.disk.iterdir()}


def told(house: House, at: str = "2026-11-03T10:00") -> list[str]:
    found: list[str] = house.lab.run("status", "--at", at, "--json").json()["backups"]
    return found


def flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


@pytest.mark.parametrize("how", ["archive gone", "archive cut", "list gone", "flipped"])
def test_a_newest_that_is_not_whole_takes_no_place(house: House, how: str) -> None:
    old = house.save("--at", "2026-11-01T09:00")
    new = house.save("--at", "2026-11-02T09:00")
    archive = house.disk / f"{new}.tar.zst"
    if how == "archive gone":
        archive.unlink()
    elif how == "archive cut":
        archive.write_bytes(archive.read_bytes()[:-1])
    elif how == "list gone":
        (house.disk / f"{new}.files.zst").unlink()
    else:
        flip(archive)
        assert house.run("verify", "--at", "2026-11-02T10:00").status == 1
        assert "DAMAGED" in house.run("list", "--at", "2026-11-02T10:00").out
    if how != "flipped":
        assert "NOT WHOLE, 1 problem" in house.run("list").out
        assert "is not there as it was written" in house.run("show", new).out
    assert house.run("prune", "--at", "2026-11-02T10:00").status == 0
    assert f"{old}.tar.zst" in left(house)
    assert tree(house.restored(old)) == tree(house.source)
    # What is good is so much older than it seems, and that is told.
    house.configure(section={"max_age": "1d"}, keep={"last": 1})
    assert told(house) == ["the newest copy of data at disk is 2d old"]
    # With a newer one, it goes.
    newest = house.save("--at", "2026-11-03T09:00")
    assert house.run("prune", "--at", "2026-11-03T10:00").status == 0
    assert left(house) == {f"{newest}{end}" for end in (".json", ".tar.zst", ".files.zst")}


def test_a_bad_one_that_is_good_again(house: House) -> None:
    ident = house.save("--at", "2026-11-02T09:00")
    archive = house.disk / f"{ident}.tar.zst"
    good = archive.read_bytes()
    flip(archive)
    assert house.run("verify", "--at", "2026-11-02T10:00").status == 1
    assert told(house) == ["no copy of data at disk is whole"]
    archive.write_bytes(good)
    assert house.run("verify", "--at", "2026-11-02T11:00").status == 0
    assert told(house) == []


@pytest.mark.parametrize("command", [("verify",), ("verify", "--latest", "--drill"), ("prune",)])
def test_all_of_them_gone(house: House, command: tuple[str, ...]) -> None:
    house.save("--at", "2026-11-02T09:00")
    assert told(house) == []
    for path in house.disk.iterdir():
        path.unlink()
    done = house.run(*command, "--at", "2026-11-02T10:00")
    if command[0] == "verify":
        assert done.status == 1
        assert "data has no backup at disk; labtool backup run data" in done.err
    assert told(house) == ["no copy of data at disk is whole"]
    assert "no copy of data at disk is whole" in house.lab.run("status").out


def test_a_manifest_that_is_damaged_keeps_its_archive(house: House) -> None:
    ident = house.save("--at", "2026-11-01T09:00")
    flip(house.disk / f"{ident}.json")
    for known in (True, False):
        if not known:
            shutil.rmtree(house.lab.state / "backup" / "manifests")
        for command in (["verify"], ["verify", "--drill"]):
            done = house.run(*command, "--at", "2026-11-05T09:00")
            assert done.status == 1
            assert "damaged" in done.err
        house.run("prune", "--at", "2026-11-05T09:00")
        assert f"{ident}.tar.zst" in left(house)


def test_a_clock_that_was_wrong_once(house: House) -> None:
    wrong = house.save("--at", "2030-01-01T09:00")
    first = house.save("--at", "2026-11-26T09:00")
    assert told(house, "2026-11-26T10:00") == []
    second = house.save("--at", "2026-11-27T09:00")
    assert house.run("prune", "--at", "2026-11-27T10:00").status == 0
    assert {one["id"] for one in house.list()} == {wrong, second}
    assert first not in left(house)
    # What is to come does not hide that nothing comes.
    assert told(house, "2026-12-30T10:00")[0] == "the newest copy of data at disk is 33d old"


def test_only_one_and_its_clock_was_wrong(house: House) -> None:
    house.save("--at", "2030-01-01T09:00")
    said = "the newest copy of data at disk is of 2030-01-01: look at the clock"
    assert told(house, "2026-11-26T10:00") == [said]


def test_never_whole_and_pruned_all_the_same(house: House) -> None:
    """One of several paths is never mounted: the copies are of use, and do not fill the disk."""
    (house.lab.folder / "empty").mkdir()
    house.configure(paths=["data", "empty"], keep={"last": 2})
    for day in range(1, 6):
        done = house.run("run", "--at", f"2026-11-0{day}T09:00")
        assert done.status == 1
    assert told(house, "2026-11-05T10:00") == ["no copy of data at disk is whole"]
    assert house.run("prune", "--at", "2026-11-05T10:00").status == 0
    assert [one["id"][5:13] for one in house.list()] == ["20261105", "20261104"]


def machine(house: House, name: str, **more: object) -> None:
    house.configure(section={"host": name}, **more)


def test_two_machines_with_one_name_and_one_disk(house: House, tmp_path: Path) -> None:
    """Their timers fire in the same second, all the time."""
    (tmp_path / "beta").mkdir()
    other = House(Lab(tmp_path / "beta"))
    shutil.rmtree(other.disk)
    other.disk.symlink_to(house.disk)
    other.fill(300, seed=7)
    house.fill(300, seed=8)
    machine(house, "alpha", keep={"last": 1})
    machine(other, "beta", keep={"last": 1})
    for day in (1, 2, 3):
        at = ("--at", f"2026-11-0{day}T03:00")
        runs = [one.lab.start("backup", "run", *at) for one in (house, other)]
        assert [run.wait(60) for run in runs] == [0, 0]
    assert house.run("verify", "--drill").status == 0
    assert house.run("prune", "--at", "2026-11-03T04:00").status == 0
    days = sorted((one["host"], one["id"][5:13]) for one in other.list())
    assert days == [("alpha", "20261103"), *(("beta", f"2026110{day}") for day in (1, 2, 3))]
    # Each looks after its own, though the other's is newer.
    alone = house.run("verify", "--latest", "--json").json()["verified"]
    assert [one.split(" ")[0] for one in alone] == [
        one["id"] for one in house.list() if one["host"] == "alpha"
    ]


def test_another_machine_s_size_is_no_measure(house: House) -> None:
    machine(house, "alpha", shrink="50%")
    house.save("--at", "2026-11-01T09:00")
    for path in house.source.rglob("*.bin"):
        path.write_bytes(path.read_bytes()[:100])
    machine(house, "beta", shrink="50%")
    house.save("--at", "2026-11-01T10:00")
    machine(house, "alpha", shrink="50%")
    assert house.run("run", "--at", "2026-11-01T11:00").status == 1


def test_a_machine_that_is_called_otherwise_now(house: House) -> None:
    machine(house, "old", keep={"last": 1})
    for day in (1, 2, 3):
        house.save("--at", f"2026-11-0{day}T09:00")
    machine(house, "new", keep={"last": 1})
    done = house.run("prune", "--at", "2026-11-04T09:00")
    assert (done.status, done.out) == (0, "backup: 3 of other machines\n")
    machine(house, "old", keep={"last": 1})
    assert house.run("prune", "--at", "2026-11-04T09:00").out == "backup: 2 removed\n"


def test_a_forged_time_is_no_newest(house: House) -> None:
    ident = house.save("--at", "2026-11-01T09:00")
    rewrite(house.disk / f"{ident}.json", created="2030-01-01T00:00:00.000Z")
    assert house.run("verify").status == 1
    assert "is no backup's manifest, or damaged" in house.run("list").err
