"""`labtool backup prune`."""

import socket
from datetime import timedelta

from labtool.core.errors import LabtoolError
from labtool.core.task import Run
from labtool.tasks.backup import listings
from labtool.tasks.backup.age import PRUNED
from labtool.tasks.backup.catalogue import Catalogue
from labtool.tasks.backup.manifest import Manifest
from labtool.tasks.backup.places import Places
from labtool.tasks.backup.retention import Dated, staying
from labtool.tasks.backup.said import fail, remember, topic

# A part without a manifest that is this old is what a killed run left.
_ORPHAN = timedelta(days=2)


def prune(run: Run) -> None:
    """Remove what no rule keeps, at each place; and what killed runs left. Only what this
    machine made of sets that the config names: anything else is nobody's to remove."""
    places = Places(run.config)
    for name, seen in places.looked_at():
        run.looked_at.add(topic(f"prune {name}"))
        try:
            if isinstance(seen, LabtoolError):
                raise seen
            for error in seen.damaged:
                fail(run, f"prune {name}", error)
            _prune(run, places, name, seen)
        except LabtoolError as error:
            fail(run, f"prune {name}", error)
            continue
        if not run.dry_run and not seen.damaged:
            remember(run, f"{PRUNED}:{name}")
    if not run.dry_run:
        _forget(run, places)
    run.shown = run.dry_run


def _prune(run: Run, places: Places, place: str, seen: Catalogue) -> None:
    now, zone = run.clock.now(), run.config.core.lab.timezone
    here = socket.gethostname()
    going: list[Manifest] = []
    for name, options in places.section.sets.items():
        if place not in options.places:
            continue  # it once was; whoever changed that decides about what is left there
        keep = places.section.keep_of(name, place)
        own = [one for one in seen.backups if one.set == name and one.host == here]
        stay = staying([Dated(o.id, o.created, o.good) for o in own], keep, now, zone)
        going += [one for one in own if one.id not in stay]
    left = [file for file, at in seen.orphans.items() if now - at > _ORPHAN and _ours(places, file)]
    if run.dry_run:
        run.result.setdefault("would remove", {})[place] = [*(one.id for one in going), *left]
        return
    places.shelf(place).remove(going, left)
    places.changed(place)
    run.counts["removed"] += len(going)
    run.counts["leftovers removed"] += len(left)


def _forget(run: Run, places: Places) -> None:
    """Let go of what this machine knows of backups that are gone everywhere."""
    seen = [found for _, found in places.looked_at()]
    if not any(isinstance(found, LabtoolError) for found in seen):
        known = {one.id for found in seen if isinstance(found, Catalogue) for one in found.backups}
        listings.forget(run.config, known)


def _ours(places: Places, file: str) -> bool:
    return any(file.startswith(f"{known}-") for known in places.section.sets)
