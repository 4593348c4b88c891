"""What goes wrong with disks, files and processes while something is saved or brought back."""

import hashlib
import os
import random
import subprocess
import time
from pathlib import Path

import pytest

from tests.lab import Lab, Result, command, poll
from tests.tasks.backup.house import House, tree
from tests.tools import require


@pytest.fixture
def house(lab: Lab) -> House:
    house = House(lab)
    house.fill(9)
    return house


def mounted(house: House, options: str, script: str, *arguments: str, then: str = ":") -> Result:
    """`labtool backup` where `script` has mounted something small first, and what is `then`
    found there; $1 is the options."""
    require("unshare")
    line = f'{script}; shift; "$@"; status=$?; {then}; exit $status'
    program = ["unshare", "-rm", "sh", "-c", line, "sh", options]
    return house.lab.run("backup", *arguments, program=[*program, *command()])


SMALL = 'mount -t tmpfs -o "$1" tmpfs "{0}"'


def test_a_destination_that_is_full(house: House) -> None:
    (house.source / "large").write_bytes(random.randbytes(3_000_000))
    house.configure(disks=("disk", "other"))
    (house.lab.folder / "other").mkdir()
    done = mounted(house, "size=1m", SMALL.format("disk") + "; df disk >&2", "run")
    assert done.status == 1
    assert "the disk is full; free some space" in done.err
    # The other has it whole.
    assert [one["at"] for one in house.list()] == ["other"]
    done = house.run("verify")
    assert (done.status, done.out) == (1, "backup: 1 verified\n")
    assert "data has no backup at disk; labtool backup run data" in done.err


def test_a_state_that_is_full(house: House) -> None:
    (house.lab.state / "backup").mkdir(parents=True)
    script = SMALL.format("state/backup")
    house.fill(400)
    done = mounted(house, "size=4k", script, "run")
    assert done.status == 1
    assert "the disk is full" in done.err
    assert "bug" not in done.err


def test_a_destination_that_is_read_only(house: House) -> None:
    script = 'mount --bind disk disk && mount -o "$1" disk'
    done = mounted(house, "remount,bind,ro", script, "run")
    assert done.status == 1
    assert "cannot be written to" in done.err
    assert list(house.disk.iterdir()) == []


def test_a_folder_that_is_full_when_it_is_restored(house: House) -> None:
    (house.source / "large").write_bytes(random.randbytes(3_000_000))
    ident = house.save()
    (house.lab.folder / "out").mkdir()
    script = SMALL.format("out")
    done = mounted(house, "size=1m", script, "restore", ident, "--to", "out", "--force")
    assert done.status == 1
    assert "the disk is full" in done.err


def test_two_at_once(house: House) -> None:
    house.fill(400)
    runs = [house.lab.start("backup", "run") for _ in range(3)]
    ends = [(run.wait(60), run.stderr.read() if run.stderr else "") for run in runs]
    assert {status for status, _ in ends} == {0}
    assert sum("already" in said or "running" in said for _, said in ends) >= 1
    for one in house.list():
        assert house.run("verify", one["id"]).status == 0


def test_files_and_folders_that_cannot_be_read(house: House) -> None:
    require("unshare")
    (house.source / "secret").write_text("x")
    (house.source / "secret").chmod(0)
    (house.source / "closed").mkdir()
    (house.source / "closed" / "x").write_text("x")
    (house.source / "closed").chmod(0)
    # As root, who reads everything, in a namespace without its rights.
    nobody = ["unshare", "--user", "--map-user=54321", *command()]
    done = house.lab.run("backup", "run", program=nobody)
    assert done.status == 1
    [one] = house.list()
    assert not one["good"]
    problems = house.run("show", one["id"], "--json").json()["problems"]
    assert [text.rpartition("/")[2] for text in problems] == [
        "secret: Permission denied",
        "closed: Permission denied",
    ]
    assert house.run("verify").status == 0
    assert (house.restored(one["id"]) / "f0" / "0.bin").exists()


def test_what_becomes_of_files_while_they_are_saved(house: House) -> None:
    """Files that come, go, grow and shrink all the time: the archive is whole anyway."""
    churn = subprocess.Popen(
        ["sh", "-c", "while :; do for n in 1 2 3 4 5 6 7 8 9; do"
         " head -c $((n * 7000)) /dev/zero >churn$n; mv churn$n moved$n; :>moved$n; rm -f moved$n;"
         " done; done"],
        cwd=house.source,
    )  # fmt: skip
    try:
        for _ in range(4):
            house.run("run")
    finally:
        churn.kill()
        churn.wait(10)
    for one in house.list():
        assert house.run("verify", one["id"]).status == 0


def test_odd_names_and_kinds_in_depth(house: House) -> None:
    deep = house.source
    for number in range(40):
        deep = deep / f"a-rather-long-folder-name-{number:03}"
    deep.mkdir(parents=True)
    (deep / "file").write_text("deep")
    for name in (b"new\nline", b"\xff\xfe", b"-rf", b"*", b"tab\t", "🧬".encode(), b"a" * 255):
        Path(os.fsdecode(os.fsencode(house.source) + b"/" + name)).write_bytes(name)
    (house.source / "suid").write_text("x")
    (house.source / "suid").chmod(0o4755)
    (house.source / "old").write_text("x")
    os.utime(house.source / "old", (-5, -5))
    os.utime(house.source / "f0" / "0.bin", (2**33, 2**33))
    ident = house.save()
    assert tree(house.restored(ident)) == tree(house.source)
    # Others' tar sees the same.
    archive = next(house.disk.glob("*.tar.zst"))
    require("zstd")
    listed = subprocess.run(
        f"zstd -dc {archive} | tar -t --quoting-style=literal -f - | wc -l",
        shell=True, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(listed.stdout) >= len(tree(house.source))


def test_a_kill_in_the_middle_of_a_restore(house: House) -> None:
    house.fill(600)
    ident = house.save()
    out = house.lab.folder / "out"
    for _ in range(4):
        process = house.lab.start("backup", "restore", ident, "--to", "out", "--force")
        poll(lambda p=process: list(out.rglob("*.bin")) or p.poll() is not None)
        process.kill()
        process.wait(10)
    base = out / str(house.source).lstrip("/")
    for path in base.rglob("*.bin"):
        # What is there is whole.
        mine = house.source / path.relative_to(base)
        assert hashlib.sha256(path.read_bytes()).digest() == (
            hashlib.sha256(mine.read_bytes()).digest()
        )
    assert house.run("restore", ident, "--to", "out", "--force").status == 0
    assert tree(base) == tree(house.source)


def test_a_drill_that_was_killed_leaves_nothing(house: House) -> None:
    house.fill(800)
    house.save()
    process = house.lab.start("backup", "verify", "--drill")
    drill = house.lab.state / "backup" / "labtool-drill"
    poll(lambda: drill.exists() or process.poll() is not None)
    process.kill()
    process.wait(10)
    assert house.run("verify", "--latest", "--drill").status == 0
    assert not drill.exists()


def test_a_drill_of_folders_that_nobody_may_enter(house: House) -> None:
    closed = house.source / "closed"
    closed.mkdir()
    (closed / "x").write_text("x")
    closed.chmod(0o500)
    house.save()
    assert house.run("verify", "--drill").status == 0
    assert not (house.lab.state / "backup" / "labtool-drill").exists()


def test_others_backups_are_nobody_s_to_prune(house: House) -> None:
    ident = house.save("--at", "2020-01-01")
    house.save()
    house.configure(section={"host": "elsewhere"})
    house.save("--at", "2020-01-02")
    done = house.run("prune")
    assert (done.status, done.out) == (0, "backup: 2 of other machines\n")
    assert ident in {one["id"] for one in house.list()}


def test_a_bar_on_a_terminal_and_nothing_in_a_pipe(house: House) -> None:
    require("script")
    house.fill(3000)
    house.save()
    line = " ".join(map(str, [*command(), "backup", "run"]))
    done = house.lab.run(program=["script", "-qec", f"stty cols 80; {line}", "/dev/null"])
    assert "━" in done.out
    assert "MB" in done.out
    assert all(len(one) < 1000 for one in done.lines)
    piped = house.run("run")
    assert (piped.out, piped.err) == ("backup: 1 saved\n", "")


def test_a_hanging_program_of_a_database_is_ended(house: House, tmp_path: Path) -> None:
    """A dump that fails in its middle is no backup, and leaves no half archive."""
    fake = house.lab.folder / "bin"
    fake.mkdir()
    for name, text in {
        "mariadb": "#!/bin/sh\ncat >/dev/null\necho '\"10.0-MariaDB\"'\n",
        "mariadb-dump": "#!/bin/sh\nhead -c 20000000 /dev/zero\necho broken >&2\nexit 3\n",
    }.items():
        (fake / name).write_text(text)
        (fake / name).chmod(0o755)
    house.configure(mysql={"database": "x"})
    started = time.monotonic()
    done = house.run("run", env={"PATH": f"{fake}:{os.environ['PATH']}"})
    assert done.status == 1
    assert time.monotonic() - started < 30
    assert list(house.disk.iterdir()) == []


def test_the_configuration_of_a_web_server(house: House) -> None:
    script = (
        'mount -t tmpfs -o "$1" tmpfs /usr/local/etc && mkdir -p /usr/local/etc/nginx/sites &&'
        " echo 'server {}' >/usr/local/etc/nginx/sites/a && ln -s a /usr/local/etc/nginx/sites/b"
    )
    if Path("/etc/nginx").exists():
        pytest.skip("nginx is installed here")
    house.configure(configuration=["nginx"])
    done = mounted(house, "size=1m", script, "run", "--json")
    assert done.status == 0, done
    out = house.out(done.json()["saved"][0])
    assert (out / "usr/local/etc/nginx/sites/a").read_text() == "server {}\n"
    assert str((out / "usr/local/etc/nginx/sites/b").readlink()) == "a"


def test_nobody_prunes(house: House) -> None:
    house.save("--at", "2026-11-01T09:00")
    house.save("--at", "2026-11-20T09:00")
    said = house.lab.run("status", "--at", "2026-11-21T09:00").out
    assert "old backups were not removed from disk for 19d" in said
    house.run("prune", "--at", "2026-11-20T09:00")
    assert "were not removed" not in house.lab.run("status", "--at", "2026-11-21T09:00").out
