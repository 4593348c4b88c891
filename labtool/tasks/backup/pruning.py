"""`labtool backup prune`."""

from datetime import datetime, timedelta
from typing import Literal

from labtool.core.errors import LabtoolError
from labtool.core.task import Run
from labtool.tasks.backup import listings
from labtool.tasks.backup.age import PRUNED
from labtool.tasks.backup.catalogue import Catalogue
from labtool.tasks.backup.manifest import Ident, Manifest, mark
from labtool.tasks.backup.notice import is_known_bad, notice
from labtool.tasks.backup.places import Places
from labtool.tasks.backup.retention import Dated, staying
from labtool.tasks.backup.said import fail, remember, topic
from labtool.tasks.backup.scratch import sweep

# A part without a manifest that is this old is what a killed run left.
_ORPHAN = timedelta(days=2)


def prune(run: Run) -> None:
    """Remove what no rule keeps, at each place; and what killed runs left. Only what this
    machine made of sets that the config names: anything else is nobody's to remove."""
    places = Places(run.config)
    if not run.dry_run:
        sweep(run.config, places.section)
    for name, seen in places.looked_at():
        run.looked_at.add(topic(f"prune {name}"))
        try:
            if isinstance(seen, LabtoolError):
                raise seen
            if not run.dry_run:
                notice(run, places.section, name, seen)
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
    going: list[Manifest] = []
    for name, options in places.section.sets.items():
        if place not in options.places:
            continue  # it once was; whoever changed that decides about what is left there
        keep = places.section.keep_of(name, place)
        own = [one for one in seen.backups if one.set == name]
        others = [one for one in own if one.host != places.section.machine]
        if others:
            run.counts["of other machines"] += len(others)
        own = [one for one in own if one.host == places.section.machine]
        dated = [Dated(o.id, o.created, _state(run, place, seen, o)) for o in own]
        stay = staying(dated, keep, now, zone)
        going += [one for one in own if one.id not in stay]
    left = [file for file, said in seen.orphans.items() if _is_left(places, said, now)]
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


def _state(
    run: Run, place: str, seen: Catalogue, one: Manifest
) -> Literal["good", "incomplete", "broken"]:
    if one.id in seen.broken or is_known_bad(run.database, one.id, place):
        return "broken"
    return "good" if one.good else "incomplete"


def _is_left(places: Places, said: Ident, now: datetime) -> bool:
    """Whether a part without a manifest is what a killed run of this machine left."""
    mine = said.set in places.section.sets and said.host == mark(places.section.machine)
    return mine and now - said.at > _ORPHAN
