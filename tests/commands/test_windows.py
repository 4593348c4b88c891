"""What runs beside an instrument runs on Windows: here, without what only POSIX has."""

import json
import sys
from pathlib import Path

import pytest

from tests.commands.serving import served
from tests.commands.test_instruments import Room
from tests.tasks.instruments.day import first_300

pytestmark = pytest.mark.xdist_group("instruments")

# In Python's own list of what Windows has not: docs.python.org/3/library, "Availability: Unix".
# Modules of the library that try one of them and do without were imported before.
PROGRAM = """
import sys, os, signal, types
import asyncio, http.client, importlib.metadata, multiprocessing, shutil, ssl, subprocess, tempfile
import concurrent.futures, pathlib, platform, sqlite3, tarfile, threading, zipfile, urllib.request

MODULES = {"fcntl", "grp", "pwd", "pty", "readline", "resource", "syslog", "termios", "tty",
           "crypt", "nis", "ossaudiodev"}

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name in MODULES:
            raise ImportError(f"{name} is not on Windows", name=name)

# Windows' own locks, as far as labtool uses them: a stand-in, as nothing here has them.
lockf, F_TLOCK, F_LOCK = os.lockf, os.F_TLOCK, os.F_LOCK
msvcrt = types.ModuleType("msvcrt")
msvcrt.LK_NBLCK, msvcrt.LK_LOCK = F_TLOCK, F_LOCK
msvcrt.locking = lockf
sys.modules["msvcrt"] = msvcrt

for name in MODULES:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Blocked())
for name in ("fork", "getuid", "geteuid", "getgid", "getegid", "killpg", "setsid", "chown",
             "mkfifo", "lockf", "getpgid", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK",
             "posix_fadvise", "statvfs", "sched_getaffinity", "getloadavg", "uname", "pread",
             "initgroups"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGHUP", "SIGKILL", "SIGUSR1", "SIGPIPE", "SIGALRM", "SIGCHLD", "alarm",
             "pthread_kill"):
    if hasattr(signal, name):
        delattr(signal, name)
from labtool.cli import main
main()
"""


def on_windows(room: Room) -> list[str]:
    """A program that is labtool there."""
    program = room.pc.folder / "windows.py"
    program.write_text(PROGRAM)
    return [sys.executable, str(program)]


def test_a_pass_and_a_replay(tmp_path: Path) -> None:
    room = Room(tmp_path)
    for message in first_300():
        room.log.say(message)
    replayed = room.pc.run(
        "attune-watch", "--log-dir", room.log.folder, "--json", program=on_windows(room)
    )
    assert replayed.status == 0, replayed.err
    assert [json.loads(line) for line in replayed.lines] == room.log.replay()
    late = room.pc.run("attune-watch", program=on_windows(room))
    assert late.status == 75, late.err
    with served(room.server):
        done = room.pc.run("attune-watch", program=on_windows(room))
        assert done.status == 0, done.err
        assert room.history() == room.log.replay()


def test_following(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.log.say("login")
    process = room.pc.start("attune-watch", "--follow", "--json", program=on_windows(room))
    assert process.stdout
    assert json.loads(process.stdout.readline())["event"] == "opened"
    room.pc.close()


def test_the_watch_imports_nothing_of_the_blocked(tmp_path: Path) -> None:
    """The test itself: what does need them fails there."""
    room = Room(tmp_path)
    done = room.pc.run("serve", program=on_windows(room), bug=True)
    assert done.status != 0
    assert "not on Windows" in done.err + "".join(
        path.read_text() for path in room.pc.folder.rglob("bug-*")
    )
