"""Programs of the lab's: bounded, and ended with all that they started."""

import os
import resource
import signal
import sys
import time
from pathlib import Path

import pytest

from labtool.core.errors import Failed, Temporary
from labtool.services.program import run
from tests.lab import Lab, poll


def sh(text: str, folder: Path, seconds: float = 20, *, whole: bool = True) -> bytes:
    return run(["sh", "-c", text], folder, seconds, whole=whole)


def lives(pid: int) -> bool:
    try:
        return b") Z " not in Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False


def number(path: Path) -> int:
    return int(poll(lambda: path.exists() and path.read_text().strip()))


def test_what_it_prints(tmp_path: Path) -> None:
    assert sh("echo a; echo b >&2; sleep 0.1; echo c", tmp_path) == b"a\nc\n"
    large = sh("head -c 5000000 /dev/zero", tmp_path)
    assert len(large) == 5_000_000
    with pytest.raises(Failed, match="ended with status 3: no such thing"):
        sh("echo no such thing >&2; exit 3", tmp_path)
    with pytest.raises(Failed, match="cannot be started"):
        run(["no-such-program"], tmp_path, 5)


@pytest.mark.parametrize("text", ["yes", "yes >&2", "head -c 1000000000 /dev/zero"])
def test_one_that_prints_without_end_is_stopped(tmp_path: Path, text: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Failed, match="prints more than 20 MB"):
        sh(text, tmp_path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000  # kB


def test_a_pipe_that_a_daemon_holds_is_not_waited_for(tmp_path: Path) -> None:
    began = time.monotonic()
    printed = sh("setsid sleep 700 & echo $! > pid; echo '[1]'", tmp_path)
    assert (printed, time.monotonic() - began < 10) == (b"[1]\n", True)
    assert not lives(number(tmp_path / "pid"))


def test_a_hook_may_start_a_daemon(tmp_path: Path) -> None:
    sh("setsid sleep 700 & echo $! > pid; sleep 0.3", tmp_path, whole=False)
    pid = number(tmp_path / "pid")
    assert lives(pid)
    os.kill(pid, signal.SIGKILL)


def test_one_that_takes_too_long_ends_with_its_children(tmp_path: Path) -> None:
    with pytest.raises(Temporary, match=r"gave no answer in 0.5 s, and was ended"):
        sh("trap '' TERM; setsid sleep 700 & echo $! > pid; sleep 701", tmp_path, 0.5)
    assert not lives(number(tmp_path / "pid"))


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_ended_with_labtool(lab: Lab, end: signal.Signals) -> None:
    text = "setsid sleep 700 & echo $! > a.tmp; mv a.tmp a; echo $$ > b.tmp; mv b.tmp b; sleep 701"
    lab.configure({"cache": {"x": {"kind": "command", "run": ["sh", "-c", text]}}})
    process = lab.start("cache")
    pids = [number(lab.folder / name) for name in "ab"]
    process.send_signal(end)
    assert process.wait(20) == 130
    poll(lambda: not any(map(lives, pids)))


def test_the_environment_reaches_it(tmp_path: Path) -> None:
    found = run([sys.executable, "-c", "import os; print(os.environ['PATH'])"], tmp_path, 20)
    assert found.decode().strip() == os.environ["PATH"]
