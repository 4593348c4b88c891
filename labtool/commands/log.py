"""`labtool log`."""

from typing import TYPE_CHECKING, Annotated

import typer

from labtool.commands import _options as o

if TYPE_CHECKING:
    from pathlib import Path

app = typer.Typer(add_completion=False)


@app.command()
def log(
    context: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="TASK | show ID", help="Runs of a task, timer or command; or one."),
    ] = None,
    count: Annotated[
        int, typer.Option("-n", metavar="N", parser=o.number, help="How many runs.")
    ] = 20,
    config: o.ConfigOption = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """The journal of runs, newest first; `log show ID` prints one with its output."""
    words = what or []

    def body() -> int:
        from labtool.core.errors import UsageError

        if words[:1] == ["show"]:
            try:
                number = o.number(" ".join(words[1:]))
            except typer.BadParameter:
                what, fix = "log show takes the number of a run", "see: labtool log"
                raise UsageError(what, fix=fix) from None
            return _one(number, config, context, json=json)
        return _many(" ".join(words), count, config, context, json=json)

    o.finish(body, verbose=verbose, json=json)


def _many(task: str, count: int, config: str, context: typer.Context, *, json: bool) -> int:
    from dataclasses import asdict
    from datetime import UTC, datetime

    from labtool.commands import _show as show
    from labtool.core.database import Database
    from labtool.core.errors import UsageError
    from labtool.core.journal import Journal, in_words
    from labtool.core.text import tally
    from labtool.tasks.report.timetable import as_kept

    lab = o.load(config, context)
    journal = Journal(Database.snapshot(lab.state))
    timer = lab.core.timers.get(task)
    # A run of a timer's command by hand counts as the timer's, as in `status`.
    runs = journal.entries(task, count, command=as_kept(timer.run if timer else task))
    if task and not runs:
        known = {run.task for run in journal.entries(newest=1000)} | set(lab.core.timers)
        if known and task not in known:
            raise UsageError(
                f"nothing called {task} ran", fix=f"known are: {', '.join(sorted(known))}"
            )
    if json:
        show.document([asdict(run) for run in runs])
        return 0
    zone, now = lab.core.lab.timezone, datetime.now(UTC)
    rows = [
        [
            str(run.id),
            show.moment(run.started, zone, now),
            run.command,
            in_words(run.status),
            show.seconds(run.seconds),
            show.errors(run.error) or ", ".join(tally(n, name) for name, n in run.counts.items()),
        ]
        for run in runs
    ]
    empty = f"No runs of {task}." if task else "Nothing has run yet."
    show.table(("id", "started", "command", "outcome", "took", "what"), rows, empty)
    return 0


def _output(file: "Path") -> str:
    from labtool.core.logs import read

    try:
        return read(file).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""  # it printed nothing, or that is not kept any more
    except OSError as error:
        return f"what it printed cannot be read: {error}"


def _one(number: int, config: str, context: typer.Context, *, json: bool) -> int:
    from dataclasses import asdict

    from labtool.commands import _show as show
    from labtool.core.database import Database
    from labtool.core.journal import Journal, in_words
    from labtool.core.log import run_log
    from labtool.core.text import clean

    lab = o.load(config, context)
    run = Journal(Database.snapshot(lab.state)).entry(number)
    output = _output(run_log(lab.state, number))
    if json:
        show.document({**asdict(run), "output": output})
        return 0
    zone = lab.core.lab.timezone
    timer = f" (timer {run.timer})" if run.timer else ""
    print(clean(f"run {run.id}: labtool {run.command}{timer}"))
    print(f"started {run.started.astimezone(zone):%a %Y-%m-%d %H:%M:%S %Z}", end="")
    print(f", took {show.seconds(run.seconds)}" if run.seconds is not None else "")
    print(
        f"outcome: {in_words(run.status)}"
        + (f" (exit status {run.exit})" if run.exit is not None else "")
    )
    print()
    print(clean(output).rstrip() or clean(run.error) or "It printed nothing.")
    return 0
