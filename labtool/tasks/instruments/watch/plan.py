"""Which files are read next, and from where, though logs are renamed, copied, truncated, replaced
and begun anew, and clocks are set back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from labtool.tasks.instruments.watch.place import Place, at_the_end, is_at, is_copy

_MOST_LOOKED_AT = 2000
# Of a log that is older than the one being read, and was there before us.
_PASSED_BY = -1
# Of those that follow one another, so many may grow all the same: clocks are set back.
_MAY_GROW = 20
# Seconds: what was not written to for so long before the log that is being read is an old one.
_OLD = 86400.0
_MOST_OLD = 5


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
        self.places = {place.name: place for place in places} | self.places
        for name in gone:
            self.places.pop(name, None)


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
    has any more."""

    parts: list[Part] = field(default_factory=list)
    marks: list[Place] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


def plan(
    files: Sequence[Path], known: Known, *, newest_alone: bool, all_of_them: bool = False
) -> Plan:
    """What is to be read. `files` are the logs, oldest first. `newest_alone`: only the newest
    grows, and is finished once there is a newer one; otherwise any of them may. Before anything
    was read it is the newest, or `all_of_them`. Raises OSError."""
    if not known.places:
        return _first(files, newest_alone=newest_alone, all_of_them=all_of_them)
    found = Plan()
    names = {path.name for path in files}
    read = [name for name, place in known.places.items() if place.offset != _PASSED_BY]
    for path in _growing(files, known, read[-_MAY_GROW:] if newest_alone else read):
        place = known.places[path.name]
        if is_at(path, place):
            found.parts.append(Part(path, path.name, place.offset, not place.offset, last=True))
            continue
        moved = next((p for p in _others(path.parent, path.name, place) if is_at(p, place)), None)
        if moved is not None:
            found.parts.append(_moved(found, moved, place, names, last=False))
        found.parts.append(Part(path, path.name, 0, new=True, last=True))
    for name, path in _renamed(files, known, names, newest_alone=newest_alone):
        found.parts.append(_moved(found, path, known.places[name], names, last=True))
    taken = {part.path for part in found.parts}
    fresh = [path for path in files if path.name not in known.places and path not in taken]
    fresh = [path for path in fresh if not _is_known(path, known, found)]
    later = _later(fresh, known, found) if newest_alone else fresh
    found.parts += [Part(path, path.name, 0, new=True, last=True) for path in later]
    return _in_order(found, files, newest_alone=newest_alone)


def _growing(files: Sequence[Path], known: Known, names: Sequence[str]) -> list[Path]:
    """Those of these logs that are not as they were, the one that was read last at the end."""
    paths = {path.name: path for path in files}
    here = [paths[name] for name in names if name in paths]
    return [path for path in here if known.looks.get(path.name) != look(path)]


def _first(files: Sequence[Path], *, newest_alone: bool, all_of_them: bool) -> Plan:
    wanted = files if all_of_them else files[-1:]
    passed = [path for path in files if path not in wanted]
    marks = [_passed_by(path) if newest_alone else at_the_end(path) for path in passed]
    parts = [Part(path, path.name, 0, new=True, last=True) for path in wanted]
    return _in_order(Plan(parts, marks), files, newest_alone=newest_alone)


def _in_order(found: Plan, files: Sequence[Path], *, newest_alone: bool) -> Plan:
    """Where one log follows the other, what is half written in all but the last is all there
    will be of it; where any may grow, they are read in the order of their last change."""
    if newest_alone:
        last = found.parts[-1:]
        found.parts = [Part(p.path, p.name, p.offset, p.new, last=[p] == last) for p in found.parts]
    else:
        place = {path: number for number, path in enumerate(files)}
        found.parts.sort(key=lambda part: (place.get(part.path, -1), part.new))
    return found


def _moved(found: Plan, path: Path, place: Place, names: set[str], *, last: bool) -> Part:
    """The rest of a file that has another name now. Where that is a log's as well, the place
    goes with it."""
    name = path.name if path.name in names else place.name
    if name != place.name:
        found.gone.append(place.name)
        found.marks.append(
            Place(name, place.inode, place.offset, place.head_size, place.head, place.tail)
        )
    return Part(path, name, place.offset, new=not place.offset, last=last)


def _renamed(
    files: Sequence[Path], known: Known, names: set[str], *, newest_alone: bool
) -> Iterator[tuple[str, Path]]:
    """Logs whose name is not there any more, and where they are now."""
    folders = {path.parent for path in files}
    for name in [known.current] if newest_alone else known.places:
        place = known.places[name]
        if name in names or place.offset <= 0:
            continue
        others = (p for folder in folders for p in _others(folder, name, place))
        if not newest_alone:
            others = (p for p in others if _inode(p) == place.inode)
        if (moved := next((p for p in others if is_at(p, place)), None)) is not None:
            yield name, moved


def _is_known(path: Path, known: Known, found: Plan) -> bool:
    """Whether a new file is a copy of one that was read; then only what it has more is new."""
    for place in known.places.values():
        if place.offset <= 0 or not (is_at(path, place) or is_copy(path, place)):
            continue
        end = at_the_end(path)
        short = place.offset < 1024  # it may have no more than a title in common
        if short and end.offset > place.offset:
            found.parts.append(Part(path, path.name, place.offset, new=False, last=True))
        else:
            found.marks.append(end)
        return True
    return False


def _later(fresh: Sequence[Path], known: Known, found: Plan) -> list[Path]:
    """Those that were begun after the one being read: by their names, or, as clocks are set
    back, by when they were written to. Of others, only what is yet to come is read."""
    named = [path for path in fresh if path.name.lower() > known.current.lower()]
    earlier = [path for path in fresh if path not in named]
    if not earlier:
        return named
    current = [part.path for part in found.parts] or [fresh[0].parent / known.current]
    since = max(map(_changed, current)) - _OLD
    old = [path for path in earlier if _changed(path) < since]
    many = len(old) > _MOST_OLD
    found.marks += [_passed_by(path) if many else at_the_end(path) for path in old]
    return named + sorted((p for p in earlier if p not in old), key=_changed)


def _passed_by(path: Path) -> Place:
    return Place(path.name, 0, _PASSED_BY, 0, "", "")


def _others(folder: Path, name: str, place: Place) -> Iterator[Path]:
    """Where a file may have gone to, the likeliest first."""
    some = [p for p in islice(folder.iterdir(), _MOST_LOOKED_AT) if p.name != name and p.is_file()]
    yield from sorted(some, key=lambda p: (_inode(p) != place.inode, p.name))


def look(path: Path) -> tuple[int, int, int]:
    """What changes when a file is written to, or is another one. Raises OSError."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return -1
