"""`labtool backup verify`."""

from collections.abc import Sequence

from labtool.core.errors import Failed, LabtoolError
from labtool.core.log import complain
from labtool.core.task import Run
from labtool.tasks.backup import aside, notice
from labtool.tasks.backup.age import VERIFIED
from labtool.tasks.backup.catalogue import Catalogue
from labtool.tasks.backup.manifest import Manifest
from labtool.tasks.backup.places import Copy, Places
from labtool.tasks.backup.said import fail, remember, topic
from labtool.tasks.backup.scratch import scratch, sweep

# What says that the backup itself is bad, not the way to it.
_BAD = ("damaged", "not_there", "manifest")


def verify_some(run: Run, idents: Sequence[str], *, latest: bool, restoring: bool) -> None:
    """Verify backups at each of their places: those that are named, the newest of each set,
    or all; by reading, or by really `restoring` them. Raises UsageError for one that is
    nowhere."""
    places = Places(run.config)
    sweep(run.config, places.section)
    aside.sweep(run.config, places.section)
    for copy in _to_verify(run, places, idents, latest=latest):
        where, ident = f"{copy.manifest.id} at {copy.place}", copy.manifest.id
        run.looked_at.add(topic(ident))
        try:
            shelf = places.shelf(copy.place)
            if restoring:
                with scratch(run.config, places.section, "drill") as folder:
                    done = shelf.drill(copy.manifest, folder)
            else:
                done = shelf.verify(copy.manifest)
        except Exception as error:  # noqa: BLE001  (a backup that is damaged stops no other)
            fail(run, ident, error, copy.place)
            if not isinstance(error, LabtoolError) or error.code in _BAD:
                notice.verified(run, copy.place, ident, good=False)
                _remember(run, places, copy, f"failed 0 {ident}")
            continue
        if restoring:
            _tell_changed(copy.manifest)
        run.counts["verified"] += 1
        run.result.setdefault("verified", []).append(where)
        notice.verified(run, copy.place, ident, good=True)
        _remember(run, places, copy, f"{done.how} {done.count} {ident}")
    for name, seen in places.looked_at():
        if not isinstance(seen, LabtoolError):
            notice.notice(run, places.section, name, seen)


def _tell_changed(manifest: Manifest) -> None:
    for dump in manifest.dumps:
        if dump.changed:
            what = f"{dump.changed} of {len(dump.tables)} tables and the like of {dump.database}"
            complain(f"backup {manifest.id}: {what} changed while they were dumped: their content"
                     " could not be compared")  # fmt: skip


def _remember(run: Run, places: Places, copy: Copy, what: str) -> None:
    """What was found of a backup of this machine, as what is known of its set."""
    if copy.manifest.host == places.section.machine:
        remember(run, f"{VERIFIED}:{copy.manifest.set}@{copy.place}", what)


def _to_verify(run: Run, places: Places, idents: Sequence[str], *, latest: bool) -> list[Copy]:
    if idents:
        return [copy for ident in idents for copy in places.copies(ident)]
    found: list[Copy] = []
    for name, seen in places.looked_at():
        if isinstance(seen, LabtoolError):
            fail(run, name, seen, name)
            continue
        for error in seen.damaged:
            fail(run, name, error, name)
        found += [Copy(one, name) for one in _of_place(places, seen, latest=latest)]
        for missing in _without(places, name, seen):
            what = f"{missing} has no backup at {name}"
            fix = f"labtool backup run {missing}; look at what is at {name}"
            fail(run, missing, Failed(what, fix=fix, code="no_backup"))
    # What is remembered of a set is what was found of its newest.
    return found[::-1]


def _of_place(places: Places, seen: Catalogue, *, latest: bool) -> list[Manifest]:
    """All of a place, or the newest that this machine has there of each set."""
    if not latest:
        return list(seen.backups)
    newest: dict[str, Manifest] = {}
    for one in seen.backups:
        if one.host == places.section.machine:
            newest.setdefault(one.set, one)
    return list(newest.values())


def _without(places: Places, place: str, seen: Catalogue) -> list[str]:
    """The sets that should be at a place and are not."""
    if seen.damaged:
        return []  # that is what is told
    there = {one.set for one in seen.backups}
    sets = places.section.sets.items()
    return [name for name, one in sets if place in one.places and name not in there]
