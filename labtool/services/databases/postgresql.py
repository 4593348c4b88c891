"""PostgreSQL, by pg_dump, pg_restore and psql.

The dump is pg_dump's custom format, without its own compression
(www.postgresql.org/docs/current/app-pgdump.html). The password is in a file that PGPASSFILE
names (postgresql.org/docs/current/libpq-pgpass.html).
"""

import json
import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labtool.core.errors import AccessDenied, Failed, LabtoolError, Temporary
from labtool.core.masking import retold
from labtool.core.text import one_line
from labtool.services.databases import Fingerprint, Moment, Server
from labtool.services.piped import EndedError, Talk, fed, found, output, talk

_PACKAGE = "postgresql-client"
_MAINTENANCE = "postgres"
_OWN = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
# A row as text is the same on both sides of a dump only with the same settings.
_SETTINGS = (
    "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres';"
    " SET bytea_output = 'hex'; SET extra_float_digits = 1; SET search_path = '';"
)
# To be the same for the dump and for who looks beside it, for as long as that takes.
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
_LASTING = (
    "SELECT count(set_config(name, '0', false)) FROM pg_settings WHERE name IN"
    " ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout');"
)
_EXPORT = "SELECT to_json(pg_export_snapshot());"
_NOT_LET_IN = ("authentication failed", "no password supplied", "pg_hba.conf")


class PostgreSql:
    """A server, as an account sees it. Without a host, over the local socket. One that is `sole`
    needs no other to be confined: it is for drills alone."""

    renames = True
    _fix = "grant it to the account that user: names"

    def __init__(
        self,
        host: str = "",
        port: int = 0,
        user: str = "",
        passfile: Path | None = None,
        *,
        sole: bool = False,
    ) -> None:
        self._host, self._port, self._user, self._sole = host, port, user, sole
        self._passfile = passfile
        self._env = {"PGCONNECT_TIMEOUT": "20", "PGAPPNAME": "labtool", "PGCLIENTENCODING": "UTF8"}
        if passfile is not None:
            self._env["PGPASSFILE"] = str(passfile)
        given = {"--host": host, "--port": str(port or ""), "--username": user}
        self._account = [
            "--no-password",
            *(f"{name}={value}" for name, value in given.items() if value),
        ]

    def version(self) -> str:
        """As every server's."""
        [text] = self._ask("SELECT to_json(current_setting('server_version'))")
        return f"PostgreSQL {str(text).partition(' ')[0]}"

    @contextmanager
    def moment(self, database: str) -> Iterator[Moment]:
        """As every server's. Its tables stay as they are made until it ends, though not what is
        in them."""
        with talk(self._psql(database), "\\echo {}".format, env=self._env, silent=3600.0) as psql:
            [_, snapshot] = self.told(
                psql, f"{_SETTINGS}\n{_LASTING}\n{_BEGIN}\n{_EXPORT}", database
            )
            yield _Moment(self, database, str(snapshot), psql)

    def told(self, psql: Talk, sql: str, database: str) -> list[Any]:
        """What a session answers to statements that give a line of JSON for each row."""
        with self._explained(f"database {database}"):
            return [_value(line) for line in psql.ask(sql) if line]

    def dump(self, database: str, snapshot: str) -> Iterator[bytes]:
        """As a moment's."""
        program = found(("pg_dump",), _PACKAGE)
        options = ["--format=custom", "--compress=0", "--lock-wait-timeout=600000"]
        options += [f"--snapshot={snapshot}", f"--dbname={_plain(database)}"]
        with self._explained(f"dump of {database}"):
            yield from output([program, *self._account, *options], env=self._env)

    def scheduled(self, database: str) -> Iterator[bytes] | None:
        """As every server's: it has nothing of that kind."""
        return None

    def fingerprints(self, database: str) -> Mapping[str, Fingerprint]:
        """As every server's. Of a partitioned table, its parts."""
        return _fingerprints(lambda sql: self._ask(sql, database))

    def is_empty(self, database: str) -> bool | None:
        """As every server's."""
        query = f"SELECT count(*) FROM pg_catalog.pg_database WHERE datname = {_text(database)}"
        if not self._ask(query)[0]:
            return None
        [number] = self._ask(
            "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
            f" ON n.oid = c.relnamespace WHERE {_OWN}",
            database,
        )
        return not number

    def create(self, database: str) -> None:
        """As every server's; what the template has added locally is not in it."""
        self._ask(f"CREATE DATABASE {_name(database)} TEMPLATE template0")

    def drop(self, database: str) -> None:
        """As every server's; who is connected to it is put out."""
        if database in (_MAINTENANCE, "template0", "template1"):
            raise Failed("is the server's own", where=database, code="database")
        self._ask(f"DROP DATABASE IF EXISTS {_name(database)} WITH (FORCE)")

    def rename(self, database: str, to: str) -> None:
        """As every server's."""
        self._ask(f"ALTER DATABASE {_name(database)} RENAME TO {_name(to)}")

    def fill(self, database: str, chunks: Iterable[bytes], *, own: bool = False) -> None:
        """As every server's, in one transaction. Owners and rights are those of the dump where
        the account is a superuser; otherwise all is the account's."""
        program = found(("pg_restore",), _PACKAGE)
        options = ["--exit-on-error", "--single-transaction", f"--dbname={_plain(database)}"]
        if own:
            options += ["--no-comments"]  # there are some on what is the server's own
        if own or not self._is_superuser():
            options += ["--no-owner", "--no-privileges"]
        with self._explained(f"database {database}"):
            fed([program, *self._account, *options], chunks, env=self._env)

    @contextmanager
    def confined(self, database: str) -> Iterator[Server]:
        """As every server's. Who is no superuser is confined as it is: nothing is another
        database's in PostgreSQL. The account is called as the database, and is its owner."""
        if self._sole or not self._is_superuser():
            yield self
            return
        word, role = secrets.token_urlsafe(24), _name(database)
        self.forget(database)
        try:
            self._ask(
                f"CREATE ROLE {role} LOGIN NOSUPERUSER BYPASSRLS PASSWORD {_text(word)};"
                f"ALTER DATABASE {role} OWNER TO {role}"
            )
            with tempfile.NamedTemporaryFile(prefix="labtool-") as file:
                file.write(f"*:*:*:*:{word}\n".encode())
                file.flush()
                other = _Confined(self._host, self._port, database, Path(file.name))
                yield other if other.comes_in() else self
        finally:
            self.drop(database)
            self.forget(database)

    def forget(self, database: str) -> None:
        """As every server's."""
        with suppress(AccessDenied):  # who may remove none has made none
            self._ask(f"DROP ROLE IF EXISTS {_name(database)}")

    def _is_superuser(self) -> bool:
        query = "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user"
        return bool(self._ask(query)[0])

    def _psql(self, database: str) -> list[str]:
        options = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
        program = found(("psql",), _PACKAGE)
        return [program, *self._account, *options, f"--dbname={_plain(database)}"]

    def _ask(self, statement: str, database: str = _MAINTENANCE) -> list[Any]:
        """The answers to a statement that gives a line of JSON for each row."""
        command = self._psql(database)
        with self._explained(f"database {database}"):
            sql = f"{_SETTINGS}\n{statement};"
            answer = fed(command, [sql.encode()], env=self._env, silent=3600.0)
            return [_value(line) for line in answer.decode().split("\n") if line]

    @contextmanager
    def _explained(self, where: str) -> Iterator[None]:
        if self._passfile is not None:
            _check(self._passfile)
        try:
            yield
        except EndedError as error:
            raise _error(error, f"PostgreSQL, {where}", self._fix) from None
        except ValueError:
            raise Failed("its answer makes no sense", where=f"PostgreSQL, {where}") from None


class _Confined(PostgreSql):
    """A server as an account sees it that is made for one database."""

    _fix = "a drill sees its own database alone; for a dump that needs more, drill_user:"

    def comes_in(self) -> bool:
        """Whether the server takes it: it may know its users by other means than passwords."""
        try:
            self._ask("SELECT 1", self._user)
        except AccessDenied:
            return False
        return True


@dataclass(frozen=True, slots=True)
class _Moment:
    server: PostgreSql
    database: str
    snapshot: str
    psql: Talk
    exact: bool = True

    def dump(self) -> Iterator[bytes]:
        """As every moment's."""
        return self.server.dump(self.database, self.snapshot)

    def fingerprints(self) -> Mapping[str, Fingerprint]:
        """As every moment's: as the dump has them."""
        return _fingerprints(lambda sql: self.server.told(self.psql, f"{sql};", self.database))


def _fingerprints(ask: Callable[[str], list[Any]]) -> Mapping[str, Fingerprint]:
    tables = ask(
        "SELECT json_build_array(n.nspname, c.relname) FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r'"
        f" AND {_OWN} ORDER BY 1::text",
    )
    queries = [
        f"SELECT json_build_array({_text(f'{schema}.{table}')}, count(*),"
        " coalesce(sum(pg_catalog.hashtextextended(t::text, 0)::numeric), 0)::text)"
        f" FROM {_name(schema)}.{_name(table)} t"
        for schema, table in tables
    ]
    queries += [
        f"SELECT json_build_array('({kind})', count(*), '') FROM pg_catalog.{source}"
        f" JOIN pg_catalog.pg_namespace n ON n.oid = {key} WHERE {_OWN}{also}"
        for kind, source, key, also in (
            ("views", "pg_class x", "x.relnamespace", " AND x.relkind IN ('v', 'm')"),
            ("sequences", "pg_class x", "x.relnamespace", " AND x.relkind = 'S'"),
            ("indexes", "pg_class x", "x.relnamespace", " AND x.relkind = 'i'"),
            ("functions", "pg_proc x", "x.pronamespace", ""),
        )
    ]
    answers = ask("\n".join(f"{query};" for query in queries).removesuffix(";"))
    return {str(name): Fingerprint(int(rows), str(total)) for name, rows, total in answers}


def _check(passfile: Path) -> None:
    where = str(passfile)
    if not passfile.is_file():
        fix = "write one: HOST:PORT:DATABASE:USER:PASSWORD, for you alone (chmod 600)"
        raise Failed("there is no such file", where=where, fix=fix, code="no_file")
    if passfile.stat().st_mode & 0o077:
        fix = f"chmod 600 {where}: libpq reads no other"
        raise Failed("can be read by others", where=where, fix=fix, code="file_mode")


def _error(error: EndedError, where: str, fix: str) -> LabtoolError:
    lines = [line for line in error.said.splitlines() if line.strip()]
    telling = next((line for line in lines if "error:" in line.lower()), lines[-1] if lines else "")
    said = one_line(retold(telling.strip()), 300)
    low = error.said.lower()
    if any(why in low for why in _NOT_LET_IN):
        fix = "check user:, passfile: and the server's pg_hba.conf"
        return AccessDenied(f"refused: {said}", where=where, fix=fix, code="database_access")
    if "permission denied" in low or "must be superuser" in low or "must be owner" in low:
        return AccessDenied(f"refused: {said}", where=where, fix=fix, code="database_access")
    if "does not exist" in low and 'database "' in low:
        fix = "check the database's name"
        return Failed("there is no such database", where=where, fix=fix, code="no_database")
    if "connection to server" in low or "could not connect" in low or "terminating" in low:
        return Temporary(f"cannot be reached: {said}", where=where, code="database")
    if "server version mismatch" in low:
        fix = "install the client of the server's version or a newer one"
        return Failed(f"the client is too old: {said}", where=where, fix=fix, code="database")
    if 'role "' in low and "does not exist" in low:
        fix = "create that role first: createuser"
        return Failed(said, where=where, fix=fix, code="database")
    return Failed(said or error.what, where=where, fix="try it by hand", code="database")


def _value(line: str) -> Any:
    if line in ("t", "f"):
        return line == "t"
    return json.loads(line)


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _text(text: str) -> str:
    """A string of SQL that no setting reads in another way."""
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'"


def _plain(database: str) -> str:
    """A name that libpq does not take for a connection string."""
    if "=" in database or "://" in database:
        raise Failed("is no name of a database here", where=database, code="database")
    return database
