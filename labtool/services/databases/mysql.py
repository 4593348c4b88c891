"""MariaDB and MySQL, by mysqldump and mysql under the names that are installed.

Options as mariadb.com/kb/en/mariadb-dump and dev.mysql.com/doc/refman/8.4/en/mysqldump.html
describe them. The account and its password are in an option file (`[client]`).
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from labtool.core.errors import AccessDenied, Failed, LabtoolError, Temporary
from labtool.core.masking import retold
from labtool.core.text import one_line
from labtool.services.databases import Fingerprint
from labtool.services.piped import EndedError, fed, found, output

_PACKAGE = "mariadb-client"
_ERROR = re.compile(r"(?:ERROR|error:|Error:?) *\(?(\d{4,5})\b")
_CHARSET = "--default-character-set=utf8mb4"
_SYSTEM = ("information_schema", "mysql", "performance_schema", "sys")


class MySql:
    """A server, as the account in `option_file` sees it; without one, the programs' own."""

    def __init__(self, option_file: Path | None = None) -> None:
        self._file = option_file

    def version(self) -> str:
        """As every server's."""
        [text] = self._ask("SELECT JSON_QUOTE(VERSION())")
        number = str(text)
        engine = "MariaDB" if "MariaDB" in number else "MySQL"
        return f"{engine} {number.partition('-')[0]}"

    def dump(self, database: str) -> Iterator[bytes]:
        """As every server's. InnoDB tables are as they were at one moment."""
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
        if not self._is_mariadb(program):
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

    def fill(self, database: str, chunks: Iterable[bytes]) -> None:
        """As every server's. What the dump says is for the server alone: with --binary-mode the
        program itself takes no commands from it, such as those for the shell."""
        program = found(("mariadb", "mysql"), _PACKAGE)
        options = ["--batch", "--binary-mode", _CHARSET, f"--database={database}"]
        with self._explained(f"database {database}"):
            fed([program, *self._account, *options], chunks)

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

    @cached_property
    def _names(self) -> dict[str, bool]:
        return {}

    def _is_mariadb(self, program: str) -> bool:
        if program not in self._names:
            said = b"".join(output([program, "--version"]))
            self._names[program] = b"MariaDB" in said
        return self._names[program]

    @contextmanager
    def _explained(self, where: str) -> Iterator[None]:
        if self._file is not None and not self._file.is_file():
            fix = "write one with [client], user= and password=, for you alone (chmod 600)"
            raise Failed("there is no such file", where=str(self._file), fix=fix, code="no_file")
        try:
            yield
        except EndedError as error:
            raise _error(error, f"MySQL, {where}") from None
        except ValueError:
            raise Failed("its answer makes no sense", where=f"MySQL, {where}") from None


def _error(error: EndedError, where: str) -> LabtoolError:
    number = _ERROR.search(error.said)
    code = int(number[1]) if number else 0
    said = one_line(retold(error.said.strip().rpartition("\n")[2]), 300)
    if code in (1044, 1045, 1142, 1227, 1370, 1698):
        fix = "check the option file's account, and what it is granted"
        return AccessDenied(f"refused: {said}", where=where, fix=fix, code="database_access")
    if code in (2002, 2003, 2006, 2013, 1040, 1205, 1213):
        return Temporary(f"cannot be reached: {said}", where=where, code="database")
    if code == 1049:
        fix = "check the database's name"
        return Failed("there is no such database", where=where, fix=fix, code="no_database")
    return Failed(said or error.what, where=where, fix="try it by hand", code="database")


def _name(text: str) -> str:
    return "`" + text.replace("`", "``") + "`"


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
