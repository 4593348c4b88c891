"""What a backup says of itself, in files beside its archive.

SET-20261125T060000Z.tar.zst     the archive
SET-20261125T060000Z.files.zst   a line of JSON for each file in it
                                 (both with .age where they are sealed)
SET-20261125T060000Z.json        what it is; written last: without it there is no backup
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any

from labtool.core.clock import from_iso, iso
from labtool.core.errors import Failed

FORMAT = 1
_ID = re.compile(r"(?P<set>[a-z0-9][a-z0-9-]*)-(?P<at>\d{8}T\d{6}Z)")
_AT = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the backup at its destinations: bytes, and their SHA-256 (hex)."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One member of the archive. `type` is file, directory, symlink, hardlink, fifo or dump: of
    a database, whose size nobody knows before its end, so that it is in so many `parts`
    (PATH.000000 ...). `link` is where the two kinds of links point. Bytes, seconds (Unix), mode
    as a number."""

    path: str
    type: str
    size: int = 0
    mode: int = 0
    mtime: float = 0.0
    user: str = ""
    group: str = ""
    sha256: str = ""
    link: str = ""
    parts: int = 0


@dataclass(frozen=True, slots=True)
class Dump:
    """A database in the backup: the path of its dump, `kind` (mysql, postgresql, sqlite), its
    name, the engine with its version. `tables` are the rows and the sum of each table that was
    the same before and after the dump."""

    path: str
    kind: str
    database: str
    engine: str
    tables: dict[str, tuple[int, str]] = field(default_factory=dict)


_FIELDS = tuple(FileRecord.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is. `problems` are files that could not be read as they were; with any,
    it is not `good`, though all else is in it."""

    id: str
    set: str
    created: datetime
    finished: datetime
    host: str
    labtool: str
    archive: Part
    files: Part
    count: int
    bytes: int
    compression: str
    encrypted: tuple[str, ...] = ()
    engine: str = "tar"
    dumps: tuple[Dump, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether everything that belonged to it is in it."""
        return not self.problems


def new_id(name: str, at: datetime) -> str:
    """The id of a set's backup."""
    return f"{name}-{at.astimezone(UTC).strftime(_AT)}"


def parse_id(text: str) -> tuple[str, datetime] | None:
    """The set and the time of an id; None for what is none."""
    found = _ID.fullmatch(text)
    if not found:
        return None
    try:
        at = datetime.strptime(found["at"], _AT).replace(tzinfo=UTC)
    except ValueError:
        return None
    return found["set"], at


def dump(manifest: Manifest) -> bytes:
    """The manifest's file."""
    found = {"format": FORMAT, **asdict(manifest)}
    found["created"], found["finished"] = iso(manifest.created), iso(manifest.finished)
    return json.dumps(found, indent=1).encode() + b"\n"


def with_files(manifest: Manifest, sealed: Part) -> Manifest:
    """The manifest, with its list of files as it is once it is sealed."""
    part = replace(sealed, name=f"{manifest.files.name}.age")
    return replace(manifest, files=part)


def load(raw: bytes, where: str) -> Manifest:
    """A manifest's file. Raises Failed for what is none, or of a newer labtool."""
    try:
        found: dict[str, Any] = json.loads(raw)
        if int(found.pop("format")) > FORMAT:
            raise Failed("was written by a newer labtool", where=where, fix="upgrade labtool")
        for key in ("archive", "files"):
            found[key] = Part(**found[key])
        for key in ("created", "finished"):
            found[key] = from_iso(found[key])
        for key in ("encrypted", "problems"):
            found[key] = tuple(map(str, found[key]))
        found["dumps"] = tuple(map(_dump, found.get("dumps", ())))
        manifest = Manifest(**found)
        named = parse_id(manifest.id)
        if named is None or named[0] != manifest.set:
            raise ValueError(manifest.id)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        fix = "labtool backup verify tells what else is damaged"
        raise Failed("is no backup's manifest", where=where, fix=fix, code="manifest") from None
    return manifest


def _dump(found: dict[str, Any]) -> Dump:
    tables = {str(name): (int(rows), str(total)) for name, (rows, total) in found["tables"].items()}
    return Dump(**{**found, "tables": tables})


def line(record: FileRecord) -> bytes:
    """A record as a line of JSON; what is empty is left out."""
    found = {name: value for name in _FIELDS if (value := getattr(record, name))}
    return json.dumps(found).encode() + b"\n"


def file_line(
    path: str, size: int, mode: int, mtime: float, owner: tuple[int, int, str, str], sha256: str
) -> bytes:
    """The same for a file, in a quarter of the time: there may be a million."""
    names = _owner(owner)
    return (
        f'{{"path": {_quoted(path)}, "type": "file", "size": {size}, "mode": {mode},'
        f' "mtime": {mtime!r},{names} "sha256": "{sha256}"}}\n'
    ).encode()


@lru_cache(maxsize=4096)
def _owner(owner: tuple[int, int, str, str]) -> str:
    return f' "user": {_quoted(owner[2])}, "group": {_quoted(owner[3])},'


def read_lines(raw: Iterable[bytes]) -> Iterator[FileRecord]:
    """The records of such lines. Raises ValueError and TypeError for what is none."""
    for line in raw:
        yield FileRecord(**json.loads(line))
