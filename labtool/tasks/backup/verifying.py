"""`labtool backup verify`."""

from collections.abc import Sequence

from labtool.core.errors import LabtoolError
from labtool.core.task import Run
from labtool.tasks.backup.age import VERIFIED
from labtool.tasks.backup.places import Copy, Places
from labtool.tasks.backup.said import fail, remember, topic
from labtool.tasks.backup.scratch import scratch


def verify_some(run: Run, idents: Sequence[str], *, latest: bool, restoring: bool) -> None:
    """Verify backups at each of their places: those that are named, the newest of each set,
    or all; by reading, or by really `restoring` them. Raises UsageError for one that is
    nowhere."""
    places = Places(run.config)
    for copy in _to_verify(run, places, idents, latest=latest):
        where, ident = f"{copy.manifest.id} at {copy.place}", copy.manifest.id
        run.looked_at.add(topic(ident))
        key = f"{VERIFIED}:{copy.manifest.set}@{copy.place}"
        try:
            shelf = places.shelf(copy.place)
            if restoring:
                with scratch(run.config, places.section, "drill") as folder:
                    done = shelf.drill(copy.manifest, folder)
            else:
                done = shelf.verify(copy.manifest)
        except Exception as error:  # noqa: BLE001  (a backup that is damaged stops no other)
            fail(run, ident, error, copy.place)
            if not isinstance(error, LabtoolError) or error.code == "damaged":
                remember(run, key, f"failed 0 {ident}")
            continue
        run.counts["verified"] += 1
        run.result.setdefault("verified", []).append(where)
        remember(run, key, f"{done.how} {done.count} {ident}")


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
        done = set[str]()
        for one in seen.backups:
            if not (latest and one.set in done):
                found.append(Copy(one, name))
            done.add(one.set)
    # What is remembered of a set is what was found of its newest.
    return found[::-1]
