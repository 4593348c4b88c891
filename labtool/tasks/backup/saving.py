"""`labtool backup run`."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from labtool.core.database import Marks
from labtool.core.errors import Failed, LabtoolError, UsageError
from labtool.core.log import complain
from labtool.core.task import Run
from labtool.tasks.backup import aside, listings, notice
from labtool.tasks.backup.age import PRUNED, SPACE
from labtool.tasks.backup.destinations._base import Destination
from labtool.tasks.backup.hooks import call
from labtool.tasks.backup.make import Made, Making, Progress, make
from labtool.tasks.backup.manifest import Manifest, mark, parse_name
from labtool.tasks.backup.places import Places
from labtool.tasks.backup.said import fail, remember, topic
from labtool.tasks.backup.scratch import scratch, sweep
from labtool.tasks.backup.section import RESTIC, Set

# Hears how far a set is: its name, files, bytes, and the bytes that are expected.
Watch = Callable[[str, int, int, int], object]


def run_sets(run: Run, names: Sequence[str] = (), watch: Watch = lambda *_: None) -> None:
    """Save the named sets, or all. One that fails, or a destination that is down, does not
    stop the others. Raises UsageError for a name that no set has."""
    places = Places(run.config)
    if not run.dry_run:
        sweep(run.config, places.section)
        aside.sweep(run.config, places.section)
    for name in _chosen(places, names):
        if run.dry_run:
            run.result.setdefault("would save", []).append(name)
            continue
        run.looked_at.add(topic(name))
        if places.section.sets[name].engine == RESTIC:
            _save_snapshot(run, places, name)
            continue
        try:
            with scratch(run.config, places.section, "save") as folder:
                _save(run, places, name, folder, watch)
        except LabtoolError as error:  # there is no such folder
            fail(run, name, error)
            _call(run, name, "on_error", places.section.sets[name].on_error)
    run.shown = run.dry_run


def _save(run: Run, places: Places, name: str, folder: Path, watch: Watch) -> None:
    options = places.section.sets[name]
    open_: dict[str, Destination] = {}
    for to in options.to:
        try:
            open_[to] = places.destination(to)
            open_[to].sweep(partial(_is_of, name, mark(places.section.machine)))
        except LabtoolError as error:
            open_.pop(to, None)
            fail(run, name, error, to)
    if not open_:
        _call(run, name, "on_error", options.on_error)
        return
    try:
        call(options.before, run.config.base)
        last = _looked(run, places, name, options.to)
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
        _call(run, name, "on_error", options.on_error)
        return
    _report(run, places, name, made)
    _then(run, name, options, good=made.manifest.good and not made.errors)


def _save_snapshot(run: Run, places: Places, name: str) -> None:
    options = places.section.sets[name]
    try:
        call(options.before, run.config.base)
        manifest = places.snapshots.save(name, _looked(run, places, name, (RESTIC,)))
    except Exception as error:  # noqa: BLE001  (one set that fails stops no other)
        fail(run, name, error)
        _call(run, name, "on_error", options.on_error)
        return
    _report(run, places, name, Made(manifest, [RESTIC]))
    _then(run, name, options, good=manifest.good)


def _then(run: Run, name: str, options: Set, *, good: bool) -> None:
    if good:
        _call(run, name, "after", options.after)
    else:
        _call(run, name, "on_error", options.on_error)


def _call(run: Run, name: str, hook: str, commands: Sequence[Sequence[str]]) -> None:
    """Call the programs of a hook, each whatever became of those before it."""
    for command in commands:
        try:
            call([command], run.config.base)
        except LabtoolError as error:
            error.where = f"{hook}: {error.where}"
            fail(run, name, error)


def _report(run: Run, places: Places, name: str, made: Made) -> None:
    marks = Marks(run.database, SPACE)
    for to in made.at:
        places.changed(to)
        run.counts["saved"] += 1
        if marks.get(f"{PRUNED}:{to}") is None:
            # From now on somebody should remove old ones.
            remember(run, f"{PRUNED}:{to}")
        notice.saved(run, to, made.manifest)
    for to, error in made.errors.items():
        fail(run, name, error, to)
    run.result.setdefault("saved", []).append(made.manifest.id)
    for note in made.manifest.notes:
        complain(f"backup {name}: {note}")
    if not made.manifest.good:
        fail(run, name, _unread(made.manifest))


def _looked(run: Run, places: Places, name: str, to: Sequence[str]) -> Manifest | None:
    """The newest good backup of a set; what is seen on the way is remembered."""
    for place in to:
        with suppress(LabtoolError):
            notice.notice(run, places.section, place, places.catalogue(place))
    return places.newest(name, to)


def _unread(manifest: Manifest) -> Failed:
    first, *more = manifest.problems
    also = f", and {len(more)} more" if more else ""
    fix = f"the rest is saved; labtool backup show {manifest.id} names them"
    return Failed(f"{first}{also}", where="not saved", fix=fix, code="unread")


def _progress(name: str, last: Manifest | None, watch: Watch) -> Progress:
    expected = last.bytes if last else 0
    return lambda files, size: watch(name, files, size, expected)


def _is_of(name: str, host: str, file: str) -> bool:
    """Whether a file's name is that of a part of a machine's backup of a set."""
    found = parse_name(file)
    return found is not None and (found.set, found.host) == (name, host)


def _chosen(places: Places, names: Sequence[str]) -> list[str]:
    for name in names:
        if name not in places.section.sets:
            known = ", ".join(places.section.sets)
            raise UsageError(f"there is no set {name}", fix=f"there are: {known}")
    return list(names or places.section.sets)
