"""`labtool report`."""

from typing import TYPE_CHECKING, Annotated

import typer

from labtool.commands import _options as o

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from labtool.core.config import Config
    from labtool.core.database import Database
    from labtool.core.task import Run
    from labtool.services.build import Services
    from labtool.tasks.report.weekly import Report

app = typer.Typer(add_completion=False)


@app.command()
def report(
    context: typer.Context,
    send: Annotated[
        bool, typer.Option("--send", metavar="", help="Tell report.to, or the admins.")
    ] = False,
    online: Annotated[
        bool, typer.Option("--online", metavar="", help="Ask the package index for updates too.")
    ] = False,
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """How the week was: tasks, backups, disk, updates; --send also compresses old logs."""
    if send:

        def body(run: "Run", services: "Services") -> None:
            from dataclasses import replace

            from labtool.tasks.report import reporting

            logs = reporting.tidy_logs(run, _folders(run.config))
            found = _report(run.config, run.database, run.clock.now(), online=online)
            reporting.send(run, services, replace(found, logs=logs))

        arguments = ["--online"] if online else []
        o.task("report", arguments, o.Options(config, dry_run, at, json, verbose), context, body)

    def look() -> int:
        from labtool.commands import _show as show
        from labtool.core.database import Database
        from labtool.core.text import clean
        from labtool.tasks.report.reporting import document
        from labtool.tasks.report.weekly import told

        lab = o.load(config, context)
        found = _report(lab, Database.snapshot(lab.state), o.clock(lab, at).now(), online=online)
        if json:
            show.document(document(found))
        else:
            print(clean(told(found)))
        return 0

    o.finish(look, verbose=verbose, json=json)


def _report(lab: "Config", database: "Database", now: "datetime", *, online: bool) -> "Report":
    from labtool.tasks.backup.age import ages, warnings
    from labtool.tasks.probes import examined
    from labtool.tasks.report.reporting import report
    from labtool.tasks.report.weekly import Backups
    from labtool.tasks.sections import STAYING

    findings = examined(lab, database, now)
    well = [age.sentence(now) for age in ages(lab, database, now) if not age.late]
    backups = Backups(warnings(lab, database, now), well)
    staying = {command for command, _, _ in STAYING}
    return report(lab, database, now, findings, backups, staying, online=online)


def _folders(lab: "Config") -> "list[Path]":
    """Where logs are that are not in the state."""
    from labtool.tasks.jobs.open import settings_of

    logs = settings_of(lab).logs
    return [lab.resolve(logs)] if logs else []
