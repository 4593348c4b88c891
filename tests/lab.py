"""A lab in a folder, and the installed `labtool` run on it as a real process."""

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import yaml

REPO = Path(__file__).parents[1]
GUARD = Path(__file__).parent / "guard"

T = TypeVar("T")


class Server(Protocol):
    """A stand-in that a lab's config can name."""

    def config(self, folder: Path) -> dict[str, Any]:
        """The sections of the config that reach it; may write files into `folder`."""

    def env(self) -> dict[str, str]:
        """The environment variables that those sections name."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a process ended and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines of standard output."""
        return self.out.splitlines()

    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)


class Lab:
    """A folder with `labtool.yaml`, `sheets/` and `.env`; `home` is the HOME of its runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "lab"
        self.home = folder / "home"
        self.config_file = self.folder / "labtool.yaml"
        self.state = self.folder / "state"
        self.folder.mkdir()
        self.home.mkdir()
        self._env: dict[str, str] = {}
        self._started: list[subprocess.Popen[str]] = []

    def configure(self, config: Mapping[str, Any] | str = "", *servers: Server) -> Path:
        """Write the config: text as it is, or a mapping over the sections of `servers`,
        whose secrets go into `.env`. What is named earlier wins. Returns the file."""
        if isinstance(config, str) and servers:
            raise ValueError("text cannot be merged with servers; pass a mapping")
        for server in servers:
            assert not isinstance(config, str)
            config = _over(config, server.config(self.folder))
            self.secrets(**server.env())
        text = config if isinstance(config, str) else dump(config)
        self.config_file.write_text(text, encoding="utf-8")
        return self.config_file

    def secrets(self, **values: str) -> None:
        """Add to `.env` (mode 600)."""
        self._env |= values
        file = self.folder / ".env"
        file.write_text("".join(f'{name}="{value}"\n' for name, value in self._env.items()))
        file.chmod(0o600)

    def sheet(self, name: str, rows: Iterable[Sequence[Any]] | str | bytes) -> str:
        """Write `sheets/NAME.csv` from rows of cells, or as it is; returns its path as the
        config writes it."""
        path = self.folder / "sheets" / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        if isinstance(rows, bytes):
            path.write_bytes(rows)
        elif isinstance(rows, str):
            path.write_text(rows, encoding="utf-8")
        else:
            with path.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(rows)
        return f"sheets/{name}.csv"

    def environment(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """All that a run sees of the world: no proxies, no network, no config but the lab's."""
        path = [str(GUARD)] if _script() else [str(GUARD), str(REPO)]
        return {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
            "HOME": str(self.home),
            "TZ": "UTC",
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join(path),
            **(env or {}),
        }

    def run(
        self,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        timeout: float = 60,
        stdin: str = "",
        bug: bool = False,
        program: Sequence[str | Path] | None = None,
    ) -> Result:
        """Run `labtool ARGUMENTS` in the lab's folder until it ends.

        A traceback on standard error fails the test unless `bug` expects one. `program`
        replaces `labtool`.
        """
        done = subprocess.run(
            [*(program or command()), *arguments],
            cwd=self.folder,
            env=self.environment(env),
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )
        result = Result(done.returncode, done.stdout, done.stderr)
        assert bug or "Traceback (most recent" not in result.err + result.out, result.err
        return result

    def start(
        self,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        program: Sequence[str | Path] | None = None,
    ) -> subprocess.Popen[str]:
        """Start `labtool ARGUMENTS` and return at once; the test's end kills what is left."""
        process = subprocess.Popen(
            [*(program or command()), *arguments],
            cwd=self.folder,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self._started.append(process)
        return process

    def close(self) -> None:
        """Kill every process that was started and still runs."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.communicate()


def command() -> list[str | Path]:
    """The installed `labtool`, or the sources' where it is not installed."""
    script = _script()
    return [script] if script else [sys.executable, "-m", "labtool"]


def _script() -> Path | None:
    path = Path(sys.executable).parent / "labtool"
    return path if path.exists() else None


def dump(config: Mapping[str, Any]) -> str:
    """A config as YAML, in the order that it was written."""
    text: str = yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)
    return text


def _over(upper: Mapping[str, Any], lower: Mapping[str, Any]) -> dict[str, Any]:
    """Two configs as one; what `upper` says counts, section by section."""
    merged = {**lower, **upper}
    for key in upper.keys() & lower.keys():
        if isinstance(upper[key], Mapping) and isinstance(lower[key], Mapping):
            merged[key] = _over(upper[key], lower[key])
    return merged


def poll(condition: Callable[[], T], timeout: float = 10, message: str = "") -> T:
    """What `condition` returns once that is true; fails with `message` after `timeout`."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{message or 'not true'} (waited {timeout:g} s)")
        time.sleep(0.01)
