"""Real database servers as throwaway processes on sockets: MariaDB and PostgreSQL, with a password,
so that what the option file or PGPASSFILE says is needed.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from tests.lab import poll
from tests.tools import which

PASSWORD = "passwörd of #1"


class _Server:
    """A process with its data in a folder of its own."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="labtool-db-", dir="/tmp"))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Make the data, start, and wait until it answers."""
        self.prepare()
        self.launch()
        return self

    def launch(self) -> None:
        """Start it on the data that there is."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        poll(self.answers, timeout=60, message="the database server does not answer")

    def halt(self) -> None:
        """End it, and keep its data."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def stop(self) -> None:
        """End it, with its data."""
        self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """What it printed."""
        return (self.folder / "log").read_text(errors="replace")

    def prepare(self) -> None: ...

    def command(self) -> Sequence[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError


class MariaDb(_Server):
    """MariaDB. `option_file` is that of root, `reader` of an account that may only read."""

    def prepare(self) -> None:
        data = self.folder / "data"
        _run([
            _there("mariadb-install-db"), "--no-defaults", f"--datadir={data}", "--skip-test-db",
            "--auth-root-authentication-method=normal", f"--user={_me()}",
        ])  # fmt: skip
        self.socket = self.folder / "s"
        self.bare = self._options("bare.cnf", "root", "")

    def command(self) -> Sequence[str]:
        return [
            _there("mariadbd"), "--no-defaults", f"--datadir={self.folder / 'data'}",
            f"--socket={self.socket}", "--skip-networking", f"--user={_me()}",
            "--character-set-server=utf8mb4",
            "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M",
            f"--pid-file={self.folder / 'pid'}", "--event-scheduler=OFF",
        ]  # fmt: skip

    def launch(self) -> None:
        super().launch()
        quoted = PASSWORD.replace("'", "''")
        if not (self.folder / "root.cnf").exists():
            rights = "SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES"
            self.sql(
                f"CREATE USER reader@localhost IDENTIFIED BY '{quoted}';"
                f"GRANT {rights} ON *.* TO reader@localhost;"
                f"ALTER USER root@localhost IDENTIFIED BY '{quoted}';",
                options=self.bare,
            )
        self.option_file = self._options("root.cnf", "root", PASSWORD)
        self.reader = self._options("reader.cnf", "reader", PASSWORD)

    def answers(self) -> bool:
        return (
            subprocess.run(
                ["mariadb-admin", f"--defaults-file={self.bare}", "ping"],  # refused is an answer
                capture_output=True,
                check=False,
            ).returncode
            == 0
        )

    def sql(self, text: str, database: str = "", *, options: Path | None = None) -> str:
        """What a script prints."""
        file = options or self.option_file
        command = ["mariadb", f"--defaults-file={file}", "-N", "--default-character-set=utf8mb4"]
        return _run([*command, *([database] if database else [])], text)

    def _options(self, name: str, user: str, password: str) -> Path:
        path = self.folder / name
        path.write_text(f'[client]\nuser={user}\npassword="{password}"\nsocket={self.socket}\n')
        path.chmod(0o600)
        return path


class PostgreSql(_Server):
    """PostgreSQL, with the superuser `lab` whose password is in `passfile`."""

    host: str
    port = 5432
    user = "lab"

    def prepare(self) -> None:
        self.folder.chmod(0o755)
        self.host = str(self.folder / "run")
        word = self.folder / "word"
        word.write_text(PASSWORD)
        for path in (self.folder, word):
            _give(path)
        _run([
            *_as_postgres(), _postgres("initdb"), "--username=lab", f"--pwfile={word}",
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
            f"--pgdata={self.folder / 'data'}",
        ])  # fmt: skip
        (self.folder / "run").mkdir()
        _give(self.folder / "run")
        self.passfile = self.folder / "pgpass"
        self.passfile.write_text(f"*:*:*:*:{PASSWORD}\n")
        self.passfile.chmod(0o600)

    def command(self) -> Sequence[str]:
        return [
            *_as_postgres(), _postgres("postgres"), "-D", str(self.folder / "data"),
            "-k", self.host, "-c", "listen_addresses=", "-c", "fsync=off",
        ]  # fmt: skip

    def answers(self) -> bool:
        done = subprocess.run([_postgres("pg_isready"), "-h", self.host, "-q"], check=False)
        return done.returncode == 0

    def sql(self, text: str, database: str = "postgres", *, user: str = "lab") -> str:
        """What a script prints."""
        return _run(
            [
                "psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1",
                "-h", self.host, "-U", user, "-d", database,
            ],
            text,
            env={"PGPASSFILE": str(self.passfile)},
        )  # fmt: skip

    def config(self, database: str, **more: Any) -> dict[str, Any]:
        """A set's `postgresql:`."""
        where = {"host": self.host, "user": self.user, "passfile": str(self.passfile)}
        return {"database": database, **where, **more}


def _there(name: str) -> str:
    return which(name) or name


def _me() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name


def _as_postgres() -> list[str]:
    """The server refuses to run as root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if _root() else []


def _give(path: Path) -> None:
    if _root():
        shutil.chown(path, "postgres", "postgres")


def _root() -> bool:
    return os.geteuid() == 0


def _postgres(name: str) -> str:
    """A program of the server, whose folder is on nobody's path."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    path = os.pathsep.join([*map(str, folders), os.environ["PATH"]])
    return shutil.which(name, path=path) or name


def _run(command: Sequence[str], text: str = "", env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command,
        input=text.encode(),
        capture_output=True,
        env={**os.environ, **(env or {})},
        check=False,
    )
    assert done.returncode == 0, (command[0], done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout.decode()
