"""The engine's database: a connection to it, and what goes wrong with it in our words."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

from labtool.core.errors import Failed, StateError, Temporary
from labtool.core.files import make_folder
from labtool.core.text import one_line
from labtool.services.engine.tables import METADATA, RUNS

_BUSY_SECONDS = 30


class Base:
    """A database of runs. `url` is "sqlite", which is a file in the state folder, or
    postgresql://USER@HOST/NAME; `show` is what people are to know of it."""

    def __init__(self, url: str, state: Path, password: str = "") -> None:
        self.is_file = url == "sqlite"
        self.path = state / "workflows.db"
        self._url, self._password = url, password
        self.show = str(self.path) if self.is_file else url.partition("?")[0]

    @property
    def url(self) -> str:
        """As the engine wants it."""
        if self.is_file:
            return f"sqlite:///{self.path.absolute()}"
        found = sa.make_url(self._url).set(drivername="postgresql+psycopg")
        if self._password:
            found = found.set(password=self._password)
        return found.render_as_string(hide_password=False)

    @property
    def exists(self) -> bool:
        """Whether there is something to read: what was never made has nothing. Raises as `read`."""
        if self.is_file and not self.path.exists():
            return False
        with self.explained():
            return sa.inspect(self.engine).has_table(RUNS.name)

    @cached_property
    def engine(self) -> sa.Engine:
        """Connections, made when they are needed."""
        if not self.is_file:
            return sa.create_engine(self.url, pool_size=10, pool_pre_ping=True,
                                    connect_args={"connect_timeout": 10})  # fmt: skip
        make_folder(self.path.parent)
        engine = sa.create_engine(self.url)

        @sa.event.listens_for(engine, "connect")
        def _connected(connection: Any, _: Any) -> None:
            # Writers one after another, each from its beginning on.
            connection.isolation_level = "IMMEDIATE"
            connection.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")

        return engine

    def prepare(self) -> None:
        """Make the tables that are not there: the engine's, and ours. Raises as `write`."""
        with self.explained():
            if self.is_file:
                with self.engine.connect() as connection:
                    connection.execute(sa.text("PRAGMA journal_mode = WAL"))
            with self.engine.begin() as connection:
                if self.is_file:
                    connection.execute(sa.text("BEGIN IMMEDIATE"))
                else:
                    # Two first workers at once.
                    connection.execute(sa.text("SELECT pg_advisory_xact_lock(7246011)"))
                METADATA.create_all(connection)

    def is_ready(self) -> bool:
        """Whether the engine has made its tables."""
        schema = None if self.is_file else "dbos"
        return sa.inspect(self.engine).has_table("workflow_status", schema=schema)

    def now(self, connection: sa.Connection) -> float:
        """The database's clock, which all workers share: Unix seconds."""
        if self.is_file:
            return time.time()
        clock = sa.text("SELECT extract(epoch FROM clock_timestamp())")
        return float(connection.execute(clock).scalar_one())

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction. Raises StateError for a file that cannot be used, Temporary for a
        server that is away, and Failed for one that refuses us."""
        with self.explained(), self.engine.begin() as connection:
            if self.is_file:
                # From its first question on; by itself it would begin at the first change.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """To ask it. Raises as `write`."""
        with self.explained(), self.engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Let go of its connections."""
        if "engine" in self.__dict__:
            self.engine.dispose()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """What it says as an error of ours."""
        try:
            yield
        except IntegrityError:
            raise
        except (UnicodeEncodeError, DataError):
            what = "cannot keep a text that is no UTF-8, or has a zero byte in it"
            fix = "look at what it was given"
            raise Failed(what, where=self.show, fix=fix, code="text") from None
        except SQLAlchemyError as error:
            said = error.orig if isinstance(error, DBAPIError) else error
            raise self._error(one_line(str(said), 200)) from error

    def _error(self, said: str) -> Exception:
        if self.is_file:
            if "full" in said:
                fix = "free some space"
                return StateError("the disk is full", where=self.show, fix=fix, code="disk_full")
            if "locked" in said:
                what = f"was busy for {_BUSY_SECONDS} s"
                return Temporary(what, where=self.show, fix="look for what uses it", code="busy")
            if "not a database" in said or "malformed" in said:
                fix = "move it away, with its -wal and -shm: runs that are open begin no more"
                return StateError(f"is damaged ({said})", where=self.show, fix=fix, code="damaged")
            fix = "check its owner, its mode and its disk"
            what = f"cannot be used ({said})"
            return StateError(what, where=self.show, fix=fix, code="state")
        if any(word in said for word in ("authentication", "permission denied", "does not exist")):
            fix = "check engine.url: account, password and database"
            return Failed(f"refuses us ({said})", where=self.show, fix=fix, code="engine")
        return Temporary(f"cannot be reached ({said})", where=self.show, code="engine")
