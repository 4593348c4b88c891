"""`labtool backup`: run, list, show, diff, restore, verify, prune."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labtool.commands import _options as o

if TYPE_CHECKING:
    from labtool.core.task import Run
    from labtool.services.build import Services

app = typer.Typer(add_completion=False, no_args_is_help=True)

Ident = Annotated[str, typer.Argument(metavar="ID", help="As labtool backup list names it.")]


@app.callback()
def backup(context: typer.Context, config: o.ConfigOption = "") -> None:
    """Save files, prove that they come back, and bring them back."""
    context.obj = config


@app.command()
def run(
    context: typer.Context,
    sets: Annotated[
        list[str] | None, typer.Argument(metavar="SET", help="Only these; default: all.")
    ] = None,
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Save the sets, each to its destinations."""
    names = tuple(sets or ())

    def work(run: "Run", _: "Services") -> None:
        from labtool.tasks.backup.task import run_sets

        run_sets(run, names)
        for name in run.result.get("would save", ()) if run.dry_run and not json else ():
            print(f"would save {name}")

    options = o.Options(config or context.obj, dry_run, at, json, verbose)
    o.task("backup", ("run", *names), options, context, work)


@app.command("list")
def list_(
    context: typer.Context,
    config: o.ConfigOption = "",
    at: o.AtLook = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Every backup, where it is, and whether all is in it."""

    def body() -> int:
        from labtool.commands import _show as show
        from labtool.core.cells import size
        from labtool.core.errors import LabtoolError
        from labtool.core.log import complain
        from labtool.tasks.backup.places import Places

        lab = o.load(config or context.obj, context)
        zone, now = lab.core.lab.timezone, o.clock(lab, at).now()
        status, found = 0, []
        for place, seen in Places(lab).looked_at():
            if isinstance(seen, LabtoolError):
                complain(f"{place}: {seen}")
                status = status or seen.exit_status
                continue
            for error in seen.damaged:
                complain(f"{place}: {error}")
                status = 1
            found += [(one, place) for one in seen.backups]
        found.sort(key=lambda one: (one[0].set, one[0].created, one[1]), reverse=True)
        if json:
            show.document([{"id": one.id, "set": one.set, "at": place, "created": one.created,
                            "files": one.count, "bytes": one.bytes, "stored": one.archive.bytes,
                            "good": one.good} for one, place in found])  # fmt: skip
            return status
        rows = [
            [
                one.id,
                show.moment(one.created, zone, now),
                place,
                str(one.count),
                size(one.bytes).text,
                size(one.archive.bytes).text,
                "" if one.good else f"{len(one.problems)} files are missing",
            ]
            for one, place in found
        ]
        columns = ("id", "when", "at", "files", "size", "stored", "note")
        show.table(columns, rows, "There are no backups yet: labtool backup run")
        return status

    o.finish(body, verbose=verbose, json=json)


@app.command()
def show(
    context: typer.Context,
    ident: Ident,
    files: Annotated[
        bool, typer.Option("--files", metavar="", help="Name every file in it.")
    ] = False,
    config: o.ConfigOption = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """What a backup is, and what is in it."""

    def body() -> int:
        from dataclasses import asdict

        from labtool.commands import _show as show
        from labtool.core.cells import size
        from labtool.core.text import one_line
        from labtool.tasks.backup.places import Places
        from labtool.tasks.backup.unpack import records

        places = Places(o.load(config or context.obj, context))
        copies = places.copies(ident)
        manifest, where = copies[0].manifest, [copy.place for copy in copies]
        found = records(places.destination(where[0]), manifest) if files else ()
        if json:
            document = {**asdict(manifest), "at": where, "good": manifest.good}
            show.document(
                {**document, **({"listing": [asdict(r) for r in found]} if files else {})}
            )
            return 0
        print(f"{manifest.id} at {', '.join(where)}")
        print(f"  made on {manifest.host} by labtool {manifest.labtool}")
        stored = size(manifest.archive.bytes).text
        print(f"  {manifest.count} files, {size(manifest.bytes).text}, stored as {stored}")
        for problem in manifest.problems:
            print(f"  not saved: {one_line(problem, 1000)}")
        for record in found:
            print(f"{size(record.size).text:>10}  {one_line(record.path, 1000)}")
        return 0

    o.finish(body, verbose=verbose, json=json)


@app.command()
def diff(
    context: typer.Context,
    old: Ident,
    new: Ident,
    config: o.ConfigOption = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """What was added, changed and removed between two backups."""

    def body() -> int:
        from labtool.commands import _show as show
        from labtool.core.text import one_line
        from labtool.tasks.backup.compare import compare
        from labtool.tasks.backup.places import Places
        from labtool.tasks.backup.unpack import records

        places = Places(o.load(config or context.obj, context))
        first, second = (places.copies(ident)[0] for ident in (old, new))
        changes = compare(
            records(places.destination(first.place), first.manifest),
            records(places.destination(second.place), second.manifest),
        )
        if json:
            show.document({kind: sorted(paths) for kind, paths in changes.items()})
            return 0
        marks = {"added": "+", "changed": "~", "removed": "-"}
        for kind, paths in changes.items():
            for path in sorted(paths):
                print(f"{marks[kind]} {one_line(path, 1000)}")
        if not any(changes.values()):
            print("They hold the same.")
        return 0

    o.finish(body, verbose=verbose, json=json)


@app.command()
def restore(
    context: typer.Context,
    ident: Ident,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="The folder to restore into.")],
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH", help="Only what is below these.")
    ] = None,
    place: Annotated[
        str, typer.Option("--from", metavar="NAME", help="The destination to take it from.")
    ] = "",
    force: Annotated[
        bool, typer.Option("--force", metavar="", help="Overwrite what is there.")
    ] = False,
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Bring a backup back into a folder, every file checked."""

    def work(run: "Run", _: "Services") -> None:
        from labtool.tasks.backup.task import restore

        restore(run, ident, to.absolute(), tuple(paths or ()), place=place, force=force)
        if run.dry_run and not json:
            print(f"would restore {run.result['would restore']}")

    options = o.Options(config or context.obj, dry_run, at, json, verbose)
    o.task("backup", ("restore", ident), options, context, work)


@app.command()
def verify(
    context: typer.Context,
    idents: Annotated[
        list[str] | None, typer.Argument(metavar="ID", help="Only these; default: all.")
    ] = None,
    latest: Annotated[
        bool, typer.Option("--latest", metavar="", help="Only the newest of each set.")
    ] = False,
    drill: Annotated[
        bool,
        typer.Option("--drill", metavar="", help="Really restore it, into a throwaway folder."),
    ] = False,
    config: o.ConfigOption = "",
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Read backups from their destinations and check every hash."""
    names = tuple(idents or ())

    def work(run: "Run", _: "Services") -> None:
        from labtool.tasks.backup.task import verify_some

        verify_some(run, names, latest=latest, restoring=drill)

    flags = [*(["--latest"] if latest else []), *(["--drill"] if drill else [])]
    options = o.Options(config or context.obj, False, at, json, verbose)
    o.task("backup", ("verify", *names, *flags), options, context, work)


@app.command()
def prune(
    context: typer.Context,
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Remove the backups that no rule keeps; never the last good one."""

    def work(run: "Run", _: "Services") -> None:
        from labtool.tasks.backup.task import prune

        prune(run)
        if run.dry_run and not json:
            for place, names in run.result.get("would remove", {}).items():
                for name in names:
                    print(f"would remove {name} from {place}")

    options = o.Options(config or context.obj, dry_run, at, json, verbose)
    o.task("backup", ("prune",), options, context, work)
