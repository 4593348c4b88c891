"""Which files are read next, and from where, though logs are renamed, copied, truncated, replaced
and begun anew, and clocks are set back.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Protocol

from labtool.tasks.instruments.watch.place import Place, at_the_end, begins_as, is_at

_MOST_LOOKED_AT = 2000
# Of a log that is older than the one being read, and was there before us.
_PASSED_BY = -1
# Of those that follow one another, so many may grow all the same: clocks are set back.
_MAY_GROW = 20
_MOST_OLD = 5


class Kind(Protocol):
    """What a kind of instrument says of its logs."""

    @property
    def newest_alone(self) -> bool:
        """Only the newest grows, and is finished once there is a newer one; otherwise any may."""

    def is_near(self, name: str, current: str, now: datetime) -> bool:
        """Whether the log of this earlier name was begun after the current one all the same."""


@dataclass(slots=True)
class Known:
    """Where we are in every log that was seen, by its name, the one that was read last at the
    end; `looks` is how each file was when all of it had been read."""

    places: dict[str, Place] = field(default_factory=dict)
    looks: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    @property
    def current(self) -> str:
        """The log that was read last; empty where none was."""
        return next(reversed(self.places), "")

    def put(self, place: Place) -> None:
        """We are there now."""
        self.places.pop(place.name, None)
        self.places[place.name] = place

    def mark(self, places: Sequence[Place], gone: Sequence[str]) -> None:
        """So far nothing is to be read there, whichever log is read now; what is `gone` has
        another name."""
        for name in (*gone, *(place.name for place in places)):
            self.places.pop(name, None)
        self.places = {place.name: place for place in places} | self.places


@dataclass(frozen=True, slots=True)
class Part:
    """A file to read, from where, and the name that its place has; `new` if nothing of it was
    read yet, `last` if nothing will follow it for now."""

    path: Path
    name: str
    offset: int
    new: bool
    last: bool


@dataclass(slots=True)
class Plan:
    """What to read, in order, places that are known without reading, and names that no log
    has any more; `trouble` is of a log that could not be looked at, which stops no other."""

    parts: list[Part] = field(default_factory=list)
    marks: list[Place] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    trouble: OSError | None = None


def plan(
    files: Sequence[Path], known: Known, kind: Kind, now: datetime, *, all_of_them: bool = False
) -> Plan:
    """What is to be read. `files` are the logs, oldest first; `now` is local. Before anything
    was read it is the newest, or `all_of_them`. Raises OSError: another look may find what this
    one could not."""
    if not known.places:
        return _first(files, kind, all_of_them=all_of_them)
    return _Planner(files, known, kind, now).plan()


class _Planner:
    def __init__(self, files: Sequence[Path], known: Known, kind: Kind, now: datetime) -> None:
        self._files, self._known, self._kind, self._now = files, known, kind, now
        self._paths = {path.name: path for path in files}
        self._found = Plan()
        # Files that are not what was read under their names, and places whose file is elsewhere.
        self._strange: list[Path] = []
        self._lost: list[Place] = []

    def plan(self) -> Plan:
        for path in self._here():
            try:
                self._see(path)
            except OSError as error:
                if self._kind.newest_alone:
                    raise
                self._found.trouble = error
        current = self._known.current
        for name, place in self._known.places.items():
            if name not in self._paths and (name == current or not self._kind.newest_alone):
                self._lost.append(place)
        fresh = [path for path in self._files if path.name not in self._known.places]
        elsewhere = self._find(fresh)
        self._strange = [path for path in self._strange if path not in elsewhere]
        fresh = [path for path in fresh if path not in elsewhere]
        fresh = [path for path in fresh if not self._is_copy(path)]
        later = self._later(fresh) if self._kind.newest_alone else fresh
        for path in (*self._strange, *later):
            self._read(path, path.name, 0)
        self._sort()
        return self._found

    def _read(self, path: Path, name: str, offset: int, *, last: bool = True) -> None:
        self._found.parts.append(Part(path, name, offset, new=not offset, last=last))

    def _see(self, path: Path) -> None:
        """What became of a log, if it is not as it was."""
        place = self._known.places[path.name]
        if self._known.looks.get(path.name) == look(path):
            return
        if is_at(path, place):
            self._read(path, path.name, place.offset)
        else:
            self._strange.append(path)
            self._lost.append(place)

    def _here(self) -> list[Path]:
        """The logs that may have grown, the one that was read last at the end."""
        read = [name for name, place in self._known.places.items() if place.offset != _PASSED_BY]
        names = read[-_MAY_GROW:] if self._kind.newest_alone else read
        return [self._paths[name] for name in names if name in self._paths]

    def _find(self, fresh: Sequence[Path]) -> set[Path]:
        """Where the lost ones are now. Each file is one of them at most. Where its new name is
        a log's as well, the place goes with it."""
        lost = [place for place in self._lost if place.offset > 0]
        if not lost:
            return set()
        found: set[Path] = set()
        folders = {path.parent for path in self._files}
        inodes = {entry.inode(): Path(entry.path) for f in folders for entry in os.scandir(f)}
        known = {path for path in self._files if path.name in self._known.places}
        free = known - set(self._strange)
        for place in lost:
            gone = place.name not in self._paths
            there = [inodes[place.inode]] if place.inode in inodes else []
            # A copy that was made before the file was emptied has another inode.
            wide = not gone or place.name == self._known.current
            others = [*there, *fresh, *self._strange, *(_beside(folders) if wide else ())]
            for path in dict.fromkeys(others):
                if path.name == place.name or path in free or path in found:
                    continue
                if _is_at(path, place):
                    found.add(path)
                    self._move(path, place, last=gone)
                    break
        return found

    def _move(self, path: Path, place: Place, *, last: bool) -> None:
        name = path.name if path.name in self._paths else place.name
        if name != place.name:
            self._found.gone.append(place.name)
            self._found.marks.append(replace(place, name=name))
        self._read(path, name, place.offset, last=last)

    def _is_copy(self, path: Path) -> bool:
        """Whether a new file is a copy of one that is read, or of its beginning: what is in it
        was told, or will be."""
        for place in self._known.places.values():
            other = self._paths.get(place.name)
            # One that cannot be read now is compared with none.
            with suppress(OSError):
                if place.offset > 0 and other and begins_as(path, other):
                    end = at_the_end(path)
                    self._found.marks.append(end)
                    return end.offset > 0
        return False

    def _later(self, fresh: Sequence[Path]) -> list[Path]:
        """Those that were begun after the one being read: by their names, or, where a clock was
        set back, a little earlier by them. Of others only what is yet to come is read."""
        current = self._known.current
        named = [path for path in fresh if path.name.lower() > current.lower()]
        earlier = [path for path in fresh if path not in named]
        near = [path for path in earlier if self._kind.is_near(path.name, current, self._now)]
        old = [path for path in earlier if path not in near]
        many = len(old) > _MOST_OLD
        self._found.marks += [_passed_by(path) if many else at_the_end(path) for path in old]
        return named + near

    def _sort(self) -> None:
        """Where one log follows the other, what is half written in all but the last is all there
        will be of it; where any may grow, they are read in the order of their last change."""
        parts = self._found.parts
        if self._kind.newest_alone:
            self._found.parts = [replace(part, last=part is parts[-1]) for part in parts]
        else:
            order = {path: number for number, path in enumerate(self._files)}
            parts.sort(key=lambda part: (order.get(part.path, -1), part.new))


def _first(files: Sequence[Path], kind: Kind, *, all_of_them: bool) -> Plan:
    wanted = files if all_of_them else files[-1:]
    passed = files[: len(files) - len(wanted)]
    # The newest by its name may be of a clock that was wrong: others may be the one that grows.
    split = max(0, len(passed) - _MAY_GROW + 1) if kind.newest_alone else 0
    found = Plan(marks=[_passed_by(path) for path in passed[:split]])
    for path in passed[split:]:
        try:
            found.marks.append(at_the_end(path))
        except OSError as error:
            found.marks.append(_passed_by(path))
            found.trouble = error
    parts = [Part(path, path.name, 0, new=True, last=True) for path in wanted]
    if kind.newest_alone and parts:
        parts = [replace(part, last=part is parts[-1]) for part in parts]
    found.parts = parts
    return found


def _passed_by(path: Path) -> Place:
    return Place(path.name, 0, _PASSED_BY, 0, "", "")


def _beside(folders: set[Path]) -> Iterator[Path]:
    """What else is in these folders."""
    for folder in sorted(folders):
        for path in islice(folder.iterdir(), _MOST_LOOKED_AT):
            if path.is_file():
                yield path


def _is_at(path: Path, place: Place) -> bool:
    try:
        return is_at(path, place)
    except OSError:
        return False  # it is no log, and nobody need be able to read it


def look(path: Path) -> tuple[int, int, int]:
    """What changes when a file is written to, or is another one. Raises OSError."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns
