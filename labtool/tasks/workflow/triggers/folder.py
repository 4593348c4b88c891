"""Files of a folder that are whole, each once for its content.

A file is whole when its size and time have not changed for a while, or when a marker says so:
NAME.done beside NAME, which may be a folder. Where a rule matches the marker itself, it stands for
what it marks: NAME beside it; and one that is called `.done` alone, for the folder it is in.

What is no file or folder (a pipe, a device), or is a link that leads out of the folder, starts
nothing: whoever may write there does not say what else is read.

The folder is looked through again and again, as mounted ones tell nobody of their files; 10 000
that are known cost some 50 ms.
"""

import errno
import hashlib
import json
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from labtool.core.database import Marks
from labtool.core.errors import Failed
from labtool.core.text import one_line
from labtool.tasks.workflow.triggers.arrival import Arrival, key_of
from labtool.tasks.workflow.triggers.section import Trigger

_CHUNK = 1024 * 1024
# Of those who write a file under another name at first.
_UNFINISHED = (".part", ".tmp", ".partial", ".crdownload", "~")


class Stopped(Exception):
    """Whoever looked is to end."""


class Folder:
    """The folder of a trigger. What it has found out of files is kept in `marks`, for this
    trigger alone. `odd` hears of what starts nothing: what it is, and why."""

    every = 2.0

    def __init__(
        self,
        name: str,
        trigger: Trigger,
        path: Path,
        marks: Marks,
        odd: Callable[[str, Failed], None],
    ) -> None:
        self._name, self._trigger, self._path, self._marks = name, trigger, path, marks
        self._odd = odd
        self._known = {own: json.loads(value) for own, value in marks.all().items()}

    def look(self, stopped: Callable[[], bool]) -> Iterator[Arrival]:
        """As every source's."""
        try:
            found = list(_files(self._path, deep=self._trigger.deep))
        except OSError as error:
            what = f"cannot be read ({error.strerror})"
            raise Failed(what, where=str(self._path), fix="mount it, or correct folder:") from None
        there = {path for path, _ in found}
        now = time.time()
        for path, status in found:
            if not stat.S_ISREG(status.st_mode):
                self._look_at_odd(path, status, now)
                continue
            try:
                arrival = self._whole(path, status, there, now, stopped)
            except OSError:
                continue  # it went meanwhile, or will be readable another time
            except Stopped:
                return
            if arrival:
                yield arrival
        names = {str(path.relative_to(self._path)) for path in there}
        for own in self._known.keys() - names:
            del self._known[own]
            self._marks.remove(own)

    def _whole(
        self,
        path: Path,
        status: os.stat_result,
        there: set[Path],
        now: float,
        stopped: Callable[[], bool],
    ) -> Arrival | None:
        own, marker = str(path.relative_to(self._path)), self._trigger.marker
        try:
            own.encode()
        except UnicodeEncodeError:
            self._leave(path, "has a name that is no UTF-8")
            return None
        marked = path.name.endswith(marker)
        is_told = path.with_name(path.name + marker) in there
        # One from the future, by the clock of another machine, is as young as it can be.
        age = max(0.0, now - status.st_mtime)
        if not (marked or is_told or age >= self._trigger.stable.total_seconds()):
            return None
        subject = _marked(path, marker) if marked else path
        if subject is None:
            key = key_of(self._name, own, "marks nothing")
            where = one_line(str(path))
            return Arrival(own, self._path.name, where, {}, key, marker=True, lost=True)
        why = self._wrong(subject) if marked else ""
        if why:
            self._leave(subject, why)
            return None
        digest = self._digest(own, subject, status, stopped)
        covered = own.removesuffix(marker) if marked and subject.is_file() else ""
        return Arrival(
            name=own,
            bucket=self._path.name,
            where=one_line(str(path)),
            input={"path": str(subject), "name": subject.name, "file": str(path)},
            key=key_of(self._name, own, digest),
            marker=marked,
            covered=covered,
        )

    def _look_at_odd(self, path: Path, status: os.stat_result, now: float) -> None:
        """A link, a pipe and the like: what a link in here leads to counts by itself."""
        if now - status.st_mtime < self._trigger.stable.total_seconds():
            return
        try:
            why = self._wrong(path)
        except OSError:
            why = "is a link to nothing"
        if why:
            self._leave(path, why)

    def _wrong(self, subject: Path) -> str:
        """Why what a marker stands for starts nothing. Raises OSError."""
        mode = subject.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            return "is no file and no folder"
        top = os.path.realpath(self._path)
        leads_out = os.path.commonpath([top, os.path.realpath(subject)]) != top
        return "is a link that leads out of the folder" if leads_out else ""

    def _leave(self, path: Path, why: str) -> None:
        where = one_line(os.fsencode(path).decode("utf-8", "backslashreplace"))
        what = f"{why}, and was left there"
        error = Failed(what, where=where, fix="give it another name, or take it away", code="odd")
        self._odd(key_of(self._name, str(path), why), error)

    def _digest(
        self, own: str, subject: Path, status: os.stat_result, stopped: Callable[[], bool]
    ) -> str:
        """The hash of what is meant; of a file that has not changed, the one that was made
        before."""
        stamp = [status.st_size, status.st_mtime_ns, status.st_ino]
        before = self._known.get(own)
        if before and before[:3] == stamp:
            return str(before[3])
        digest = _hash(subject, stopped)
        self._known[own] = [*stamp, digest]
        self._marks.put(own, json.dumps(self._known[own]), "")
        return digest


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
            if deep and stat.S_ISDIR(status.st_mode):
                yield from _files(Path(entry.path), deep=True)
        except OSError:
            continue
        if not stat.S_ISDIR(status.st_mode):
            yield Path(entry.path), status


def _marked(path: Path, marker: str) -> Path | None:
    if path.name == marker:
        return path.parent
    beside = path.with_name(path.name.removesuffix(marker))
    return beside if beside.exists() else None


def _hash(subject: Path, stopped: Callable[[], bool]) -> str:
    found = hashlib.sha256()
    if subject.is_dir():
        for folder, folders, files in os.walk(subject):
            folders.sort()
            for file in sorted(files):
                path = Path(folder) / file
                status = path.lstat()
                line = f"{path.relative_to(subject)}\0{status.st_size}\0{status.st_mtime_ns}\n"
                found.update(line.encode("utf-8", "surrogateescape"))
            if stopped():
                raise Stopped
        return found.hexdigest()
    with open(subject, "rb", opener=_plain) as content:
        while data := content.read(_CHUNK):
            found.update(data)
            if stopped():
                raise Stopped
    return found.hexdigest()


def _plain(path: str, flags: int) -> int:
    """Opens a file, and waits for no pipe that took its place. Raises OSError."""
    handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "is no file")
    return handle
