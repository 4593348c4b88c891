"""Databases of real servers: dumped, restored, rehearsed, and what may go wrong with them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Lab
from tests.servers.databases import PASSWORD, MariaDb, PostgreSql
from tests.tasks.backup.house import House
from tests.tools import require

HERE = Path(__file__).parent
TEXT = "Zoë 🧬 'quoted' \"twice\" \\n ; -- DROP\n\ttab %s"


@pytest.fixture(scope="module")
def mariadb() -> Iterator[MariaDb]:
    require("mariadbd")
    server = MariaDb()
    quoted = TEXT.replace("\\", "\\\\").replace("'", "\\'")
    text = (HERE / "kinds_mysql.sql").read_text()
    try:
        server.start().sql(text.replace("TEXT_HERE", f"'{quoted}'"))
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSql]:
    require("pg_ctlcluster")
    server = PostgreSql()
    quoted = TEXT.replace("\\", "\\\\").replace("'", "''")
    text = (HERE / "kinds_postgresql.sql").read_text()
    try:
        server.start().sql("CREATE DATABASE members")
        server.sql(text.replace("TEXT_HERE", f"E'{quoted}'"), "members")
        yield server
    finally:
        server.stop()


@pytest.fixture
def house(lab: Lab) -> House:
    return House(lab)


def mysql(server: MariaDb, **more: Any) -> dict[str, Any]:
    files = {
        "option_file": str(server.reader),
        "restore_option_file": str(server.option_file),
    }
    return {"database": "members", **files, **more}


def sums(server: MariaDb, database: str) -> str:
    names = server.sql("SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'", database).splitlines()
    quoted = ", ".join(f"`{line.split(chr(9))[0].replace('`', '``')}`" for line in names)
    said = server.sql(f"CHECKSUM TABLE {quoted} EXTENDED", database)
    return said.replace(f"{database}.", "")


def test_a_mariadb_comes_back(house: House, mariadb: MariaDb) -> None:
    house.configure(paths=[], mysql=mysql(mariadb))
    ident = house.save()
    assert house.run("verify", "--latest", "--drill").status == 0
    done = house.run("restore", ident, "--database", "again", "--json")
    assert done.status == 0, done
    assert sums(mariadb, "again") == sums(mariadb, "members")
    assert mariadb.sql("SELECT v FROM seen ORDER BY id LIMIT 1", "again") == mariadb.sql(
        "SELECT v FROM seen ORDER BY id LIMIT 1", "members"
    )
    assert mariadb.sql("SELECT func(1)", "again").strip() == "2"
    assert "drill" not in mariadb.sql("SHOW DATABASES")
    shown = house.run("show", ident, "--json").json()["dumps"][0]
    assert shown["engine"].startswith("MariaDB 1")
    assert shown["tables"]["kinds"][0] == 5
    assert shown["tables"]["(ROUTINES)"][0] == 2
    mariadb.sql("DROP DATABASE again")


def test_a_postgresql_comes_back(house: House, postgresql: PostgreSql) -> None:
    house.configure(paths=[], postgresql=postgresql.config("members"))
    ident = house.save()
    assert house.run("verify", "--latest", "--drill").status == 0
    done = house.run("restore", ident, "--database", "again")
    assert done.status == 0, done
    for table in ("kinds", '"Odd; Schema"."a""b"', "parts", "seen", "stored"):
        query = f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t"
        assert postgresql.sql(query, "again") == postgresql.sql(query, "members")
    assert postgresql.sql("SELECT nextval('counter')", "again").strip() == "42"
    assert "drill" not in postgresql.sql("SELECT datname FROM pg_database")
    postgresql.sql("DROP DATABASE again")


def test_files_and_databases_in_one_set(
    house: House, mariadb: MariaDb, postgresql: PostgreSql
) -> None:
    house.fill()
    house.configure(mysql=mysql(mariadb), postgresql=postgresql.config("members"))
    ident = house.save()
    out = house.out(ident)
    assert (out / "databases/mysql/members.sql").read_text().count("CREATE TABLE") == 5
    assert (out / "databases/postgresql/members.dump").read_bytes().startswith(b"PGDMP")
    done = house.run("restore", ident, "--database", "x")
    assert done.status == 2
    assert "databases/mysql/members.sql or databases/postgresql/members.dump" in done.err
    path = "databases/postgresql/members.dump"
    assert house.run("restore", ident, path, "--database", "again2").status == 0
    postgresql.sql("DROP DATABASE again2")
    # Others' tools read it as well.
    archive = next(house.disk.glob("*.tar.zst"))
    require("zstd")
    import subprocess

    listed = subprocess.run(
        f"zstd -dc {archive} | tar -xO --wildcards 'databases/mysql/members.sql.*' | tail -n 1",
        shell=True, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert listed.stdout.startswith("-- Dump completed")


def test_what_is_there_is_not_replaced(house: House, mariadb: MariaDb) -> None:
    house.configure(paths=[], mysql=mysql(mariadb))
    ident = house.save()
    mariadb.sql("CREATE DATABASE mine; CREATE TABLE mine.t (a INT); INSERT INTO mine.t VALUES (7);")
    done = house.run("restore", ident, "--database", "mine")
    assert done.status == 1
    assert "is not empty" in done.err
    assert mariadb.sql("SELECT a FROM mine.t").strip() == "7"
    # Not even with --force, where the archive is damaged.
    archive = next(house.disk.glob("*.tar.zst"))
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    good = archive.read_bytes()
    archive.write_bytes(content)
    done = house.run("restore", ident, "--database", "mine", "--force")
    assert done.status == 1
    assert "damaged" in done.err
    assert mariadb.sql("SELECT a FROM mine.t").strip() == "7"
    archive.write_bytes(good)
    assert house.run("restore", ident, "--database", "mine", "--force").status == 0
    assert sums(mariadb, "mine") == sums(mariadb, "members")
    assert house.run("restore", ident, "--database", "mysql", "--force").status == 1
    mariadb.sql("DROP DATABASE mine")


def test_a_drill_finds_what_the_dump_has_lost(house: House, mariadb: MariaDb) -> None:
    # MariaDB keeps the values of an ENUM in an encoding that has no emoji: its dump has "?".
    mariadb.sql(
        "CREATE DATABASE lossy CHARACTER SET utf8mb4; USE lossy;"
        "CREATE TABLE t (e ENUM('🧬')); INSERT INTO t VALUES ('🧬');"
    )
    house.configure(paths=[], mysql=mysql(mariadb, database="lossy"))
    house.save()
    done = house.run("verify", "--latest", "--drill")
    assert done.status == 1
    assert "mysql lossy: table t has other content" in done.err
    assert "drill" not in mariadb.sql("SHOW DATABASES")
    mariadb.sql("DROP DATABASE lossy")


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"database": "nope"}, 1, "there is no such database"),
        ({"option_file": "nope.cnf"}, 1, "there is no such file"),
        ({"option_file": "wrong.cnf"}, 1, "check the option file's account"),
        ({"option_file": "away.cnf"}, 75, "cannot be reached"),
        ({"database": "--all-databases"}, 1, "there is no such database"),
    ],
)
def test_mysql_that_cannot_be_read(
    house: House, mariadb: MariaDb, change: dict[str, str], status: int, said: str
) -> None:
    good = mariadb.reader.read_text()
    (house.lab.folder / "wrong.cnf").write_text(good.replace(PASSWORD, "wrong"))
    (house.lab.folder / "away.cnf").write_text(good.replace(str(mariadb.socket), "/nope"))
    house.configure(paths=[], mysql=mysql(mariadb, **change))
    done = house.run("run")
    assert (done.status, PASSWORD in done.err + done.out) == (status, False)
    assert said in done.err
    assert not list(house.disk.iterdir())


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"database": "nope"}, 1, "there is no such database"),
        ({"passfile": "nope"}, 1, "there is no such file"),
        ({"passfile": "wrong"}, 1, "check user:, passfile:"),
        ({"passfile": "open"}, 1, "chmod 600"),
        ({"host": "/nope"}, 75, "cannot be reached"),
        ({"database": "host=evil"}, 1, "is no name of a database here"),
    ],
)
def test_postgresql_that_cannot_be_read(
    house: House, postgresql: PostgreSql, change: dict[str, str], status: int, said: str
) -> None:
    for name, text, mode in (("wrong", "*:*:*:*:no", 0o600), ("open", "x", 0o644)):
        path = house.lab.folder / name
        path.write_text(text)
        path.chmod(mode)
    house.configure(paths=[], postgresql=postgresql.config("members") | change)
    done = house.run("run")
    assert (done.status, PASSWORD in done.err + done.out) == (status, False)
    assert said in done.err
    assert not list(house.disk.iterdir())


def test_sqlite_while_others_write(house: House) -> None:
    path = house.source / "sub" / "notes.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
        database.executemany("INSERT INTO notes (text) VALUES (?)", [(TEXT,)] * 1000)
        database.commit()
        # What nobody has committed is in no copy.
        database.execute("DELETE FROM notes")
        house.configure(sqlite=["data/sub/notes.db"])
        ident = house.save()
        database.rollback()
    back = house.restored(ident) / "sub" / "notes.db"
    assert [one.name for one in back.parent.iterdir()] == ["notes.db"]
    with closing(sqlite3.connect(back)) as copy:
        assert copy.execute("SELECT count(*), max(text) FROM notes").fetchone() == (1000, TEXT)
    assert house.run("verify", "--drill").status == 0
    assert not list((house.lab.state / "backup").glob("labtool-*"))


def test_sqlite_that_is_none(house: House) -> None:
    (house.source / "x.db").write_text("no database at all, though it is called one")
    house.configure(sqlite=["data/x.db"])
    done = house.run("run")
    assert done.status == 1
    assert "is no SQLite database" in done.err
    house.configure(sqlite=["data/y.db"])
    assert "is not there" in house.run("run").err
    assert not list(house.disk.iterdir())


def test_the_configuration_of_labtool_itself(house: House, tmp_path: Path) -> None:
    house.lab.secrets(WORD="of-a-secret")
    house.lab.run("status")
    house.configure(paths=[], configuration=["labtool"])
    ident = house.save()
    out = house.out(ident)
    base = out / str(house.lab.folder).lstrip("/")
    assert (base / "labtool.yaml").read_bytes() == house.lab.config_file.read_bytes()
    assert not (base / ".env").exists()
    with closing(sqlite3.connect(base / "state" / "labtool.db")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not (base / "state" / "logs").exists()


def test_configuration_of_programs_that_are_not_there(house: House) -> None:
    if Path("/etc/nginx").exists() or Path("/usr/local/etc/nginx").exists():
        pytest.skip("nginx is installed here")
    house.configure(configuration=["nginx"])
    done = house.run("run")
    assert done.status == 1
    assert "take nginx out of configuration:" in done.err
