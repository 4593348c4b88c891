"""`labtool digest`."""

import typer

from labtool.commands import _options as o

app = typer.Typer(add_completion=False)


@app.command()
def digest(
    context: typer.Context,
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Send the admins one summary of what needs them, if anything does."""
    from labtool.core.task import Run
    from labtool.services.build import Services

    def body(run: Run, services: Services) -> None:
        from labtool.tasks.backup.age import warnings
        from labtool.tasks.report.task import digest

        digest(run, services, warnings(run.config, run.database, run.clock.now()))

    o.task("digest", (), o.Options(config, dry_run, at, json, verbose), context, body)
