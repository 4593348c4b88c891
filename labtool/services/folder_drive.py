"""Presentations in a folder: the embedded default, without an account anywhere."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from labtool.core.errors import Failed
from labtool.core.files import expand, unusable, write_atomic
from labtool.core.text import one_line
from labtool.services.presentations import Role, SharedFile

_LARGEST = 200 * 1024 * 1024
_MARKS = ".labtool"
_LONGEST_NAME = 120


class FolderDrive:
    """A folder of files. `base` is where relative paths of templates start.

    Which key a copy was made for stands in a mark in the hidden folder `.labtool` beside it,
    with a hash of what was copied: what people made or have edited since is theirs, and is
    neither found nor deleted.
    """

    def __init__(self, folder: Path, base: Path) -> None:
        self._folder = folder
        self._base = base

    def copy(self, template: str, name: str, key: str) -> SharedFile:
        """A copy of the template (a path) called `name`; the one for `key` if there is one.

        Raises Failed when the template cannot be read, StateError when the folder cannot
        be written to.
        """
        found = self.find(key)
        if found:
            return found
        source = self._base / expand(template)
        content = _content(source)
        target = self._free(_safe(name), source.suffix)
        # The mark first: a copy without a mark would be made twice.
        mark = {"file": target.name, "key": key, "sha256": hashlib.sha256(content).hexdigest()}
        write_atomic(self._mark(key), json.dumps(mark).encode())
        write_atomic(target, content)
        return _shared(target)

    def find(self, key: str) -> SharedFile | None:
        """The file that was made for this key, if it is there as it was made."""
        mark = _read(self._mark(key))
        try:
            path = self._path(mark.get("file", ""))
        except Failed:
            return None
        return _shared(path) if _sha256(path) == mark.get("sha256", "") else None

    def share(self, file: str, emails: Sequence[str], role: Role = "writer") -> None:
        """Nothing to do: who may open the folder may open its files. Raises Failed for a
        file that is not there.
        """
        if not self._path(file).is_file():
            raise Failed("does not exist", where=str(self._folder / file), code="no_file")

    def delete(self, file: str) -> None:
        """Remove a copy and its mark; one that is gone already is no error.

        Raises Failed for a file that somebody else made or has edited, which stays.
        """
        path = self._path(file)
        marks = list(self._marks(file))
        content = _sha256(path)
        if path.exists() and content not in {mark.get("sha256", "") for _, mark in marks}:
            what = "is not as labtool made it, and stays"
            raise Failed(what, where=str(path), code="not_ours")
        try:
            # The file first: a mark without its file does no harm.
            path.unlink(missing_ok=True)
            for mark, _ in marks:
                mark.unlink(missing_ok=True)
        except OSError as error:
            raise unusable(path, error) from error

    def _path(self, file: str) -> Path:
        if not file or file != Path(file).name or file.startswith("."):
            raise Failed(f"{file!r} is not a file of this folder", where=str(self._folder))
        return self._folder / file

    def _marks(self, file: str) -> Iterator[tuple[Path, dict[str, str]]]:
        """Every mark that names this file."""
        for path in (self._folder / _MARKS).glob("*.json"):
            mark = _read(path)
            if mark.get("file") == file:
                yield path, mark

    def _mark(self, key: str) -> Path:
        return self._folder / _MARKS / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"

    def _free(self, stem: str, suffix: str) -> Path:
        """A path that nothing has yet."""
        path, number = self._folder / f"{stem}{suffix}", 2
        while path.exists():
            path, number = self._folder / f"{stem} {number}{suffix}", number + 1
        return path


def _shared(path: Path) -> SharedFile:
    return SharedFile(path.name, str(path.absolute()))


def _read(mark: Path) -> dict[str, str]:
    """What a mark says; empty where there is none that can be understood."""
    try:
        found: Any = json.loads(mark.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    texts = isinstance(found, dict) and all(isinstance(value, str) for value in found.values())
    return found if texts else {}


def _sha256(path: Path) -> str | None:
    """The hash of a file's content; None where none can be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _safe(name: str) -> str:
    """A title as a file's name, on every system."""
    kept = "".join("-" if c in '/\\:*?"<>|' else c for c in one_line(name, _LONGEST_NAME))
    return kept.strip(" .") or "presentation"


def _content(source: Path) -> bytes:
    fix = "check the rule's template"
    if not source.is_file():
        raise Failed("does not exist", where=str(source), fix=fix, code="no_template")
    try:
        with source.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise Failed(what, where=str(source), fix=fix, code="no_template") from error
    if len(content) > _LARGEST:
        what = f"is larger than {_LARGEST // 1024 // 1024} MB"
        raise Failed(what, where=str(source), fix=fix, code="no_template")
    return content
