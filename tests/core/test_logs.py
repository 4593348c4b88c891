"""How long logs are kept: plain, compressed, gone; never one that is in use."""

import gzip
import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.core.logs import Tidied, compress, packed, read, tidy

DAY = 86400.0


def written(path: Path, days: float, content: bytes = b"printed\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o600)
    when = time.time() - days * DAY
    os.utime(path, (when, when))
    return path


def names(folder: Path) -> set[str]:
    return {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}


def test_what_is_old_is_compressed_and_what_is_very_old_goes(tmp_path: Path) -> None:
    for name, days in (("1", 31), ("2", 8), ("3", 6)):
        written(tmp_path / f"logs/runs/{name}.log", days)
    written(tmp_path / "logs/runs/0.log.gz", 31, gzip.compress(b"x"))
    written(tmp_path / "logs/bug-1.txt", 31)
    written(tmp_path / "logs/bug-2.txt", 8)
    written(tmp_path / "logs/jobs/7-1/stdout", 60)  # jobs have a `keep` of their own
    written(tmp_path / "elsewhere/8-1/stdout", 8)
    assert tidy(tmp_path, None, tmp_path / "elsewhere") == Tidied(compressed=4, removed=3)
    expected = {"logs/runs/2.log.gz", "logs/runs/3.log", "logs/bug-2.txt.gz",
                "logs/jobs/7-1/stdout.gz", "elsewhere/8-1/stdout.gz"}  # fmt: skip
    assert names(tmp_path) == expected
    assert tidy(tmp_path) == Tidied(0, 0)


def test_a_compressed_log_keeps_its_time_and_mode(tmp_path: Path) -> None:
    path = written(tmp_path / "a.log", 8)
    before = path.stat()
    assert compress(path)
    after = packed(path).stat()
    assert (after.st_mtime_ns, after.st_mode) == (before.st_mtime_ns, before.st_mode)
    assert read(path) == b"printed\n"


@pytest.mark.parametrize("how", ["<", ">>"])
def test_a_log_that_is_open_stays_as_it_is(tmp_path: Path, how: str) -> None:
    path = written(tmp_path / "logs/runs/1.log", 8)
    command = ["bash", "-c", f'exec 3{how}"$1"; echo; read', "-", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdout.readline()  # it has it open
        assert tidy(tmp_path) == Tidied(0, 0)
        other.communicate(b"\n")
    assert tidy(tmp_path) == Tidied(1, 0)


def test_no_short_run_takes_long(tmp_path: Path) -> None:
    for number in range(5):
        written(tmp_path / f"logs/runs/{number}.log", 8)
    assert tidy(tmp_path, 2) == Tidied(2, 0)
    assert tidy(tmp_path, 9) == Tidied(3, 0)


def test_one_that_was_killed_before_the_end_is_done_again(tmp_path: Path) -> None:
    path = written(tmp_path / "logs/runs/1.log", 8)
    packed(path).write_bytes(b"\x1f\x8b of a time before")
    assert read(path) == b"printed\n"
    assert tidy(tmp_path) == Tidied(1, 0)
    assert read(path) == b"printed\n"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    other = written(tmp_path / "other", 8)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/link").symlink_to(other)
    os.utime(tmp_path / "logs/link", (1, 1), follow_symlinks=False)
    assert tidy(tmp_path) == Tidied(0, 0)
    assert other.read_bytes() == b"printed\n"


@pytest.mark.parametrize("content", [b"", b"no gzip", gzip.compress(b"x" * 999)[:-9]],
                         ids=["empty", "other", "cut"])  # fmt: skip
def test_what_is_damaged_is_an_os_error(tmp_path: Path, content: bytes) -> None:
    packed(tmp_path / "a.log").write_bytes(content)
    if content:
        with pytest.raises(OSError, match=r"damaged|gzip"):
            read(tmp_path / "a.log")
    else:
        assert read(tmp_path / "a.log") == b""
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "b.log")


@given(st.binary(max_size=5000))
def test_what_was_written_is_what_is_read(tmp_path_factory: pytest.TempPathFactory,
                                          content: bytes) -> None:  # fmt: skip
    path = written(tmp_path_factory.mktemp("logs") / "a", 8, content)
    assert compress(path)
    assert not path.exists()
    assert read(path) == content
