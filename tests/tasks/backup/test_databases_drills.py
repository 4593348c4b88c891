"""What a drill may touch, what it leaves when it is killed, and what it can compare."""

import re
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from labtool.services.databases import Fingerprint
from labtool.services.databases.definers import without_definers
from labtool.tasks.backup.databases import differences
from labtool.tasks.backup.manifest import CHANGED, Dump
from tests.lab import Lab, poll
from tests.servers.databases import PASSWORD, MariaDb, PostgreSql
from tests.tasks.backup.forge import AT, Piece, forge, piece, rewrite
from tests.tasks.backup.house import House
from tests.tasks.backup.test_databases import mariadb, mysql, postgresql
from tests.tasks.backup.test_databases_faults import forged

__all__ = ["mariadb", "postgresql"]


@pytest.fixture
def house(lab: Lab) -> House:
    return House(lab)


# Without an account of its own, each of these would be done with the set's, which is root's.
EVIL = [
    "DROP TABLE precious.p;",
    "INSERT INTO precious.p VALUES (2);",
    "CREATE TABLE m (id INT) ENGINE=MERGE UNION=(precious.p) INSERT_METHOD=LAST;",
    "CREATE DEFINER=`root`@`localhost` PROCEDURE d() DROP TABLE precious.p;\nCALL d();",
    "create definer = root@localhost procedure d() drop table precious.p;\ncall d();",
    "/*!50001 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER g BEFORE INSERT"
    " ON t FOR EACH ROW DELETE FROM precious.p */;\nINSERT INTO t VALUES (1);",
    "CREATE DEFINER=`root`@`localhost` SQL SECURITY DEFINER VIEW w AS SELECT id FROM precious.p;\n"
    "DELETE FROM w;",
    "CREATE EVENT e ON SCHEDULE EVERY 1 SECOND DO DELETE FROM precious.p;",
    "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t;",
    "SELECT 1 INTO OUTFILE 'OUT';",
    "CREATE USER other@localhost;",
]


def test_a_drill_touches_no_other_database(house: House, mariadb: MariaDb, tmp_path: Path) -> None:
    mariadb.sql("CREATE DATABASE precious; CREATE TABLE precious.p (id INT) ENGINE=MyISAM;"
                "INSERT INTO precious.p VALUES (1)")  # fmt: skip
    house.configure(paths=[], mysql=mysql(mariadb))
    out = mariadb.folder / "out"
    for evil in EVIL:
        sql = f"CREATE TABLE t (id INT);\n{evil}\n".replace("OUT", str(out)).encode()
        ident = forged(house, mariadb, sql, {"t": [0, "0"]})
        assert house.run("verify", ident, "--drill").status == 1, evil
        assert mariadb.sql("SELECT id FROM precious.p").split() == ["1"], evil
    assert not out.exists()
    assert "labtool_" not in mariadb.sql("SHOW DATABASES; SELECT user FROM mysql.user")
    assert "other" not in mariadb.sql("SELECT user FROM mysql.user")
    assert not list((house.lab.state / "backup" / "aside").iterdir())
    mariadb.sql("DROP DATABASE precious")


def test_definers_of_every_kind_are_drilled(house: House, mariadb: MariaDb) -> None:
    mariadb.sql("""
        CREATE DATABASE owned; USE owned; CREATE ROLE keeper; CREATE USER `o``d d`@`%`;
        GRANT SELECT ON owned.* TO `o``d d`@`%`;
        CREATE TABLE t (a TEXT);
        INSERT INTO t VALUES ('x\\nCREATE DEFINER=`root`@`localhost` PROCEDURE x()'), ('`a`');
        CREATE DEFINER=`o``d d`@`%` VIEW v AS SELECT a FROM t;
        CREATE VIEW v2 AS SELECT a FROM v;
        CREATE DEFINER=keeper PROCEDURE byrole() SELECT 2;
        CREATE DEFINER=gone@nowhere TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = NEW.a;
        SET sql_mode = 'ANSI_QUOTES'; CREATE PROCEDURE ansi() SELECT 1;
        SET sql_mode = 'ORACLE';
        DELIMITER //
        CREATE PACKAGE pk AS PROCEDURE p1; END //
        CREATE PACKAGE BODY pk AS PROCEDURE p1 AS BEGIN SELECT 1; END; END //
        DELIMITER ;
    """)
    house.configure(paths=[], mysql=mysql(mariadb, database="owned"))
    ident = house.save()
    done = house.run("verify", "--latest", "--drill")
    assert done.status == 0, done
    where = "FROM information_schema.{0}s WHERE {0}_schema = 'owned' ORDER BY 1"
    query = (
        f"SELECT routine_name, definer {where.format('routine')};"
        f"SELECT trigger_name, definer {where.format('trigger')};"
        "SELECT definer FROM information_schema.views WHERE table_schema = 'owned'"
    )
    before = mariadb.sql(query)
    # Who owns the view has no rights in databases of other names: what is beside it is one.
    done = house.run("restore", ident, "--database", "owned", "--force")
    assert done.status == 0, done
    assert mariadb.sql(query) == before
    done = house.run("restore", ident, "--database", "owned2")
    assert done.status == 1
    assert "the account that it belongs to may have no rights there" in done.err
    mariadb.sql("DROP DATABASE owned; DROP ROLE keeper; DROP USER `o``d d`")


def test_an_account_for_drills_alone(house: House, mariadb: MariaDb) -> None:
    """For a dump that needs more than its database; the README has its rights."""
    mariadb.sql(
        "CREATE DATABASE beyond; CREATE TABLE beyond.b (a INT); CREATE DATABASE seeing;"
        "CREATE TABLE seeing.t (a INT); CREATE VIEW seeing.v AS SELECT a FROM beyond.b;"
        f"CREATE USER drill@localhost IDENTIFIED BY '{PASSWORD}';"
        r"GRANT ALL ON `labtool\_drill\_%`.* TO drill@localhost;"
        r"REVOKE EVENT ON `labtool\_drill\_%`.* FROM drill@localhost;"
        "GRANT SELECT ON beyond.* TO drill@localhost"
    )
    house.configure(paths=[], mysql=mysql(mariadb, database="seeing"))
    house.save()
    done = house.run("verify", "--latest", "--drill")
    assert done.status == 1
    assert "a drill sees its own database alone; for a dump that needs more" in done.err
    assert "drill_option_file:" in done.err
    assert "DAMAGED" not in house.run("list").out
    own = house.lab.folder / "drill.cnf"
    own.write_text(mariadb.option_file.read_text().replace("user=root", "user=drill"))
    named = mysql(mariadb, database="seeing", drill_option_file=str(own))
    house.configure(paths=[], mysql=named)
    assert house.run("verify", "--latest", "--drill").status == 0
    # One that may make no accounts is as good where it is that of restores.
    house.configure(
        paths=[], mysql=named | {"drill_option_file": "", "restore_option_file": str(own)}
    )
    assert house.run("verify", "--latest", "--drill").status == 0
    mariadb.sql("DROP DATABASE beyond; DROP DATABASE seeing; DROP USER drill@localhost")


def test_what_a_killed_drill_has_left_goes_with_the_next_run(
    house: House, mariadb: MariaDb
) -> None:
    house.configure(paths=[], mysql=mysql(mariadb))
    ident = forged(house, mariadb, b"CREATE TABLE secret (id INT);\nDO SLEEP(30);\n", {})
    for command in ("run", "verify"):
        drill = house.lab.start("backup", "verify", ident, "--drill")
        poll(lambda: "secret" in mariadb.sql("SELECT table_name FROM information_schema.tables"))
        drill.send_signal(signal.SIGKILL)
        drill.wait()
        left = "SHOW DATABASES LIKE 'labtool%'; SELECT user FROM mysql.user WHERE user LIKE 'labt%'"
        assert "labtool_drill_" in mariadb.sql(left)
        house.run(command)
        assert mariadb.sql(left) == ""
        assert not list((house.lab.state / "backup").glob("labtool-drill"))


def test_a_postgresql_dump_has_no_rights_but_in_its_database(
    house: House, postgresql: PostgreSql
) -> None:
    out = postgresql.folder / "run" / "out"
    house.configure(paths=[], postgresql=postgresql.config("members"))
    good = _dumped(house, postgresql)
    evil = f"COPY (SELECT 1) TO PROGRAM 'touch {out}'"
    ident = _forged(house, _replaced(good, evil))
    done = house.run("verify", ident, "--drill")
    assert not out.exists()
    assert done.status == 1
    assert "a drill sees its own database alone" in done.err
    left = "SELECT datname FROM pg_database UNION SELECT rolname FROM pg_roles"
    assert "labtool_" not in postgresql.sql(left)


def test_a_postgresql_dump_that_does_not_load_replaces_nothing(
    house: House, postgresql: PostgreSql
) -> None:
    house.configure(paths=[], postgresql=postgresql.config("members"))
    postgresql.sql("CREATE DATABASE live")
    postgresql.sql("CREATE TABLE t AS SELECT 7 AS a", "live")
    good = _dumped(house, postgresql)
    ident = _forged(house, _replaced(good, "SELECT nothing FROM nowhere"))
    done = house.run("restore", ident, "--database", "live", "--force")
    assert done.status == 1
    assert "the database live is as it was; its dump does not load: " in done.err
    assert postgresql.sql("SELECT a FROM t", "live").strip() == "7"
    assert house.run("restore", _forged(house, good), "--database", "live", "--force").status == 0
    assert postgresql.sql("SELECT count(*) FROM changing", "live").strip() == "1"
    assert "labtool_" not in postgresql.sql("SELECT datname FROM pg_database")
    postgresql.sql("DROP DATABASE live")


def test_a_postgresql_in_use_is_compared_as_it_was_dumped(
    house: House, postgresql: PostgreSql
) -> None:
    postgresql.sql("CREATE DATABASE used")
    postgresql.sql("CREATE TABLE t (a int)", "used")
    house.configure(paths=[], postgresql=postgresql.config("used"))
    with _writing(postgresql):
        ident = house.save()
    [dump] = house.run("show", ident, "--json").json()["dumps"]
    assert dump["tables"]["public.t"][0] > 0
    assert CHANGED not in str(dump)
    assert house.run("verify", "--latest", "--drill").status == 0
    postgresql.sql("DROP DATABASE used")


def test_events_that_do_not_load_cost_nothing_else(house: House, mariadb: MariaDb) -> None:
    house.configure(paths=[], mysql=mysql(mariadb))
    mariadb.sql("CREATE DATABASE live; CREATE TABLE live.t (a INT); INSERT INTO live.t VALUES (7)")
    path = "databases/mysql/members.events.sql"
    pieces = [_piece(path.replace(".events", ""), b"CREATE TABLE n (id INT);\n"),
              _piece(path, b"CREATE EVENT nonsense;\n")]  # fmt: skip
    ident = forge(house.disk, socket.gethostname(), pieces)
    said = {"path": path.replace(".events", ""), "kind": "mysql", "database": "members",
            "engine": "MariaDB", "tables": {"n": [0, "0"]}, "scheduled": path}  # fmt: skip
    rewrite(house.disk / f"{ident}.json", dumps=[said])
    done = house.run("restore", ident, "--database", "live", "--force")
    assert done.status == 1
    assert "all is there but its events, which do not load: " in done.err
    assert mariadb.sql("SHOW TABLES FROM live").strip() == "n"
    mariadb.sql("DROP DATABASE live")


@pytest.mark.parametrize(
    ("before", "after", "found", "said"),
    [
        (5000, 6000, 5500, []),
        (5000, 5000, 5080, []),  # some came and went
        (5000, 4000, 0, ["table t has no rows"]),
        (5, 6, 0, ["table t has no rows"]),
        (0, 9, 0, []),
        (5000, 6000, 2000, ["table t has 2000 rows, not 5000 to 6000"]),
        (6000, 5000, 9000, ["table t has 9000 rows, not 5000 to 6000"]),
    ],
)
def test_rows_of_a_table_that_changed_are_compared_roughly(
    before: int, after: int, found: int, said: list[str]
) -> None:
    dump = Dump("p", "mysql", "d", "e", {"t": (before, CHANGED)}, "", {"t": after})
    assert differences(dump, {"t": Fingerprint(found, "7")}) == said


def test_definers_go_wherever_a_dump_is_cut() -> None:
    long = b"INSERT INTO `t` VALUES ('" + b"CREATE DEFINER=`a`@`b` x" * 400 + b"');\n"
    dump = (
        b"CREATE DEFINER=`r``x`@`%` PROCEDURE `p`()\nSELECT 'CREATE DEFINER=`a`@`b` ';\n" + long +
        b"/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`h`*/ /*!50003 TRIGGER t */\n"
        b'/*!50013 DEFINER="r"@"h" SQL SECURITY DEFINER */\n' + long + b"-- end"
    )  # fmt: skip
    wanted = (
        b"CREATE PROCEDURE `p`()\nSELECT 'CREATE DEFINER=`a`@`b` ';\n" + long +
        b"/*!50003 CREATE*/ /*!50017*/ /*!50003 TRIGGER t */\n"
        b"/*!50013 SQL SECURITY DEFINER */\n" + long + b"-- end"
    )  # fmt: skip
    for size in (1, 7, 100, 4095, 4097, 10_000, 100_000):
        cut = (dump[at : at + size] for at in range(0, len(dump), size))
        assert b"".join(without_definers(cut)) == wanted


@contextmanager
def _writing(server: PostgreSql) -> Iterator[None]:
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            server.sql("INSERT INTO t SELECT generate_series(1, 10)", "used")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        poll(lambda: server.sql("SELECT count(*) FROM t", "used").strip() != "0")
        yield
    finally:
        stop.set()
        writer.join()


def _piece(path: str, content: bytes) -> Piece:
    found = piece(path, content=content)
    found[0].name = f"{path}.000000"
    found[1]["type"], found[1]["parts"] = "dump", 1
    return found


def _dumped(house: House, server: PostgreSql) -> bytes:
    """A dump with a statement that is long enough to be replaced."""
    server.sql("CREATE DATABASE small")
    columns = ", ".join(f"column_that_is_there_{number} int" for number in range(9))
    server.sql(f"CREATE TABLE changing ({columns}); INSERT INTO changing VALUES (1)", "small")
    house.configure(paths=[], postgresql=server.config("small"))
    dump = (house.out(house.save()) / "databases/postgresql/small.dump").read_bytes()
    server.sql("DROP DATABASE small")
    for path in house.disk.iterdir():
        path.unlink()
    return dump


def _replaced(dump: bytes, statement: str) -> bytes:
    found = re.search(rb"CREATE TABLE public.changing \([^)]*\);", dump)
    assert found
    return dump.replace(found[0], f"{statement};".encode().ljust(len(found[0])), 1)


def _forged(house: House, dump: bytes) -> str:
    path = "databases/postgresql/small.dump"
    at = AT + timedelta(seconds=len(list(house.disk.iterdir())))
    ident = forge(house.disk, socket.gethostname(), [_piece(path, dump)], at)
    said = {"path": path, "kind": "postgresql", "database": "small", "engine": "PostgreSQL",
            "tables": {}, "scheduled": ""}  # fmt: skip
    rewrite(house.disk / f"{ident}.json", dumps=[said])
    return ident
