"""What a backup says of itself, in files beside its archive.

SET-20261125T060000Z-3fa9.tar.zst     the archive
SET-20261125T060000Z-3fa9.files.zst   a line of JSON for each file in it
                                      (both with .age where they are sealed)
SET-20261125T060000Z-3fa9.json        what it is; written last: without it there is no backup

The end of the name tells machines apart that keep sets of one name at one place.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from json.encoder import encode_basestring_ascii as _quoted
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AwareDatetime, Field

from labtool.core.clock import iso
from labtool.core.errors import Failed

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FORMAT = 1
_ID = re.compile(r"(?P<set>[a-z0-9][a-z0-9-]*)-(?P<at>[0-9]{8}T[0-9]{6}Z)-(?P<host>[0-9a-f]{4})")
_AT = "%Y%m%dT%H%M%SZ"
_ARCHIVE = re.compile(r"\.tar(\.zst|\.gz)?(\.age)?")
_FILES = re.compile(r"\.files\.zst(\.age)?")

# In place of a table's sum.
CHANGED = "changed"
# Whoever can write to a destination can write numbers that fit nowhere.
_Number = Annotated[int, Field(ge=0, lt=2**63)]
_Sha256 = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the backup at its destinations: bytes, and their SHA-256 (hex)."""

    name: str
    bytes: _Number
    sha256: _Sha256


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
    name, the engine with its version. `tables` are the rows and the sum of each table; of one that
    was not the same before and after the dump, the sum is CHANGED, and `after` has the rows that
    it had then. `scheduled` is the path of what runs by itself."""

    path: str
    kind: str
    database: str
    engine: str
    tables: dict[str, tuple[int, str]] = field(default_factory=dict)
    scheduled: str = ""
    after: dict[str, int] = field(default_factory=dict)

    @property
    def changed(self) -> int:
        """How many tables were written to meanwhile, and cannot be compared row by row."""
        return sum(total == CHANGED for _, total in self.tables.values())


_FIELDS = tuple(FileRecord.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is. `problems` are files that could not be read as they were; with any,
    it is not `good`, though all else is in it. `notes` are what was left out on purpose."""

    id: str
    set: str
    created: AwareDatetime
    finished: AwareDatetime
    host: str
    labtool: str
    archive: Part
    files: Part
    count: _Number
    bytes: _Number
    compression: str
    encrypted: tuple[str, ...] = ()
    engine: str = "tar"
    dumps: tuple[Dump, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether everything that belonged to it is in it."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class Ident:
    """What an id says: the set, when it was saved, and the mark of the machine."""

    set: str
    at: datetime
    host: str


def new_id(name: str, at: datetime, host: str) -> str:
    """The id of a set's backup."""
    return f"{name}-{at.astimezone(UTC).strftime(_AT)}-{mark(host)}"


@cache
def mark(host: str) -> str:
    """What tells a machine from the others, in ids."""
    return hashlib.sha256(host.encode()).hexdigest()[:4]


def parse_id(text: str) -> Ident | None:
    """What an id says; None for what is none."""
    found = _ID.fullmatch(text)
    if not found:
        return None
    try:
        at = datetime.strptime(found["at"], _AT).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Ident(found["set"], at, found["host"])


def parse_name(file: str) -> Ident | None:
    """What the name of a part says; None for what is no part of a backup."""
    return parse_id(file.partition(".")[0])


def dump(manifest: Manifest) -> bytes:
    """The manifest's file: its last line but one is the SHA-256 of what it would be without."""
    found = {"format": FORMAT, **asdict(manifest)}
    found["created"], found["finished"] = iso(manifest.created), iso(manifest.finished)
    return _written(found)


def _written(found: dict[str, Any]) -> bytes:
    digest = hashlib.sha256(json.dumps(found, indent=1).encode()).hexdigest()
    return json.dumps({**found, "sha256": digest}, indent=1).encode() + b"\n"


def with_files(manifest: Manifest, sealed: Part) -> Manifest:
    """The manifest, with its list of files as it is once it is sealed."""
    part = replace(sealed, name=f"{manifest.files.name}.age")
    return replace(manifest, files=part)


def load(raw: bytes, ident: str) -> Manifest:
    """The manifest's file of the backup `ident`. Raises Failed for what is none, is damaged, or
    of a newer labtool."""
    try:
        found: dict[str, Any] = json.loads(raw)
        written = found.pop("format")
        if type(written) is int and written > FORMAT:
            raise Failed("was written by a newer labtool", where=ident, fix="upgrade labtool")
        del found["sha256"]
        if _written({"format": FORMAT, **found}) != raw:
            raise ValueError("not what was written")
        manifest = _adapter().validate_json(json.dumps(found), strict=True)
        if set(found) != _KEYS or not _is_of(manifest, ident):
            raise ValueError("of another backup")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        fix = "labtool backup verify tells what else is damaged"
        what = "is no backup's manifest, or damaged"
        raise Failed(what, where=f"{ident}.json", fix=fix, code="manifest") from None
    return manifest


_KEYS = set(Manifest.__dataclass_fields__)


def _is_of(manifest: Manifest, ident: str) -> bool:
    """Whether all that it names is the backup's own: what it names is read, and removed."""
    said = parse_id(ident)
    return (
        said is not None
        and manifest.id == ident
        and manifest.set == said.set
        and mark(manifest.host) == said.host
        and manifest.created.astimezone(UTC).replace(microsecond=0) == said.at
        and manifest.finished.year < 9000
        and _is_part(manifest.archive, ident, _ARCHIVE)
        and _is_part(manifest.files, ident, _FILES)
    )


def _is_part(part: Part, ident: str, ending: re.Pattern[str]) -> bool:
    return part.name.startswith(ident) and bool(ending.fullmatch(part.name[len(ident) :]))


@cache
def _adapter() -> "TypeAdapter[Manifest]":
    from pydantic import TypeAdapter

    return TypeAdapter(Manifest)


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
        record = FileRecord(**json.loads(line))
        texts = (record.path, record.type, record.user, record.group, record.sha256, record.link)
        numbers = (record.size, record.mode, record.parts, record.mtime)
        if set(map(type, texts)) != {str} or not set(map(type, numbers)) <= {int, float}:
            raise TypeError(record)
        yield record
