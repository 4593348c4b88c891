"""restic cut short, locked, away, and with names that it has in its own way."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.lab import Lab, poll
from tests.tasks.backup.house import House, tree
from tests.tasks.backup.test_restic import Repository


@pytest.fixture
def house(lab: Lab) -> Repository:
    house = Repository(lab)
    house.fill(9)
    return house


def instead(house: House, script: str) -> dict[str, str]:
    """An environment where a script is in restic's place; $RESTIC is the real one."""
    folder = house.lab.folder / "bin"
    folder.mkdir(exist_ok=True)
    program = folder / "restic"
    program.write_text(f"#!/bin/sh\nRESTIC={shutil.which('restic')}\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


KILLED = 'if [ "$1" = backup ]; then "$RESTIC" "$@"; kill -9 $PPID; else exec "$RESTIC" "$@"; fi'


ELSE = '; fi; exec "$RESTIC" "$@"'


@pytest.mark.parametrize("options", [{"min_files": 100}, {"paths": ["data", "/proc/self/mem"]}, {}])
def test_killed_between_the_snapshot_and_what_is_known_of_it(
    house: Repository, options: dict[str, object]
) -> None:
    good = house.save("--at", "2026-11-01T09:00")
    house.configure(**options)
    assert house.run("run", env=instead(house, KILLED)).status == -signal.SIGKILL
    assert len(house.restic("snapshots")) == 2
    shutil.rmtree(house.lab.state / "backup")
    assert {one["id"]: one["good"] for one in house.list()}[good] is True
    assert sorted(one["good"] for one in house.list()) == [False, True]
    # It is nobody's newest, and goes once there is a whole one.
    house.configure(keep={"last": 1})
    newest = house.save()
    assert house.run("prune").status == 0
    assert [one["id"] for one in house.list()] == [newest]


def test_restic_goes_on_when_its_parent_was_killed(house: Repository) -> None:
    waits = f"cd {house.lab.folder}; echo >begun; while [ ! -e go ]; do sleep 0.05; done"
    # Unless it says something to nobody before its snapshot is there, which ends it.
    saves = f'{waits}; exec "$RESTIC" "$@" >said'
    script = f'if [ "$1" = backup ]; then {saves}; fi; exec "$RESTIC" "$@"'
    process = house.lab.start("backup", "run", env=instead(house, script))
    poll(lambda: (house.lab.folder / "begun").exists())
    process.kill()
    process.wait(10)
    (house.lab.folder / "go").write_text("")
    poll(lambda: house.restic("snapshots"), timeout=20)
    assert [one["good"] for one in house.list()] == [False]


def test_a_lock_hides_no_reason(house: Repository) -> None:
    fails = 'if [ "$1" = forget ]; then echo "repository is already locked" >&2; exit 1; fi'
    house.configure(min_files=100)
    done = house.run("run", env=instead(house, f'{fails}\nexec "$RESTIC" "$@"'))
    assert done.status == 1
    assert "has 9 files, fewer than min_files (100)" in done.err
    assert [one["good"] for one in house.list()] == [False]


def test_nothing_hides_that_not_all_was_read(house: Repository) -> None:
    fails = 'if [ "$1" = tag ]; then echo "Fatal: dial tcp: connection refused" >&2; exit 1'
    house.configure(paths=["data", "/proc/self/mem"])
    done = house.run("run", env=instead(house, fails + ELSE))
    assert done.status == 1
    assert "not saved: /proc/" in done.err
    assert [one["good"] for one in house.list()] == [False]


def test_it_is_restics_status_that_says_whether_all_was_read(house: Repository) -> None:
    """What it complains of may be lost, and may be what went well in the end."""
    again = 'echo "Save(<data/1>) returned error, retrying after 1s" >&2'
    noisy = instead(house, f'if [ "$1" = backup ]; then {again}{ELSE}')
    assert house.run("run", env=noisy).status == 0
    assert [one["good"] for one in house.list()] == [True]
    silent = instead(house, 'if [ "$1" = backup ]; then exec "$RESTIC" "$@" 2>/dev/null' + ELSE)
    house.configure(paths=["data", "/proc/self/mem"])
    done = house.run("run", env=silent)
    assert done.status == 1
    assert "something could not be read" in done.err
    assert sorted(one["good"] for one in house.list()) == [False, True]


def test_another_restic_is_waited_for(house: Repository) -> None:
    """Twice it is locked, as while another machine saves to it."""
    locked = 'echo "repository is already locked" >&2; exit 1'
    fails = f'[ "$1" = tag ] && echo >>tries && [ $(wc -l <tries) -lt 3 ] && {{ {locked}; }}'
    env = instead(house, f'cd {house.lab.folder}; {fails}\nexec "$RESTIC" "$@"')
    assert house.run("run", env=env).status == 0
    assert [one["good"] for one in house.list()] == [True]


def test_names_that_are_no_text_are_drilled(house: Repository) -> None:
    odd = os.fsencode(house.source) + b"/\xff\xfe"
    Path(os.fsdecode(odd)).write_text("odd")
    ident = house.save()
    assert house.run("verify", "--drill").status == 0
    assert tree(house.restored(ident)) == tree(house.source)


ODD = (b"\xff\xfe", b"\xe2\x82a", b"\xed\xa0\x80", "\ufffd".encode(), b"\xff\xff")


@pytest.mark.parametrize("harm", ["-delete", "-exec truncate -s 1 {} ;"])
def test_a_name_that_is_no_text_is_missed_when_it_is_gone(house: Repository, harm: str) -> None:
    for name in ODD:
        Path(os.fsdecode(os.fsencode(house.source) + b"/" + name)).write_text("odd")
    ident = house.save()
    assert house.run("verify", "--drill").status == 0
    # Two of them look the same in restic's list.
    find = f"find $to -name \"$(printf '\\377\\376')\" {harm.replace(';', chr(92) + ';')}"
    target = 'for one in "$@"; do case $one in --target=*) to=${one#--target=};; esac; done'
    loses = f'if [ "$1" = restore ]; then "$RESTIC" "$@"; {target}; {find}; exit 0{ELSE}'
    done = house.run("verify", "--drill", env=instead(house, loses))
    assert done.status == 1
    assert f"{ident}: does not restore: " in done.err
    assert done.err.count("its size differs, or it is not there") == 1
