"""`labtool remind`."""

from typing import Annotated

import typer

from labtool.commands import _options as o

app = typer.Typer(add_completion=False)


@app.command()
def remind(
    context: typer.Context,
    kinds: Annotated[
        list[str] | None, typer.Argument(metavar="KIND", help="Only rules of this kind or name.")
    ] = None,
    preview: Annotated[
        str, typer.Option(metavar="LENGTH", help="Show what will be sent, such as 60d; send none.")
    ] = "",
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Send today's reminders: duties, meetings, birthdays."""
    from labtool.core.task import Run
    from labtool.services.build import Services

    wanted = tuple(kinds or ())

    def send(run: Run, services: Services) -> None:
        from labtool.tasks.remind.task import remind as body

        body(run, services, wanted)

    def show(run: Run, services: Services) -> None:
        from labtool.core.config.types import duration_argument
        from labtool.tasks.remind.preview import document, print_day
        from labtool.tasks.remind.task import days_ahead

        run.shown = True
        days = duration_argument("--preview", preview).days
        plans = list(days_ahead(run, services, max(days, 1), wanted))
        run.result["messages"] = []
        run.result["days"] = [document(plan) for plan in plans]
        for plan in plans if not json else ():
            print_day(plan, run.clock.today())
        if not plans and not json:
            print("Nothing will be sent in these days.")

    options = o.Options(config, dry_run or bool(preview), at, json, verbose)
    o.task("remind", wanted, options, context, show if preview else send)
