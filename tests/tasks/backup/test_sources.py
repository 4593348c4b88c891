"""What is saved, and that nothing is taken for it that is not: empty folders, links, disks."""

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from labtool.tasks.backup.archive import Archive
from labtool.tasks.backup.sources.walk import Walk
from tests.lab import Lab, command
from tests.tasks.backup.house import House, tree
from tests.tasks.backup.test_faults import SMALL, mounted
from tests.tools import require


@pytest.fixture
def house(lab: Lab) -> House:
    return House(lab)


@pytest.mark.parametrize(
    ("folders", "options"),
    [(0, {}), (12, {"min_files": 10}), (3, {"exclude": ["*.bin"]}), (3, {"exclude": ["*"]})],
)
def test_folders_are_no_files(house: House, folders: int, options: dict[str, Any]) -> None:
    for number in range(folders):
        (house.source / f"{number}").mkdir()
        if "exclude" in options:
            (house.source / f"{number}" / "x.bin").write_text("x")
    house.configure(**options)
    done = house.run("run")
    assert done.status == 1
    assert "has 0 files, fewer than min_files" in done.err
    assert list(house.disk.iterdir()) == []


def test_one_of_several_that_is_not_mounted(house: House) -> None:
    house.fill()
    empty = house.lab.folder / "www"
    (empty / "also-empty").mkdir(parents=True)
    house.configure(paths=["data", "www"])
    done = house.run("run")
    assert done.status == 1
    assert f"{empty}: has no files; look whether its disk is mounted" in done.err
    [one] = house.list()
    assert one["good"] is False
    assert tree(house.restored(one["id"])) == tree(house.source)


def test_a_path_that_is_a_link_stands_for_what_it_leads_to(house: House) -> None:
    house.fill()
    (house.lab.folder / "link").symlink_to("data")
    house.configure(paths=["link"], exclude=["/f0/"])
    out = house.out(house.save())
    back = out / str(house.lab.folder / "link").lstrip("/")
    assert not back.is_symlink()
    assert {one.name for one in back.iterdir()} == {"f1", "f2"}
    assert house.run("verify", "--drill").status == 0
    (house.lab.folder / "link").unlink()
    (house.lab.folder / "link").symlink_to("nowhere")
    done = house.run("run")
    assert done.status == 1
    assert "link: is not there; mount it, or correct paths:" in done.err


def test_the_whole_machine(house: House) -> None:
    """`paths: [/]` is what somebody in a hurry writes."""
    house.configure(paths=["/"], exclude=["/*", "!/etc/", "/etc/*", "!/etc/passwd"])
    ident = house.save()
    assert house.run("verify", "--drill").status == 0
    assert (house.out(ident) / "etc" / "passwd").read_bytes() == Path("/etc/passwd").read_bytes()
    assert "etc/passwd" in house.run("show", ident, "--files").out


def test_another_disk_below_is_told(house: House) -> None:
    house.fill()
    (house.source / "m").mkdir()
    script = SMALL.format("data/m") + "; echo x >data/m/x"
    done = mounted(house, "size=1m", script, "run")
    where = house.source / "m"
    said = f"{where}: is another disk, and not saved; name it in paths:"
    assert (done.status, said in done.err) == (0, True)
    [one] = house.list()
    assert one["good"] is True
    assert f"left out: {said}" in house.run("show", one["id"]).out
    house.configure(paths=["data", "data/m"])
    done = mounted(house, "size=1m", script, "run", "--json")
    assert (done.status, done.err) == (0, "")
    assert (house.restored(done.json()["saved"][0]) / "m" / "x").read_text() == "x\n"


@pytest.mark.parametrize("how", ["inside", "through a link"])
def test_backups_are_not_saved_themselves(house: House, how: str) -> None:
    house.fill()
    (house.source / "bk").mkdir()
    (house.lab.folder / "way").symlink_to("data/bk")
    path = "data/bk" if how == "inside" else "way"
    there = {"disk": {"kind": "local", "path": path}}
    house.configure(section={"destinations": there})
    house.save()
    second = house.save()
    assert "bk" not in {one.name for one in house.restored(second).iterdir()}
    house.configure(paths=["data", path], section={"destinations": there})
    done = house.run("run")
    assert done.status == 1
    assert "is where backups are kept; name another folder in paths:" in done.err


def test_two_destinations_that_are_one_folder(lab: Lab) -> None:
    there = {name: {"kind": "local", "path": path} for name, path in (("a", "d"), ("b", "./d/"))}
    lab.configure({"backup": {"sets": {"s": {"paths": ["x"], "to": ["a"]}}, "destinations": there}})
    done = lab.run("check")
    assert done.status == 2
    assert "destinations a and b are the same folder" in done.err
    there = {"a": {"kind": "local", "path": "d"}}
    sets = {"s": {"paths": ["x"], "to": ["a", "a"]}}
    lab.configure({"backup": {"sets": sets, "destinations": there}})
    assert "sets.s.to names one twice" in lab.run("check").err


def test_a_file_that_is_rewritten_in_place_while_it_is_read(house: House) -> None:
    """Its size is the same all the time."""
    busy = house.source / "busy.img"
    busy.write_bytes(bytes(60_000_000))
    script = (
        "import sys\n"
        "with open(sys.argv[1], 'r+b', buffering=0) as file:\n"
        "    while True:\n"
        "        for at in (0, 59_000_000):\n"
        "            file.seek(at); file.write(b'x' * 1000)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", script, str(busy)])
    try:
        done = house.run("run")
    finally:
        writer.kill()
        writer.wait(10)
    assert done.status == 1
    assert "busy.img: changed while it was read" in done.err
    assert house.run("verify").status == 0


def test_a_folder_for_copies_that_is_not_there_stops_only_who_needs_it(house: House) -> None:
    house.fill()
    (house.lab.folder / "file").write_text("no folder")
    note = ["sh", "-c", "echo told >told"]
    house.configure(on_error=[note], section={"scratch": "file/x"})
    done = house.run("run")
    assert done.status == 1
    assert "scratch" in done.err
    assert (house.lab.folder / "told").read_text() == "told\n"


@pytest.mark.parametrize("hook", ["after", "on_error"])
def test_a_hook_that_fails_is_told(house: House, hook: str) -> None:
    house.fill()
    then = ["sh", "-c", "echo then >then"]
    more = {"min_files": 1000} if hook == "on_error" else {}
    house.configure(**{hook: [["false"], then]}, **more)
    done = house.run("run", "--json")
    assert done.status == 1
    assert f"backup data: {hook}: false: ended with status 1" in " ".join(done.json()["errors"])
    assert (house.lab.folder / "then").exists()
    # What is saved is saved.
    assert len(house.list()) == (0 if more else 1)


def test_names_of_files_with_many_names_are_let_go(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"{number}").write_text("x")
        (tmp_path / f"{number}-also").hardlink_to(tmp_path / f"{number}")
    archive = Archive(len, len)  # type: ignore[arg-type]  # what is written is of no interest
    archive.add_all(Walk([tmp_path], ()))
    assert archive.count == 101
    assert archive._linked == {}


def test_paths_that_are_longer_than_the_system_takes_in_one_piece(house: House) -> None:
    name = "n" * 200
    here = os.open(house.source, os.O_RDONLY)
    length = len(str(house.source))
    while length < 3800:
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here, length = below, length + 201
    handle = os.open("deep", os.O_WRONLY | os.O_CREAT, dir_fd=here)
    os.write(handle, b"deep")
    os.close(handle)
    os.close(here)
    ident = house.save()
    assert house.run("verify", "--drill").status == 0
    to = house.lab.folder / ("t" * 200)
    done = house.run("restore", ident, "--to", to)
    assert (done.status, done.err) == (0, "")
    found = subprocess.run(
        ["find", ".", "-name", "deep", "-type", "f"], cwd=to, capture_output=True, check=True
    )
    assert found.stdout.endswith(b"/deep\n")
    subprocess.run(["rm", "-rf", to, house.source], check=True)


@pytest.mark.parametrize("free", [5140, 5240, 5340])
def test_a_folder_that_is_nearly_full_when_it_is_restored(house: House, free: int) -> None:
    """Where the last piece of a file does not fit: no wrong file, and no success."""
    content = random.Random(1).randbytes(5_500_000)
    (house.source / "large").write_bytes(content)
    ident = house.save()
    (house.lab.folder / "out").mkdir()
    done = mounted(
        house, f"size={free}k", SMALL.format("out"), "restore", ident, "--to", "out/x",
        then="find out -name large",
    )  # fmt: skip
    assert done.status == 1
    assert "the disk is full" in done.err
    assert done.out == ""


@pytest.mark.parametrize("size", [1100, 1500, 2000, 2900])
def test_a_destination_that_is_nearly_full(house: House, size: int) -> None:
    (house.source / "large").write_bytes(random.Random(1).randbytes(3_000_000))
    done = mounted(house, f"size={size}k", SMALL.format("disk"), "run", then="ls -A disk")
    assert done.status == 1
    assert "the disk is full" in done.err
    # Nothing of a name that a backup's part could have; nothing at all.
    assert done.out == "backup: failed; see above\n"


def test_owners_that_cannot_be_given(house: House) -> None:
    """As in a container whose users are not all mapped: the content comes back."""
    require("unshare")
    house.fill()
    for path in house.source.rglob("*.bin"):
        os.chown(path, 4321, 4321)
    ident = house.save()
    program = ["unshare", "-r", *command()]
    done = house.lab.run("backup", "restore", ident, "--to", "out", program=program)
    assert (done.status, done.err) == (0, "")
    assert tree(house.lab.folder / "out" / str(house.source).lstrip("/")) == tree(house.source)


def test_a_path_that_is_not_in_it_and_a_folder_that_is_none(house: House) -> None:
    house.fill()
    ident = house.save()
    base = str(house.source).lstrip("/")
    done = house.run("restore", ident, f"{base}/f0", f"{base}/f9", "--to", "out")
    assert done.status == 1
    assert f"{base}/f9: is not in it" in done.err
    (house.lab.folder / "file").write_text("x")
    done = house.run("restore", ident, "--to", "file")
    assert done.status == 1
    assert "is no folder; name a folder that is empty, or not there yet" in done.err


def test_what_a_killed_drill_left_goes_with_the_next_run(house: House) -> None:
    house.fill()
    left = house.lab.state / "backup" / "labtool-drill" / "restored" / "secret"
    for arguments in (["run"], ["prune"], ["verify"]):
        left.parent.mkdir(parents=True)
        left.write_text("in the clear")
        assert house.run(*arguments).status == 0
        assert not left.parent.parent.exists()
