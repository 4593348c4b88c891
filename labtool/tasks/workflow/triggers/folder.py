"""Files of a folder that are whole, each once for its content.

A file is whole when its size and time have not changed for a while, or when a marker says so:
NAME.done beside NAME, which may be a folder. Where a rule matches the marker itself, it stands for
what it marks: NAME beside it, or else the folder it is in.
"""

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labtool.core.database import Marks
from labtool.tasks.workflow.triggers.section import Trigger

_CHUNK = 1024 * 1024
# Of those who write a file under another name at first.
_UNFINISHED = (".part", ".tmp", ".partial", ".crdownload", "~")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that is whole: its `name` below the folder, what it stands for, and a key that it has
    for its content alone."""

    name: str
    path: Path
    key: str

    def given(self, file: Path) -> dict[str, Any]:
        """The input of what it starts."""
        return {"path": str(self.path), "name": self.path.name, "file": str(file)}


def look(name: str, trigger: Trigger, folder: Path, marks: Marks, now: float) -> Iterator[Arrival]:
    """What is there and whole. Raises OSError where the folder cannot be read."""
    found = list(_files(folder, deep=trigger.deep))
    there = {path for path, _ in found}
    for path, status in found:
        own = str(path.relative_to(folder))
        try:
            own.encode()
        except UnicodeEncodeError:
            continue
        marked = path.name.endswith(trigger.marker)
        is_told = path.with_name(path.name + trigger.marker) in there
        age = now - status.st_mtime
        if not (marked or is_told or age >= trigger.stable.total_seconds()):
            continue
        subject = _marked(path, trigger.marker) if marked else path
        try:
            digest = _remembered(name, own, subject, status, marks)
        except OSError:
            continue  # it went meanwhile, or will be readable another time
        text = f"{name}\0{own}\0{digest}"
        yield Arrival(own, subject, hashlib.sha256(text.encode()).hexdigest())


def _files(folder: Path, *, deep: bool) -> Iterator[tuple[Path, os.stat_result]]:
    with os.scandir(folder) as entries:
        inside = sorted(entries, key=lambda one: one.name)
    for entry in inside:
        if entry.name.startswith(".") and entry.name.count(".") > 1:
            continue
        if entry.name.endswith(_UNFINISHED):
            continue
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode):
            yield Path(entry.path), status
        elif deep and stat.S_ISDIR(status.st_mode):
            yield from _files(Path(entry.path), deep=True)


def _marked(path: Path, marker: str) -> Path:
    beside = path.with_name(path.name.removesuffix(marker)) if path.name != marker else None
    return beside if beside and beside.exists() else path.parent


def _remembered(trigger: str, own: str, subject: Path, status: os.stat_result, marks: Marks) -> str:
    """The hash of what is meant; of a file that has not changed, the one that was made before."""
    stamp = [status.st_size, status.st_mtime_ns, status.st_ino]
    name = f"{trigger}\0{own}"
    before = json.loads(marks.get(name) or "null")
    if before and before[:3] == stamp:
        return str(before[3])
    digest = _digest(subject)
    marks.put(name, json.dumps([*stamp, digest]), "")
    return digest


def _digest(subject: Path) -> str:
    found = hashlib.sha256()
    if subject.is_dir():
        for folder, folders, files in os.walk(subject):
            folders.sort()
            for file in sorted(files):
                path = Path(folder) / file
                status = path.lstat()
                line = f"{path.relative_to(subject)}\0{status.st_size}\0{status.st_mtime_ns}\n"
                found.update(line.encode("utf-8", "surrogateescape"))
        return found.hexdigest()
    with subject.open("rb") as content:
        while data := content.read(_CHUNK):
            found.update(data)
    return found.hexdigest()
