"""The database: made once, by however many; refused when newer or damaged."""

import sqlite3
import stat
import sys
from multiprocessing.pool import ThreadPool
from pathlib import Path
from subprocess import run

import pytest

from labtool.core.database import VERSION, Database, Marks
from labtool.core.errors import AlreadyRunning, StateError
from labtool.core.files import write_atomic
from labtool.core.lock import held, hold


def test_ten_first_runs_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from labtool.core.database import Database, Marks;"
        "Marks(Database.open(Path(sys.argv[1])), 's').put(sys.argv[2], 'v', '')"
    )

    def start(number: int) -> int:
        command = [sys.executable, "-c", code, str(tmp_path), str(number)]
        return run(command, check=False, timeout=60).returncode

    with ThreadPool(10) as pool:
        assert pool.map(start, range(10)) == [0] * 10
    rows = Database.open(tmp_path).rows("SELECT name FROM marks")
    assert len(rows) == 10


def test_a_transaction_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    marks = Marks(database, "space")

    def fail_inside() -> None:
        with database.write():
            marks.put("a", "1", "")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_inside()
    assert marks.get("a") is None
    with database.write():
        marks.put("a", "1", "")
        marks.put("a", "2", "")
    assert marks.get("a") == "2"
    marks.remove("a")
    assert marks.get("a") is None


def files(folder: Path) -> dict[str, bytes]:
    """Every file with its content, but for SQLite's shared memory of open connections."""
    found = (p for p in folder.iterdir() if p.is_file() and not p.name.endswith("-shm"))
    return {p.name: p.read_bytes() for p in found}


def test_a_snapshot_sees_all_and_changes_nothing(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    Marks(database, "space").put("a", "1", "")
    for open_elsewhere in (True, False):
        if not open_elsewhere:
            database.close()
        before = files(tmp_path)
        snapshot = Database.snapshot(tmp_path)
        assert Marks(snapshot, "space").get("a") == "1"
        Marks(snapshot, "space").put("b", "2", "")
        snapshot.close()
        assert files(tmp_path) == before
    assert Marks(Database.open(tmp_path), "space").get("b") is None


def test_a_snapshot_of_nothing_makes_nothing(tmp_path: Path) -> None:
    assert Database.snapshot(tmp_path / "state").rows("SELECT * FROM runs") == []
    assert list(tmp_path.iterdir()) == []


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    Database.open(tmp_path).close()
    with sqlite3.connect(tmp_path / "labtool.db") as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    for use in (Database.open, Database.snapshot):
        with pytest.raises(StateError, match="written by a newer labtool"):
            use(tmp_path)


def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labtool.db").write_bytes(b"nonsense" * 1000)
    for use in (Database.open, Database.snapshot):
        with pytest.raises(StateError, match="is damaged"):
            use(tmp_path)


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    assert not held(tmp_path, "task")
    with hold(tmp_path, "task"):
        assert held(tmp_path, "task")
        with pytest.raises(AlreadyRunning, match="task is running already"), hold(tmp_path, "task"):
            pass
        with hold(tmp_path, "another"):
            pass
    assert not held(tmp_path, "task")


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "file"
    write_atomic(file, b"one", 0o600)
    write_atomic(file, b"two", 0o600)
    assert file.read_bytes() == b"two"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [p.name for p in file.parent.iterdir()] == ["file"]


def test_a_place_that_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="cannot be used"):
        write_atomic(tmp_path / "file" / "x", b"")
