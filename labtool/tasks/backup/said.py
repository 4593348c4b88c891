"""How what goes wrong with a backup is told, under which topic, and what is remembered of it."""

from labtool.core.clock import iso
from labtool.core.database import Marks
from labtool.core.errors import LabtoolError
from labtool.core.run import bug
from labtool.core.task import Run
from labtool.tasks.backup.age import SPACE


def topic(name: str) -> str:
    """What errors of a set, or of a backup, are known by."""
    return f"backup {name}"


def fail(run: Run, name: str, error: Exception, place: str = "") -> None:
    """Tell an error of a set or a backup at a place."""
    known = error if isinstance(error, LabtoolError) else bug(error, run.task)
    known.topic = topic(name)
    where = " to ".join(part for part in (topic(name), place) if part)
    if not known.where.startswith("backup "):
        known.where = f"{where}: {known.where}".removesuffix(": ")
    run.fail(known)


def remember(run: Run, key: str, value: str = "") -> None:
    """Remember that something was done now."""
    now = iso(run.clock.now())
    Marks(run.database, SPACE).put(key, f"{now} {value}".strip(), now)
