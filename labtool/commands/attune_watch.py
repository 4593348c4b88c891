"""`labtool attune-watch`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from labtool.commands import _options as o

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from labtool.core.task import Run
    from labtool.tasks.instruments.watch.task import Watched

app = typer.Typer(add_completion=False)


@app.command()
def attune_watch(
    context: typer.Context,
    instruments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[INSTRUMENT...]", help="Which; default: all with logs here."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", metavar="", help="Stay, and tell changes at once.")
    ] = False,
    log_dir: Annotated[
        str, typer.Option(metavar="DIR", help="Only show what the logs there say; send nothing.")
    ] = "",
    from_start: Annotated[
        bool, typer.Option("--from-start", metavar="", help="All logs, not the newest alone.")
    ] = False,
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Beside an instrument: read its logs, and tell the server what changed.

    With --json each change is a line of JSON.
    """
    words = instruments or []
    if log_dir:
        o.finish(
            lambda: _replay(words, log_dir, config, at, context, all_of_them=from_start, json=json),
            verbose=verbose,
            json=json,
        )
    import sys

    from labtool.core.task import Run
    from labtool.services.build import Services

    out = sys.stdout  # the run boundary's is standard error meanwhile

    def work(run: Run, _services: Services) -> None:
        from contextlib import ExitStack

        from labtool.tasks.instruments.center.here import Here
        from labtool.tasks.instruments.watch import task

        wanted = task.watched(run.config, words)
        with ExitStack() as stack:

            def connect(watched: "Watched") -> Any:
                from labtool.services.center import Center

                options = watched.options
                if not options.server:
                    return Here(run.config, run.clock, watched.key)
                token = options.token.reveal() if options.token else ""
                return stack.enter_context(Center(options.server, token, watched.key))

            show = _lines(out) if json else _nothing
            run.shown = json
            if run.dry_run:
                _would(run, wanted)
            elif follow:
                from labtool.tasks.instruments.watch.follow import follow as stay

                stay(run, wanted, connect, show, all_of_them=from_start)
            else:
                task.one_pass(run, wanted, connect, show, all_of_them=from_start)

    arguments = [
        *words, *(["--follow"] if follow else []), *(["--from-start"] if from_start else [])
    ]  # fmt: skip
    options = o.Options(config, dry_run, at, json, verbose)
    o.task("attune-watch", arguments, options, context, work, alone=True)


def _lines(out: "TextIO") -> "Callable[[dict[str, Any]], None]":
    """Each change in a line of its own, as it comes: there is no document at the end."""
    import json

    from labtool.core.log import complain

    gone = False

    def show(change: dict[str, Any]) -> None:
        nonlocal gone
        try:
            if not gone:
                print(json.dumps(change), file=out, flush=True)
        except OSError as error:
            # Who read it has seen enough; the watch goes on.
            gone = True
            if not isinstance(error, BrokenPipeError):
                complain(f"the changes cannot be written ({error.strerror})")

    return show


def _would(run: "Run", wanted: "Sequence[Watched]") -> None:
    """What a run would read and where it would send it."""
    run.shown = True
    for each in wanted:
        files = each.options.files()
        newest = files[-1].name if files else "no log yet"
        to = each.options.server or "labtool here"
        print(f"would read {each.key}: {newest} in {each.options.logs}, and tell {to}")


def _replay(
    words: "Sequence[str]",
    folder: str,
    config: str,
    at: str,
    context: typer.Context,
    *,
    all_of_them: bool,
    json: bool,
) -> int:
    from pathlib import Path

    from labtool.core.log import complain
    from labtool.core.text import counted
    from labtool.tasks.instruments.watch.task import replay, replayed

    lab = o.load(config, context, else_in=Path(folder))
    show = _printed if json else _told
    found = replay(replayed(lab, words, folder), o.clock(lab, at), show, all_of_them=all_of_them)
    complain(f"{counted(found.rows, 'row')}, {found.odd} of them unreadable")
    if found.rows and found.odd == found.rows:
        complain(f"write timestamp: as its times look; the first row: {found.sample!r}")
        return 1
    return 0


def _printed(change: dict[str, Any]) -> None:
    import json

    print(json.dumps(change))


def _told(change: dict[str, Any]) -> None:
    from labtool.core.text import clean

    inside = " > ".join(change["procedures"])
    more = [f"{change['event']}: {change['outcome']}" if change["outcome"] else change["event"]]
    more += [f"waits: {change['waiting_for']}"] if change["waiting_for"] else []
    step = f" {change['step']}" if change["step"] is not None else ""
    print(clean(f"{change['time']} {change['state']:<8} {inside}{step} ({'; '.join(more)})"))


def _nothing(_change: dict[str, Any]) -> None:
    pass
