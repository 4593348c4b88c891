"""restic cut short, locked, away, and with names and patterns that it has in its own way."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from labtool.tasks.backup.shelves.patterns import for_restic
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


def test_a_word_in_the_address_is_repeated_nowhere(house: Repository) -> None:
    house.configure(repository="rest:http://bob:hunter22%21secret@127.0.0.1:9/")
    for arguments in (["run"], ["list"], ["verify"], ["prune"], ["run", "--json"], ["run", "-v"]):
        done = house.run(*arguments)
        assert done.status == 75, done
        assert "cannot be reached" in done.err + done.out
        assert "hunter22" not in done.err + done.out
    for path in house.lab.state.rglob("*"):
        if path.is_file():
            assert b"hunter22" not in path.read_bytes(), path


PATTERNS = (
    "*.tmp", "/top", "top", "cache/", "a/b", "/a/b", "a/", "**/b", "a/**", "a/**/c", "*", "/*",
    "[!ac]*", "c?", "# no pattern", "", "x*/", "a/*/c", "\\*star",
)  # fmt: skip
FILES = (
    "top", "x/top", "a.tmp", "x/b.tmp", "cache/f", "x/cache/f", "y/cache", "a/b/c", "x/a/b/c",
    "a/f", "cc", "ca", "*star", "xx/f", "a/q/c",
)  # fmt: skip


def test_patterns_leave_out_the_same_with_restic(house: Repository) -> None:
    """Below each of two paths, one of which is called as a pattern is."""
    tops = [house.lab.folder / "cache", house.lab.folder / "se[t]"]
    for top in tops:
        for name in FILES:
            path = top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x")
    for pattern in PATTERNS:
        excluded = [f"--exclude={one}" for top in tops for one in for_restic(pattern, str(top))]
        said = house.restic("backup", "--dry-run", "-vv", *excluded, *map(str, tops))
        spec = GitIgnoreSpec.from_lines([pattern])
        for top in tops:
            kept = {name for name in FILES if f'"{top}/{name}"' in said}
            assert kept == {name for name in FILES if not spec.match_file(name)}, pattern


@given(st.text(max_size=30), st.text(min_size=1, max_size=20))
def test_any_text_is_a_pattern_below_its_path(pattern: str, name: str) -> None:
    for found in for_restic(pattern, f"/{name}"):
        assert found.startswith("/")


@pytest.mark.parametrize("pattern", ["!keep", "[[:alpha:]]*"])
def test_what_restic_cannot_leave_out_is_told(house: Repository, pattern: str) -> None:
    house.configure(exclude=["*.tmp", pattern])
    done = house.lab.run("check")
    assert done.status == 2
    assert "is nothing that restic can do; leave it out, or use engine: tar" in done.err
