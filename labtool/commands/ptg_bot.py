"""`labtool ptg-bot`."""

from pathlib import Path
from typing import Annotated

import typer

from labtool.commands import _options as o

app = typer.Typer(add_completion=False)


@app.command()
def ptg_bot(
    context: typer.Context,
    old_config: Annotated[
        Path | None,
        typer.Argument(metavar="JSON", help="An older event bot's config, instead of ptg:."),
    ] = None,
    console: Annotated[
        bool, typer.Option("--console", metavar="", help="Talk to it here; without IRC.")
    ] = False,
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """The event board's bot on IRC; stays in the foreground."""
    from labtool.core.task import Run
    from labtool.services.build import Services

    def work(run: Run, services: Services) -> None:
        from labtool.tasks.page.task import build
        from labtool.tasks.pages import providers_around
        from labtool.tasks.ptg.entry import look, plan
        from labtool.tasks.ptg.service import serve

        around = providers_around("ptg")

        def site() -> None:
            if run.config.has("page"):
                build(run.config, around, run.clock.now())

        chosen = plan(run.config, old_config, connects=not (console or run.dry_run))
        if run.dry_run:
            run.shown = True
            look(run, chosen)
        elif console:
            from labtool.tasks.ptg.console import talk

            talk(run, chosen, site)
        else:
            serve(run, chosen, services.irc, site)

    options = o.Options(config, dry_run, at, json, verbose)
    folder = old_config.absolute().parent if old_config else None
    o.task("ptg-bot", (), options, context, work, else_in=folder)
