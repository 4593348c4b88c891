"""`labtool backup`: run, list, show, diff, restore, verify, prune."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labtool.commands import _options as o

if TYPE_CHECKING:
    from labtool.core.task import Run
    from labtool.services.build import Services
    from labtool.tasks.backup.places import Places

app = typer.Typer(add_completion=False, no_args_is_help=True)

Ident = Annotated[str, typer.Argument(metavar="ID", help="As labtool backup list names it.")]


@app.callback()
def backup(context: typer.Context, config: o.ConfigOption = "") -> None:
    """Save files and databases, prove that they come back, and bring them back."""
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
        from labtool.commands._progress import saving
        from labtool.tasks.backup.saving import run_sets

        with saving(wanted=not run.dry_run) as watch:
            run_sets(run, names, watch)
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
        from labtool.commands import _backups as view
        from labtool.core.database import Database
        from labtool.core.errors import LabtoolError
        from labtool.core.log import complain
        from labtool.tasks.backup.age import ages
        from labtool.tasks.backup.places import Places

        lab = o.load(config or context.obj, context)
        status, found = 0, []
        for place, seen in Places(lab).looked_at():
            if isinstance(seen, LabtoolError):
                complain(f"{place}: {seen}")
                status = status or seen.exit_status
                continue
            for error in seen.damaged:
                complain(f"{place}: {error}")
                status = status or error.exit_status
            found += [(one, place) for one in seen.backups]
        found.sort(key=lambda one: (one[0].set, one[0].created, one[1]), reverse=True)
        if json:
            view.listed_as_json(found)
        else:
            now = o.clock(lab, at).now()
            known = ages(lab, Database.snapshot(lab.state), now)
            verified = {(a.place, a.verified.ident): a.verified for a in known if a.verified}
            view.listed(found, verified, lab.core.lab.timezone, now)
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
        from labtool.commands import _backups as view

        places = _places(config, context)
        copies = places.copies(ident)
        manifest, where = copies[0].manifest, [copy.place for copy in copies]
        records = places.shelf(where[0]).records(manifest) if files else None
        if json:
            view.shown_as_json(manifest, where, records)
        else:
            view.shown(manifest, where, records or ())
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
        from labtool.commands import _backups as view
        from labtool.tasks.backup.compare import compare

        places = _places(config, context)
        first, second = (places.copies(ident)[0] for ident in (old, new))
        changes = compare(
            places.shelf(first.place).records(first.manifest),
            places.shelf(second.place).records(second.manifest),
        )
        view.differing(changes, json=json)
        return 0

    o.finish(body, verbose=verbose, json=json)


@app.command()
def restore(
    context: typer.Context,
    ident: Ident,
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH", help="Only what is below these.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="The folder to restore into.")
    ] = None,
    database: Annotated[
        str, typer.Option("--database", metavar="NAME", help="The database to restore a dump to.")
    ] = "",
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
    """Bring a backup back into a folder or a database, all of it checked."""
    if (to is None) == (not database):
        raise typer.BadParameter("name --to DIR or --database NAME")
    wanted = tuple(paths or ())

    def work(run: "Run", _: "Services") -> None:
        from labtool.tasks.backup import restoring

        if to is None:
            restoring.restore_database(run, ident, database, wanted, place=place, force=force)
        else:
            restoring.restore(run, ident, to.absolute(), wanted, place=place, force=force)
        if run.dry_run and not json:
            print(f"would restore {run.result['would restore']}")

    options = o.Options(config or context.obj, dry_run, at, json, verbose)
    o.task("backup", ("restore", ident), options, context, work, about="backup restore")


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
        typer.Option(
            "--drill", metavar="", help="Really restore it, to a folder and databases that go."
        ),
    ] = False,
    config: o.ConfigOption = "",
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Read backups from their destinations and check every hash."""
    names = tuple(idents or ())

    def work(run: "Run", _: "Services") -> None:
        from labtool.tasks.backup.verifying import verify_some

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
        from labtool.tasks.backup.pruning import prune

        prune(run)
        if run.dry_run and not json:
            for place, names in run.result.get("would remove", {}).items():
                for name in names:
                    print(f"would remove {name} from {place}")
            if not any(run.result.get("would remove", {}).values()):
                print("would remove nothing")

    options = o.Options(config or context.obj, dry_run, at, json, verbose)
    o.task("backup", ("prune",), options, context, work)


def _places(config: str, context: typer.Context) -> "Places":
    from labtool.tasks.backup.places import Places

    return Places(o.load(config or context.obj, context))
