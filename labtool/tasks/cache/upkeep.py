"""What must not stay: the history and the files of a kind that a source no longer has, what
became too old, and what was left by a run that was killed.
"""

import glob
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from labtool.core import kept
from labtool.core.clock import from_iso, iso
from labtool.core.database import Database, Marks
from labtool.core.files import unusable
from labtool.tasks.cache.history import History
from labtool.tasks.cache.memory import Memory

_DAY = "thinned"


def forget_kind(folder: Path, name: str, database: Database) -> None:
    """Forget what a source of another kind told under this name: what the names of its series
    say was meant for whoever may see that kind. Raises StateError."""
    for path in _beside(folder, name):
        _remove(path)
    History(database).forget(name)


def sweep(folder: Path, name: str) -> None:
    """Remove what a run that was killed has left of a source's file. Only for whose turn it
    is. Raises StateError."""
    for path in folder.glob(f".{glob.escape(name)}.*.tmp"):
        _remove(path)


def once_a_day(
    folder: Path, names: Collection[str], database: Database, keep: timedelta, now: datetime
) -> None:
    """Thin what is kept of every source, of those too that the config no longer `names`; all
    of these goes once it is too old. Raises StateError."""
    marks = Marks(database, "cache-upkeep")
    if marks.get(_DAY) == str(now.date()):
        return
    history, memory = History(database), Memory(database)
    for name in history.sources():
        with database.write():
            history.thin(name, keep, now)
    for name in {*memory.names(), *_files(folder)} - set(names):
        if now - _last(folder, name, memory) > keep:
            sweep(folder, name)
            for path in (*_beside(folder, name), folder / f"{name}.json"):
                _remove(path)
            with database.write():
                history.forget(name)
                memory.forget(name)
    marks.put(_DAY, str(now.date()), iso(now))


def _files(folder: Path) -> Iterator[str]:
    for path in folder.glob("[a-z0-9]*.json"):
        if kept.load(folder, path.stem):
            yield path.stem


def _last(folder: Path, name: str, memory: Memory) -> datetime:
    """When a source was asked last, as far as anybody knows."""
    found = kept.load(folder, name)
    at = from_iso(found.fetched_at) if found and found.fetched_at else None
    tried = memory.get(name).tried
    if at or tried:
        return max(moment for moment in (at, tried) if moment)
    try:
        newest = (folder / f"{name}.json").stat().st_mtime
    except OSError:
        return datetime.min.replace(tzinfo=UTC)
    return datetime.fromtimestamp(newest, UTC)


def _beside(folder: Path, name: str) -> Iterator[Path]:
    """A source's files apart from the cache file: no name of a source has a dot in it."""
    for path in folder.glob(f"{glob.escape(name)}.*"):
        if path.name != f"{name}.json":
            yield path


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise unusable(path, error, "move it away") from error
