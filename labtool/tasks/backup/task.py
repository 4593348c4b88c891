"""`labtool backup`: run, verify, restore, prune."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from labtool.core.clock import iso
from labtool.core.database import Marks
from labtool.core.errors import Failed, LabtoolError, UsageError
from labtool.core.run import bug
from labtool.core.task import Run
from labtool.tasks.backup.age import NEWEST, PRUNED, SPACE, VERIFIED
from labtool.tasks.backup.destinations._base import Destination
from labtool.tasks.backup.hooks import call
from labtool.tasks.backup.make import Made, make
from labtool.tasks.backup.manifest import Manifest
from labtool.tasks.backup.places import Copy, Places
from labtool.tasks.backup.restore import restore as put_back
from labtool.tasks.backup.retention import Dated, staying
from labtool.tasks.backup.unpack import members
from labtool.tasks.backup.verify import drill, verify

# A part without a manifest that is this old is what a killed run left.
_ORPHAN = timedelta(days=2)


def run_sets(run: Run, names: Sequence[str] = ()) -> None:
    """Save the named sets, or all. One that fails, or a destination that is down, does not
    stop the others. Raises UsageError for a name that no set has."""
    places = Places(run.config)
    for name in _chosen(places, names):
        if run.dry_run:
            run.result.setdefault("would save", []).append(name)
            continue
        _save(run, places, name)
    if run.dry_run:
        run.shown = True


def _save(run: Run, places: Places, name: str) -> None:
    options = places.section.sets[name]
    run.looked_at.add(_topic(name))
    open_: dict[str, Destination] = {}
    for to in options.to:
        try:
            open_[to] = places.destination(to)
            open_[to].sweep()
        except LabtoolError as error:
            open_.pop(to, None)
            _fail(run, name, error, to)
    if not open_:
        call(options.on_error, run.config.base)
        return
    try:
        call(options.before, run.config.base, must=True)
        last = places.newest(name, options.to)
        made = make(name, options, run.config, open_, last, places.taken(), run.clock.now)
    except Exception as error:  # noqa: BLE001  (one set that fails stops no other)
        _fail(run, name, error)
        call(options.on_error, run.config.base)
        return
    _report(run, places, name, made)
    call(options.on_error if made.errors else options.after, run.config.base)


def _report(run: Run, places: Places, name: str, made: Made) -> None:
    marks = Marks(run.database, SPACE)
    for to in made.at:
        places.changed(to)
        run.counts["saved"] += 1
        if made.manifest.good:
            marks.put(f"{NEWEST}:{name}@{to}", iso(made.manifest.created), iso(run.clock.now()))
    for to, error in made.errors.items():
        _fail(run, name, error, to)
    run.result.setdefault("saved", []).append(made.manifest.id)
    if not made.manifest.good:
        first, *more = made.manifest.problems
        also = f", and {len(more)} more" if more else ""
        fix = f"the rest is saved; labtool backup show {made.manifest.id} names them"
        _fail(run, name, Failed(f"{first}{also}", where="not saved", fix=fix, code="unread"))


def verify_some(run: Run, idents: Sequence[str], *, latest: bool, restoring: bool) -> None:
    """Verify backups at each of their destinations: those that are named, the newest of each
    set, or all. Raises UsageError for one that is nowhere."""
    places = Places(run.config)
    marks = Marks(run.database, SPACE)
    for copy in _to_verify(run, places, idents, latest=latest):
        where, ident = f"{copy.manifest.id} at {copy.place}", copy.manifest.id
        run.looked_at.add(_topic(ident))
        try:
            destination = places.destination(copy.place)
            if restoring:
                count = drill(destination, copy.manifest, None)
            else:
                count = verify(destination, copy.manifest)
        except Exception as error:  # noqa: BLE001  (a backup that is damaged stops no other)
            _fail(run, ident, error, copy.place)
            continue
        run.counts["verified"] += 1
        run.result.setdefault("verified", []).append(where)
        how = "drill" if restoring else "read"
        now = iso(run.clock.now())
        marks.put(f"{VERIFIED}:{copy.manifest.set}@{copy.place}", f"{now} {how} {count}", now)


def _to_verify(run: Run, places: Places, idents: Sequence[str], *, latest: bool) -> list[Copy]:
    if idents:
        return [copy for ident in idents for copy in places.copies(ident)]
    found: list[Copy] = []
    for name, seen in places.looked_at():
        if isinstance(seen, LabtoolError):
            _fail(run, name, seen, name)
            continue
        for error in seen.damaged:
            _fail(run, name, error, name)
        done = set[str]()
        for one in seen.backups:
            if not (latest and one.set in done):
                found.append(Copy(one, name))
            done.add(one.set)
    return found


def restore(
    run: Run, ident: str, to: Path, paths: Sequence[str], *, place: str, force: bool
) -> None:
    """Put a backup, or what is below `paths` in it, into a folder; from `place`, or from the
    first destination that has it. Raises UsageError and Failed."""
    places = Places(run.config)
    copies = [copy for copy in places.copies(ident) if place in ("", copy.place)]
    if not copies:
        raise UsageError(f"{ident} is not at {place}", fix="leave out --from")
    destination = places.destination(copies[0].place)
    if run.dry_run:
        run.result["would restore"] = f"{ident} from {copies[0].place}"
        run.shown = True
        return
    done = put_back(members(destination, copies[0].manifest), to, paths, force=force)
    run.counts["restored"] = done.count
    for problem in done.problems:
        run.fail(Failed(problem, where=ident, code="not_restored"))
    if not done.count and not done.problems:
        fix = f"labtool backup show {ident} --files names them"
        raise UsageError(f"{ident} has nothing below {' '.join(paths)}", fix=fix)


def prune(run: Run) -> None:
    """Remove what no rule keeps, at each destination; and what killed runs left."""
    places = Places(run.config)
    for name, seen in places.looked_at():
        run.looked_at.add(_topic(f"prune {name}"))
        try:
            if isinstance(seen, LabtoolError):
                raise seen
            _prune(run, places, name)
        except LabtoolError as error:
            _fail(run, f"prune {name}", error)
            continue
        if not run.dry_run:
            now = iso(run.clock.now())
            Marks(run.database, SPACE).put(f"{PRUNED}:{name}", now, now)
    run.shown = run.dry_run


def _prune(run: Run, places: Places, place: str) -> None:
    now, zone = run.clock.now(), run.config.core.lab.timezone
    seen, destination = places.catalogue(place), places.destination(place)
    going: list[Manifest] = []
    for name in dict.fromkeys(one.set for one in seen.backups):
        if name not in places.section.sets:
            continue  # a set that was renamed, or of another config: nobody's to remove
        keep = places.section.keep_of(name, place)
        own = [one for one in seen.backups if one.set == name]
        stay = staying([Dated(o.id, o.created, o.good) for o in own], keep, now, zone)
        going += [one for one in own if one.id not in stay]
    left = [
        name for name, at in seen.orphans.items() if now - at > _ORPHAN and _is_ours(places, name)
    ]
    if run.dry_run:
        run.result.setdefault("would remove", {})[place] = [*(one.id for one in going), *left]
        return
    for one in going:
        # The manifest first: what is half gone is no backup.
        for part in (f"{one.id}.json", one.archive.name, one.files.name):
            destination.remove(part)
        run.counts["removed"] += 1
    for part in left:
        destination.remove(part)
        run.counts["leftovers removed"] += 1
    places.changed(place)


def _is_ours(places: Places, name: str) -> bool:
    return any(name.startswith(f"{known}-") for known in places.section.sets)


def _chosen(places: Places, names: Sequence[str]) -> list[str]:
    for name in names:
        if name not in places.section.sets:
            known = ", ".join(places.section.sets)
            raise UsageError(f"there is no set {name}", fix=f"there are: {known}")
    return list(names or places.section.sets)


def _topic(name: str) -> str:
    return f"backup {name}"


def _fail(run: Run, name: str, error: Exception, place: str = "") -> None:
    known = error if isinstance(error, LabtoolError) else bug(error, run.task)
    known.topic = _topic(name)
    where = " to ".join(part for part in (f"backup {name}", place) if part)
    if not known.where.startswith("backup "):
        known.where = f"{where}: {known.where}".removesuffix(": ")
    run.fail(known)
