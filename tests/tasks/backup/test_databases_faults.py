"""Dumps that somebody forged, that do not load, that run by themselves, and tables in use."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from labtool.tasks.backup import manifest as m
from tests.lab import Lab, poll
from tests.servers.databases import MariaDb
from tests.tasks.backup.forge import forge, piece, rewrite
from tests.tasks.backup.house import House
from tests.tasks.backup.test_databases import mariadb, mysql, postgresql

__all__ = ["mariadb", "postgresql"]


@pytest.fixture
def house(lab: Lab) -> House:
    return House(lab)


def forged(house: House, server: MariaDb, sql: bytes, tables: dict[str, list[object]]) -> str:
    """A backup of the set's database by hand."""
    import socket

    path = "databases/mysql/members.sql"
    dump = piece(path, content=sql)
    dump[0].name = f"{path}.000000"
    dump[1]["type"], dump[1]["parts"] = "dump", 1
    ident = forge(house.disk, socket.gethostname(), [dump])
    said = {"path": path, "kind": "mysql", "database": "members", "engine": "MariaDB",
            "tables": tables, "scheduled": ""}  # fmt: skip
    rewrite(house.disk / f"{ident}.json", dumps=[said])
    return ident


def test_what_a_dump_says_is_for_the_server_alone(
    house: House, mariadb: MariaDb, tmp_path: Path
) -> None:
    house.configure(paths=[], mysql=mysql(mariadb))
    out = tmp_path / "ran"
    for command in (f"\\! touch {out}", f"system touch {out}", f"\\T {out}", f"source {out}"):
        sql = f"CREATE TABLE t (id INT);\n{command}\n".encode()
        ident = forged(house, mariadb, sql, {"t": [0, "0"]})
        for arguments in (["verify", ident, "--drill"], ["restore", ident, "--database", "forged"]):
            assert house.run(*arguments).status == 1
        assert not out.exists()
    assert "forged" not in mariadb.sql("SHOW DATABASES")


def test_a_dump_that_does_not_load_replaces_nothing(house: House, mariadb: MariaDb) -> None:
    house.configure(paths=[], mysql=mysql(mariadb))
    mariadb.sql("CREATE DATABASE live; CREATE TABLE live.t (a INT); INSERT INTO live.t VALUES (7)")
    sql = b"CREATE TABLE t (id INT);\nINSERT INTO nowhere VALUES (1);\n"
    ident = forged(house, mariadb, sql, {"t": [0, "0"]})
    done = house.run("restore", ident, "--database", "live", "--force")
    assert done.status == 1
    assert "the database live is as it was; its dump does not load: " in done.err
    assert mariadb.sql("SELECT a FROM live.t").strip() == "7"
    assert "labtool_" not in mariadb.sql("SHOW DATABASES")
    mariadb.sql("DROP DATABASE live")


def test_events_run_once_they_are_restored_and_not_before(house: House, mariadb: MariaDb) -> None:
    mariadb.sql(
        "CREATE DATABASE busy; CREATE TABLE busy.t (a INT); CREATE DATABASE seen;"
        "CREATE TABLE seen.log (name VARCHAR(100));"
        "CREATE EVENT busy.often ON SCHEDULE EVERY 1 SECOND"
        " DO INSERT INTO seen.log VALUES (DATABASE());"
        "SET GLOBAL event_scheduler = ON"
    )
    house.configure(paths=[], mysql=mysql(mariadb, database="busy"))
    ident = house.save()
    names = [one["path"] for one in house.run("show", ident, "--files", "--json").json()["listing"]]
    assert names == ["databases/mysql/busy.sql", "databases/mysql/busy.events.sql"]
    assert house.run("verify", "--latest", "--drill").status == 0
    assert house.run("restore", ident, "--database", "busy", "--force").status == 0
    assert house.run("restore", ident, "--database", "again").status == 0

    def seen() -> set[str]:
        return set(mariadb.sql("SELECT DISTINCT name FROM seen.log").split())

    poll(lambda: "again" in seen(), timeout=20)
    assert seen() == {"busy", "again"}
    mariadb.sql(
        "SET GLOBAL event_scheduler = OFF; DROP DATABASE busy; DROP DATABASE seen;"
        " DROP DATABASE again"
    )


def test_tables_that_are_in_use(house: House, mariadb: MariaDb) -> None:
    """What cannot be compared is said, and a dump without rows is found all the same."""
    mariadb.sql("CREATE DATABASE used; CREATE TABLE used.t (a INT); CREATE TABLE used.u (a INT);"
                "INSERT INTO used.u VALUES (1), (2)")  # fmt: skip
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            mariadb.sql("INSERT INTO used.t VALUES (1)")

    writer = threading.Thread(target=write)
    writer.start()
    poll(lambda: mariadb.sql("SELECT COUNT(*) FROM used.t").strip() != "0")
    house.configure(paths=[], mysql=mysql(mariadb, database="used"))
    try:
        ident = house.save()
    finally:
        stop.set()
        writer.join()
    assert house.run("verify", "--latest", "--drill").status == 0
    shown = house.run("show", ident, "--json").json()["dumps"][0]["tables"]
    assert shown["t"][1] == m.CHANGED
    assert shown["u"] == [2, shown["u"][1]]
    assert "1 of them were written to meanwhile" in house.run("show", ident).out
    empty = forged(house, mariadb, b"CREATE TABLE t (a INT);", {"t": [5, m.CHANGED]})
    done = house.run("verify", empty, "--drill")
    assert done.status == 1
    assert "table t has no rows" in done.err
    mariadb.sql("DROP DATABASE used")


def test_a_sqlite_that_somebody_always_writes_to(house: House) -> None:
    path = house.source / "busy.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE t (text TEXT)")
        database.executemany("INSERT INTO t VALUES (?)", [("x" * 1000,)] * 60_000)
        database.commit()
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(path, timeout=30)) as database:
            while not stop.wait(0.003):
                database.execute("INSERT INTO t VALUES ('y')")
                database.commit()

    writer = threading.Thread(target=write)
    writer.start()
    house.configure(paths=[], sqlite=["data/busy.db"])
    try:
        ident = house.save()
    finally:
        stop.set()
        writer.join()
    with closing(sqlite3.connect(house.restored(ident) / "busy.db")) as copy:
        assert copy.execute("SELECT count(*) FROM t WHERE text <> 'y'").fetchone() == (60_000,)
