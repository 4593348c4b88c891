"""`labtool backup run`."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from labtool.core.clock import iso
from labtool.core.database import Marks
from labtool.core.errors import Failed, LabtoolError, UsageError
from labtool.core.task import Run
from labtool.tasks.backup import listings
from labtool.tasks.backup.age import NEWEST, PRUNED, SPACE
from labtool.tasks.backup.destinations._base import Destination
from labtool.tasks.backup.hooks import call
from labtool.tasks.backup.make import Made, Making, Progress, make
from labtool.tasks.backup.manifest import Manifest, parse_id
from labtool.tasks.backup.places import Places
from labtool.tasks.backup.said import fail, remember, topic
from labtool.tasks.backup.scratch import scratch
from labtool.tasks.backup.section import RESTIC

# Hears how far a set is: its name, files, bytes, and the bytes that are expected.
Watch = Callable[[str, int, int, int], object]


def run_sets(run: Run, names: Sequence[str] = (), watch: Watch = lambda *_: None) -> None:
    """Save the named sets, or all. One that fails, or a destination that is down, does not
    stop the others. Raises UsageError for a name that no set has."""
    places = Places(run.config)
    for name in _chosen(places, names):
        if run.dry_run:
            run.result.setdefault("would save", []).append(name)
            continue
        run.looked_at.add(topic(name))
        if places.section.sets[name].engine == RESTIC:
            _save_snapshot(run, places, name)
        else:
            with scratch(run.config, places.section, "save") as folder:
                _save(run, places, name, folder, watch)
    run.shown = run.dry_run


def _save(run: Run, places: Places, name: str, folder: Path, watch: Watch) -> None:
    options = places.section.sets[name]
    open_: dict[str, Destination] = {}
    for to in options.to:
        try:
            open_[to] = places.destination(to)
            open_[to].sweep(partial(_is_of, name))
        except LabtoolError as error:
            open_.pop(to, None)
            fail(run, name, error, to)
    if not open_:
        call(options.on_error, run.config.base)
        return
    try:
        call(options.before, run.config.base, must=True)
        last = places.newest(name, options.to)
        made = make(
            Making(
                name,
                options,
                run.config,
                open_,
                last,
                places.taken(),
                run.clock.now,
                folder,
                partial(listings.keep, run.config),
                _progress(name, last, watch),
            )
        )
    except Exception as error:  # noqa: BLE001  (one set that fails stops no other)
        fail(run, name, error)
        call(options.on_error, run.config.base)
        return
    _report(run, places, name, made)
    bad = made.errors or not made.manifest.good
    call(options.on_error if bad else options.after, run.config.base)


def _save_snapshot(run: Run, places: Places, name: str) -> None:
    options = places.section.sets[name]
    try:
        call(options.before, run.config.base, must=True)
        manifest = places.snapshots.save(name, places.newest(name, (RESTIC,)))
    except Exception as error:  # noqa: BLE001  (one set that fails stops no other)
        fail(run, name, error)
        call(options.on_error, run.config.base)
        return
    _report(run, places, name, Made(manifest, [RESTIC]))
    call(options.after if manifest.good else options.on_error, run.config.base)


def _report(run: Run, places: Places, name: str, made: Made) -> None:
    marks = Marks(run.database, SPACE)
    for to in made.at:
        places.changed(to)
        run.counts["saved"] += 1
        if marks.get(f"{PRUNED}:{to}") is None:
            # From now on somebody should remove old ones.
            remember(run, f"{PRUNED}:{to}")
        if made.manifest.good:
            marks.put(f"{NEWEST}:{name}@{to}", iso(made.manifest.created), iso(run.clock.now()))
    for to, error in made.errors.items():
        fail(run, name, error, to)
    run.result.setdefault("saved", []).append(made.manifest.id)
    if not made.manifest.good:
        fail(run, name, _unread(made.manifest))


def _unread(manifest: Manifest) -> Failed:
    first, *more = manifest.problems
    also = f", and {len(more)} more" if more else ""
    fix = f"the rest is saved; labtool backup show {manifest.id} names them"
    return Failed(f"{first}{also}", where="not saved", fix=fix, code="unread")


def _progress(name: str, last: Manifest | None, watch: Watch) -> Progress:
    expected = last.bytes if last else 0
    return lambda files, size: watch(name, files, size, expected)


def _is_of(name: str, file: str) -> bool:
    """Whether a file's name is that of a part of a set's backup."""
    found = parse_id(file.partition(".")[0])
    return found is not None and found[0] == name


def _chosen(places: Places, names: Sequence[str]) -> list[str]:
    for name in names:
        if name not in places.section.sets:
            known = ", ".join(places.section.sets)
            raise UsageError(f"there is no set {name}", fix=f"there are: {known}")
    return list(names or places.section.sets)
