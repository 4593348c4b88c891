"""What runs remember of what they saw at a place, so that everything else can tell how the backups
are without asking anybody.
"""

from labtool.core.clock import iso
from labtool.core.database import Database, Marks
from labtool.core.task import Run
from labtool.tasks.backup.age import NEWEST, NONE, SPACE
from labtool.tasks.backup.catalogue import Catalogue
from labtool.tasks.backup.manifest import Manifest
from labtool.tasks.backup.retention import AHEAD
from labtool.tasks.backup.section import Backup

_FAILED = "failed"


def notice(run: Run, section: Backup, place: str, seen: Catalogue) -> None:
    """Remember of each set that is kept at a place how old the newest of its copies is that
    is whole, as far as this machine made it; or that none is left."""
    marks, now = Marks(run.database, SPACE), run.clock.now()
    for name, options in section.sets.items():
        if place not in options.places:
            continue
        key = f"{NEWEST}:{name}@{place}"
        whole = [
            one
            for one in seen.whole(name, section.machine)
            if one.created - now <= AHEAD and not is_known_bad(run.database, one.id, place)
        ]
        if whole:
            marks.put(key, iso(whole[0].created), iso(now))
        elif marks.get(key) is not None or any(one.set == name for one in seen.backups):
            marks.put(key, NONE, iso(now))


def saved(run: Run, place: str, manifest: Manifest) -> None:
    """Remember a backup that was just made."""
    marks, key = Marks(run.database, SPACE), f"{NEWEST}:{manifest.set}@{place}"
    if manifest.good:
        marks.put(key, iso(manifest.created), iso(run.clock.now()))
    elif marks.get(key) is None:
        marks.put(key, NONE, iso(run.clock.now()))


def verified(run: Run, place: str, ident: str, *, good: bool) -> None:
    """Remember whether a backup was found to be whole."""
    marks, key = Marks(run.database, SPACE), f"{_FAILED}:{ident}@{place}"
    if good:
        marks.remove(key)
    else:
        marks.put(key, "", iso(run.clock.now()))


def is_known_bad(database: Database, ident: str, place: str) -> bool:
    """Whether a backup was not whole when it was last looked at."""
    return Marks(database, SPACE).get(f"{_FAILED}:{ident}@{place}") is not None
