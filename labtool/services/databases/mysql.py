"""MariaDB and MySQL, by mysqldump and mysql under the names that are installed.

Options as mariadb.com/kb/en/mariadb-dump and dev.mysql.com/doc/refman/8.4/en/mysqldump.html
describe them. The account and its password are in an option file (`[client]`).
"""

import json
import os
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from labtool.core.errors import AccessDenied, Failed, LabtoolError, Temporary
from labtool.core.masking import retold
from labtool.core.text import one_line
from labtool.services.databases import Fingerprint, Moment, Server
from labtool.services.databases.definers import without_definers
from labtool.services.piped import EndedError, fed, found, output

_PACKAGE = "mariadb-client"
_ERROR = re.compile(r"(?:ERROR|error:|Error:?) *\(?(\d{4,5})\b")
_CHARSET = "--default-character-set=utf8mb4"
_SYSTEM = ("information_schema", "mysql", "performance_schema", "sys")
# What a dump needs in its database. Not EVENT: what it would run is none of a drill's.
_RIGHTS = (
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, LOCK TABLES, EXECUTE,"
    " CREATE TEMPORARY TABLES, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, TRIGGER"
)
# What the programs read without being told; dev.mysql.com/doc/refman/8.4/en/option-files.html
_BEFORE, _AFTER = ("/etc/my.cnf", "/etc/mysql/my.cnf", "$MYSQL_HOME/my.cnf"), ("~/.my.cnf",)


class MySql:
    """A server, as the account in `option_file` sees it; without one, the programs' own. One
    that is `sole` needs no other to be confined: it is for drills alone."""

    renames = False
    _fix = "check the option file's account, and what it is granted"

    def __init__(self, option_file: Path | None = None, *, sole: bool = False) -> None:
        self._file, self._sole = option_file, sole

    def version(self) -> str:
        """As every server's."""
        [text] = self._ask("SELECT JSON_QUOTE(VERSION())")
        number = str(text)
        engine = "MariaDB" if "MariaDB" in number else "MySQL"
        return f"{engine} {number.partition('-')[0]}"

    @contextmanager
    def moment(self, database: str) -> Iterator[Moment]:
        """As every server's. InnoDB tables are dumped as they were at one moment; nobody else can
        look at that moment."""
        yield _Moment(self, database)

    def dump(self, database: str) -> Iterator[bytes]:
        """As a moment's."""
        return self._dumped(database, "--routines", "--triggers", "--hex-blob")

    def scheduled(self, database: str) -> Iterator[bytes] | None:
        """As every server's: its events."""
        events = "information_schema.EVENTS WHERE EVENT_SCHEMA"
        [[number]] = self._ask(f"SELECT JSON_ARRAY(COUNT(*)) FROM {events} = {_text(database)}")
        if not number:
            return None
        return self._dumped(
            database, "--events", "--no-create-info", "--no-data", "--skip-triggers"
        )

    def _dumped(self, database: str, *what: str) -> Iterator[bytes]:
        program = found(("mariadb-dump", "mysqldump"), _PACKAGE)
        options = ["--single-transaction", "--quick", "--no-tablespaces", _CHARSET, *what]
        if b"MariaDB" not in _says(program, "--version"):
            options.append("--set-gtid-purged=OFF")
        with self._explained(f"dump of {database}"):
            yield from output([program, *self._account, *options, "--", database])

    def fingerprints(self, database: str) -> Mapping[str, Fingerprint]:
        """As every server's."""
        base = f"TABLE_SCHEMA = {_text(database)}"
        tables = self._ask(
            "SELECT JSON_ARRAY(TABLE_NAME, COLUMN_NAME, DATA_TYPE) FROM information_schema.COLUMNS"
            f" JOIN information_schema.TABLES USING (TABLE_SCHEMA, TABLE_NAME) WHERE {base}"
            " AND TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_NAME, ORDINAL_POSITION"
        )
        columns: dict[str, list[str]] = {}
        for table, column, kind in tables:
            columns.setdefault(str(table), []).append(_column(str(column), str(kind)))
        queries = [
            f"SELECT JSON_ARRAY({_text(table)}, COUNT(*), CAST(COALESCE(SUM(CRC32("
            f"CONCAT_WS('|', {', '.join(names)}))), 0) AS CHAR)) FROM {_name(table)}"
            for table, names in columns.items()
        ]
        queries += [
            f"SELECT JSON_ARRAY('({kind})', COUNT(*), '') FROM information_schema.{kind}"
            f" WHERE {key}_SCHEMA = {_text(database)}"
            for kind, key in (
                ("VIEWS", "TABLE"),
                ("ROUTINES", "ROUTINE"),
                ("TRIGGERS", "TRIGGER"),
                ("EVENTS", "EVENT"),
            )
        ]
        answers = self._ask(";\n".join(["SET time_zone = '+00:00'", *queries]), database)
        return {str(name): Fingerprint(int(rows), str(total)) for name, rows, total in answers}

    def is_empty(self, database: str) -> bool | None:
        """As every server's."""
        there = self._ask(
            "SELECT JSON_ARRAY(COUNT(*)) FROM information_schema.SCHEMATA"
            f" WHERE SCHEMA_NAME = {_text(database)}"
        )
        if not there[0][0]:
            return None
        key = _text(database)
        found_ = self._ask(
            "SELECT JSON_ARRAY((SELECT COUNT(*) FROM information_schema.TABLES WHERE"
            f" TABLE_SCHEMA = {key}) + (SELECT COUNT(*) FROM information_schema.ROUTINES WHERE"
            f" ROUTINE_SCHEMA = {key}))"
        )
        return not found_[0][0]

    def create(self, database: str) -> None:
        """As every server's."""
        self._ask(f"CREATE DATABASE {_name(database)} CHARACTER SET utf8mb4")

    def drop(self, database: str) -> None:
        """As every server's."""
        if database.lower() in _SYSTEM:
            raise Failed("is the server's own", where=database, code="database")
        self._ask(f"DROP DATABASE IF EXISTS {_name(database)}")

    def rename(self, database: str, to: str) -> None:
        """As every server's: not here."""
        raise NotImplementedError

    def fill(self, database: str, chunks: Iterable[bytes], *, own: bool = False) -> None:
        """As every server's. What the dump says is for the server alone: the program itself takes
        no commands from it, such as those for the shell, and reads no files for it."""
        program = found(("mariadb", "mysql"), _PACKAGE)
        options = ["--batch", "--binary-mode", "--local-infile=0", _CHARSET]
        if b"--sandbox" in _says(program, "--help"):
            options.append("--sandbox")
        with self._explained(f"database {database}"):
            command = [program, *self._account, *options, f"--database={database}"]
            fed(command, without_definers(chunks) if own else chunks)

    @contextmanager
    def confined(self, database: str) -> Iterator[Server]:
        """As every server's. The account is called as the database."""
        word = f"{secrets.token_urlsafe(24)}-aA1"
        if self._sole or not self._made(database, word):
            yield self
            return
        try:
            # The last of what is read counts, also after the user's own file.
            with tempfile.NamedTemporaryFile(prefix="labtool-", suffix=".cnf") as file:
                files = [*_BEFORE, *([os.fspath(self._file)] if self._file else []), *_AFTER]
                for one in map(os.path.expanduser, map(os.path.expandvars, files)):
                    if Path(one).is_file():
                        file.write(b"!include %b\n" % os.fsencode(one))
                file.write(f'[client]\nuser={database}\npassword="{word}"\n'.encode())
                file.flush()
                other = _Confined(Path(file.name), database)
                yield other if other.comes_in() else self
        finally:
            self.forget(database)

    def _made(self, database: str, word: str) -> bool:
        """Whether there is such an account now."""
        account, pattern = self._named(database), database.replace("_", "\\_")
        try:
            self._ask(
                f"DROP USER IF EXISTS {account};"
                f"CREATE USER {account} IDENTIFIED BY {_quoted(word)};"
                f"GRANT {_RIGHTS} ON {_name(pattern)}.* TO {account}"
            )
        except AccessDenied:
            self.forget(database)
            return False
        return True

    def forget(self, database: str) -> None:
        """As every server's."""
        with suppress(AccessDenied):  # who may remove none has made none
            self._ask(f"DROP USER IF EXISTS {self._named(database)}")

    def _named(self, account: str) -> str:
        """An account with the place that this one comes from."""
        [this] = self._ask("SELECT JSON_QUOTE(USER())")
        return f"{_name(account)}@{_name(str(this).rpartition('@')[2])}"

    def _ask(self, statement: str, database: str = "") -> list[Any]:
        """The answers to a statement that gives a line of JSON for each row."""
        program = found(("mariadb", "mysql"), _PACKAGE)
        command = [program, *self._account, "--batch", "--raw", "--skip-column-names", _CHARSET]
        if database:
            command.append(f"--database={database}")
        with self._explained(f"database {database}" if database else "the server"):
            answer = fed(command, [statement.encode()], silent=3600.0)
            return [json.loads(line) for line in answer.splitlines()]

    @property
    def _account(self) -> list[str]:
        # It must be the first option.
        return [f"--defaults-extra-file={self._file}"] if self._file else []

    @contextmanager
    def _explained(self, where: str) -> Iterator[None]:
        if self._file is not None and not self._file.is_file():
            fix = "write one with [client], user= and password=, for you alone (chmod 600)"
            raise Failed("there is no such file", where=str(self._file), fix=fix, code="no_file")
        try:
            yield
        except EndedError as error:
            raise _error(error, f"MySQL, {where}", self._fix) from None
        except ValueError:
            raise Failed("its answer makes no sense", where=f"MySQL, {where}") from None


class _Confined(MySql):
    """A server as an account sees it that is made for one database."""

    _fix = "a drill sees its own database alone; for a dump that needs more, drill_option_file:"

    def __init__(self, options: Path, user: str) -> None:
        super().__init__(options)
        self._user = user

    def comes_in(self) -> bool:
        """Whether the server takes it."""
        try:
            self._ask("SELECT JSON_QUOTE(CURRENT_USER())")
        except AccessDenied:
            return False
        return True

    @property
    def _account(self) -> list[str]:
        # Nothing else is read.
        return [f"--defaults-file={self._file}", f"--user={self._user}"]


@dataclass(frozen=True, slots=True)
class _Moment:
    server: MySql
    database: str
    exact: bool = False

    def dump(self) -> Iterator[bytes]:
        """As every moment's."""
        return self.server.dump(self.database)

    def fingerprints(self) -> Mapping[str, Fingerprint]:
        """As every moment's: as they are when it is asked."""
        return self.server.fingerprints(self.database)


@cache
def _says(program: str, option: str) -> bytes:
    return b"".join(output([program, option]))


def _error(error: EndedError, where: str, fix: str) -> LabtoolError:
    number = _ERROR.search(error.said)
    code = int(number[1]) if number else 0
    said = one_line(retold(error.said.strip().rpartition("\n")[2]), 300)
    if code in (1044, 1045, 1142, 1143, 1227, 1370, 1410, 1419, 1698):
        right = "database_right" if code in (1227, 1419) else "database_access"
        return AccessDenied(f"refused: {said}", where=where, fix=fix, code=right)
    if code in (2002, 2003, 2006, 2013, 1040, 1205, 1213):
        return Temporary(f"cannot be reached: {said}", where=where, code="database")
    if code == 1049:
        fix = "check the database's name"
        return Failed("there is no such database", where=where, fix=fix, code="no_database")
    if code == 1356:
        fix = "look at that view; the account that it belongs to may have no rights there"
        return Failed(said, where=where, fix=fix, code="database")
    return Failed(said or error.what, where=where, fix="try it by hand", code="database")


def _name(text: str) -> str:
    return "`" + text.replace("`", "``") + "`"


def _quoted(word: str) -> str:
    """One that is of letters, digits, - and _, for where SQL takes nothing but such."""
    return f"'{word}'"


def _text(text: str) -> str:
    """A string of SQL, whatever the server's mode says of backslashes."""
    return f"CONVERT(0x{text.encode().hex()} USING utf8mb4)" if text else "''"


def _column(name: str, kind: str) -> str:
    """A column as text that is the same for the same value, and never null."""
    value = _name(name)
    if kind in ("geometry", "point", "linestring", "polygon") or kind.startswith(("multi", "geom")):
        value = f"ST_AsWKB({value})"
    elif kind in ("bit", "vector"):
        value = f"HEX({value})"
    return f"COALESCE(CONCAT('+', {value}), '-')"
