"""`labtool backup restore`."""

from collections.abc import Sequence
from pathlib import Path

from labtool.core.errors import Failed, UsageError
from labtool.core.task import Run
from labtool.core.text import one_line
from labtool.tasks.backup.manifest import Dump, Manifest
from labtool.tasks.backup.places import Copy, Places


def restore(
    run: Run, ident: str, to: Path, paths: Sequence[str], *, place: str, force: bool
) -> None:
    """Put a backup, or what is below `paths` in it, into a folder; from `place`, or from the
    first that has it. Raises UsageError and Failed."""
    places = Places(run.config)
    copy = _chosen(places, ident, place)
    if run.dry_run:
        _say(run, f"{ident} from {copy.place}")
        return
    done = places.shelf(copy.place).restore(copy.manifest, to, paths, force=force)
    run.counts["restored"] = done.count
    for problem in done.problems:
        run.fail(Failed(problem, where=ident, code="not_restored"))
    if not done.count and not done.problems:
        fix = f"labtool backup show {ident} --files names them{_perhaps(places, copy, paths)}"
        raise UsageError(f"{ident} has nothing below {' '.join(paths)}", fix=fix)


def restore_database(
    run: Run, ident: str, database: str, paths: Sequence[str], *, place: str, force: bool
) -> None:
    """Put a backup's dump, or the one at a path in it, into a database of the server that
    its set names. Raises UsageError and Failed."""
    places = Places(run.config)
    copy = _chosen(places, ident, place)
    dump = _dump(copy.manifest, paths)
    if run.dry_run:
        _say(run, f"{dump.path} of {ident} from {copy.place} to the database {database}")
        return
    shelf = places.shelf(copy.place)
    differences = shelf.refill(copy.manifest, dump, database, force=force)
    run.counts["tables restored"] = len(dump.tables)
    for difference in differences:
        run.fail(Failed(difference, where=f"database {database}", code="not_restored"))


def _chosen(places: Places, ident: str, place: str) -> Copy:
    found = [copy for copy in places.copies(ident) if place in ("", copy.place)]
    if not found:
        raise UsageError(f"{ident} is not at {place}", fix="leave out --from")
    return found[0]


def _dump(manifest: Manifest, paths: Sequence[str]) -> Dump:
    """The dump that is meant. Files of SQLite are restored as files."""
    known = [one for one in manifest.dumps if one.kind != "sqlite"]
    found = [one for one in known if not paths or one.path in paths]
    if len(found) == 1:
        return found[0]
    if not known:
        files = any(one.kind == "sqlite" for one in manifest.dumps)
        fix = "SQLite is a file: restore it --to a folder" if files else "name another"
        raise UsageError(f"{manifest.id} has no database of a server", fix=fix)
    names = " or ".join(one.path for one in known)
    raise UsageError("which database?", fix=f"name {names} after the ID")


def _perhaps(places: Places, copy: Copy, paths: Sequence[str]) -> str:
    """The first of what ends as one of the paths does, where somebody left out where it is."""
    ends = tuple(f"/{path.strip('/')}" for path in paths)
    for record in places.shelf(copy.place).records(copy.manifest):
        if record.path.endswith(ends):
            return f"; did you mean {one_line(record.path, 200)}?"
    return ""


def _say(run: Run, what: str) -> None:
    run.result["would restore"] = what
    run.shown = True
