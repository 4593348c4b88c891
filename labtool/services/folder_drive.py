"""Presentations in a folder: the embedded default, without an account anywhere."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from labtool.core.errors import Failed
from labtool.core.files import unusable, write_atomic
from labtool.core.text import one_line
from labtool.services.presentations import Role, SharedFile

_LARGEST = 200 * 1024 * 1024
_MARKS = ".labtool"
_LONGEST_NAME = 120


class FolderDrive:
    """A folder of files. `base` is where relative paths of templates start; which key a file
    was made for is in the hidden folder `.labtool` beside it.
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
        source = self._base / Path(template).expanduser()
        content = _content(source)
        target = self._free(_safe(name), source.suffix)
        # The mark first: a copy without a mark would be made twice.
        write_atomic(self._mark(key), json.dumps({"file": target.name, "key": key}).encode())
        write_atomic(target, content)
        return _shared(target)

    def find(self, key: str) -> SharedFile | None:
        """The file that was made for this key, if it is there."""
        try:
            name = json.loads(self._mark(key).read_text(encoding="utf-8"))["file"]
            path = self._path(str(name))
        except (OSError, ValueError, KeyError, TypeError, Failed):
            return None
        return _shared(path) if path.is_file() else None

    def share(self, file: str, emails: Sequence[str], role: Role = "writer") -> None:
        """Nothing to do: who may open the folder may open its files. Raises Failed for a
        file that is not there.
        """
        if not self._path(file).is_file():
            raise Failed("does not exist", where=str(self._folder / file), code="no_file")

    def delete(self, file: str) -> None:
        """Remove a file; one that is gone already is no error."""
        path = self._path(file)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise unusable(path, error) from error

    def _path(self, file: str) -> Path:
        if not file or file != Path(file).name or file.startswith("."):
            raise Failed(f"{file!r} is not a file of this folder", where=str(self._folder))
        return self._folder / file

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
