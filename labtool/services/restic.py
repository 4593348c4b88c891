"""restic, by its program and the JSON that it prints
(restic.readthedocs.io/en/stable/075_scripting.html): versions from 0.14, Debian 12's.
"""

import json
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from labtool.core.errors import Failed, Temporary
from labtool.core.text import one_line
from labtool.services.piped import EndedError, found, output
from labtool.services.restic_words import LOCKED, Address, known

# It saved what it could read, and complained about the rest.
_INCOMPLETE = 3
_HOUR = 3600.0
# Another machine's backup to the same repository may take that long.
_PATIENCE, _AGAIN = 600.0, 2.0


@dataclass(frozen=True, slots=True)
class Saved:
    """A new snapshot: files, bytes, and what could not be read."""

    id: str
    files: int
    bytes: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot in a repository. `original` is its id before its tags were changed."""

    id: str
    original: str
    at: datetime
    host: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A file in a snapshot; bytes, Unix seconds, permission bits."""

    path: str
    type: str
    size: int
    mode: int
    mtime: float
    link: str


class Restic:
    """A repository. `environment` has the password or the name of its file, and what the
    place of the repository needs. Every method raises AccessDenied, Failed and Temporary."""

    def __init__(self, repository: str, environment: Mapping[str, str], cache: Path) -> None:
        self._address = Address(repository)
        self._env = {
            **environment,
            "RESTIC_REPOSITORY": repository,
            "RESTIC_CACHE_DIR": str(cache),
            "RESTIC_PROGRESS_FPS": "0.0166",
        }

    def save(
        self, paths: Sequence[Path], exclude: Sequence[str], tags: Sequence[str], host: str
    ) -> Saved:
        """Save paths as a snapshot of a machine; what is mounted below them is left out.
        `exclude` are restic's patterns."""
        said: list[str] = []
        status: list[int] = []
        options = ["--one-file-system", f"--host={host}"]
        options += [f"--exclude={one}" for one in exclude]
        options += [f"--tag={tag}" for tag in tags]
        printed = self._run(
            "backup",
            *options,
            "--",
            *map(str, paths),
            allowed=(0, _INCOMPLETE),
            said=said,
            status=status,
        )
        problems: tuple[str, ...] = ()
        if status != [0]:
            # Otherwise it only says how it fared on its way.
            problems = tuple(_problem(line) for line in said if line.strip())
            problems = problems or ("something could not be read; restic does not say what",)
        with self._explained("backup"):
            summary = next(
                one for one in reversed(list(_lines(printed))) if one["message_type"] == "summary"
            )
            return Saved(
                str(summary["snapshot_id"]),
                int(summary["total_files_processed"]),
                int(summary["total_bytes_processed"]),
                problems,
            )

    def snapshots(self, tags: Sequence[str]) -> list[Snapshot]:
        """The snapshots that have all these tags, the oldest first."""
        printed = self._run("snapshots", f"--tag={','.join(tags)}", quiet=False)
        with self._explained("its snapshots"):
            return [
                Snapshot(
                    str(one["id"]),
                    str(one.get("original") or one["id"]),
                    _moment(str(one["time"])),
                    str(one.get("hostname") or ""),
                    tuple(map(str, one.get("tags") or ())),
                )
                for one in json.loads(printed) or ()
            ]

    def nodes(self, snapshot: str) -> Iterator[Node]:
        """What is in a snapshot."""
        with self._explained(f"snapshot {snapshot[:8]}"):
            for one in _lines(self._run("ls", "--long", snapshot, quiet=False)):
                if one.get("struct_type") == "node":
                    yield Node(
                        str(one["path"]),
                        str(one["type"]),
                        int(one.get("size") or 0),
                        int(one.get("mode") or 0) & 0o7777,
                        _moment(str(one["mtime"])).timestamp(),
                        str(one.get("linktarget") or ""),
                    )

    def restore(self, snapshot: str, to: Path, paths: Sequence[str]) -> list[str]:
        """Put a snapshot, or what is below `paths`, into a folder; every file is read again and
        checked. What went wrong with single files."""
        said: list[str] = []
        only = [f"--include={literal(path)}" for path in paths]
        self._run(
            "restore", snapshot, f"--target={to}", "--verify", *only, allowed=(0, 1), said=said
        )
        wrong = [one_line(line, 300) for line in said if "error" in line.lower()]
        fatal = next((line for line in said if line.startswith("Fatal")), "")
        if fatal and not wrong:
            raise known(1, fatal, f"restic restore, {self._address.shown}", self._address)
        return wrong

    def check(self) -> None:
        """Read all of the repository, and hold it against its hashes. Raises Failed where it
        is damaged."""
        self._run("check", "--read-data", code="damaged")

    def mark(self, snapshot: str, add: Sequence[str], remove: Sequence[str]) -> None:
        """Add tags to a snapshot, and take others away; it has another id then. While another
        restic saves to the repository this has to wait."""
        changes = [*(f"--add={tag}" for tag in add), *(f"--remove={tag}" for tag in remove)]
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                self._run("tag", *changes, snapshot)
            except Temporary as error:
                if error.code != LOCKED or time.monotonic() > end:
                    raise
                time.sleep(_AGAIN)
                self.unlock()
            else:
                return

    def forget(self, snapshots: Sequence[str]) -> None:
        """Remove snapshots, and what only they had."""
        if snapshots:
            self._run("forget", "--prune", *snapshots)

    def unlock(self) -> None:
        """Remove the locks that killed runs left; those in use stay."""
        self._run("unlock")

    def _run(
        self,
        command: str,
        *options: str,
        quiet: bool = True,
        allowed: Sequence[int] = (0,),
        said: list[str] | None = None,
        status: list[int] | None = None,
        code: str = "",
    ) -> bytes:
        program = found(("restic",), "restic")
        more = ["--json", *(["--quiet"] if quiet else [])]
        try:
            printed, ended = _all(
                output(
                    [program, command, *more, *options],
                    env=self._env,
                    silent=12 * _HOUR,
                    allowed=allowed,
                    said=said,
                )
            )
        except EndedError as error:
            where = f"restic {command}, {self._address.shown}"
            found_ = known(error.status, error.said, where, self._address)
            if code and found_.code == "restic":
                found_.code = code
                found_.what = f"is damaged: {found_.what}"
            raise found_ from None
        if said is not None:
            said[:] = map(self._address.hidden, said)
        if status is not None:
            status.append(ended)
        return printed

    @contextmanager
    def _explained(self, where: str) -> Iterator[None]:
        try:
            yield
        except (ValueError, KeyError, TypeError, StopIteration) as error:
            what = f"its answer makes no sense ({type(error).__name__})"
            raise Failed(what, where=f"restic, {where}", code="restic") from None


def _all(stream: Generator[bytes, None, int]) -> tuple[bytes, int]:
    """All that a program prints, and its status."""
    chunks: list[bytes] = []
    while True:
        try:
            chunks.append(next(stream))
        except StopIteration as end:
            return b"".join(chunks), end.value


def _lines(printed: bytes) -> Iterator[dict[str, Any]]:
    for line in printed.splitlines():
        if line.startswith(b"{"):
            yield json.loads(line)


def _moment(text: str) -> datetime:
    """A time of Go's, whose fractions may have nine digits."""
    whole, dot, rest = text.partition(".")
    if dot:
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        text = f"{whole}.{digits[:6].ljust(6, '0')}{rest[len(digits) :]}"
    return datetime.fromisoformat(text)


def _problem(line: str) -> str:
    """What it complains of: JSON in some versions, text in others."""
    try:
        found_ = json.loads(line)
        error = found_.get("error") or {}
        why = error.get("message") or error.get("Err") or error.get("Op") or "cannot be read"
        return f"{found_.get('item') or error.get('Path') or ''}: {why}".removeprefix(": ")
    except (ValueError, AttributeError):
        return one_line(line.removeprefix("error: "), 300)


def literal(path: str) -> str:
    """A path as a pattern that matches it alone."""
    escaped = "".join(f"\\{char}" if char in "\\*?[]!" else char for char in path.strip("/"))
    return f"/{escaped}"
