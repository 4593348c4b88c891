"""`labtool alerts`: list, snooze."""

from typing import Annotated

import typer

from labtool.commands import _options as o

app = typer.Typer(add_completion=False, invoke_without_command=True)


@app.callback()
def alerts(
    context: typer.Context,
    config: o.ConfigOption = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Errors that have not ended: since when, how often, whether the admins were told."""
    context.obj = config
    if context.invoked_subcommand:
        return

    def body() -> int:
        from dataclasses import asdict
        from datetime import UTC, datetime

        from labtool.commands import _show as show
        from labtool.core.alerts import Ledger
        from labtool.core.database import Database
        from labtool.core.outbox import Outbox
        from labtool.core.telling import heard

        lab = o.load(config, context)
        settings = lab.core.alerts
        database = Database.snapshot(lab.state)
        ledger = Ledger(database, settings.tolerate, settings.snooze)
        faults = ledger.open()
        alerts = [e for e in Outbox(database).entries() if e.message.key.startswith("alert:new:")]
        if json:
            show.document([{**asdict(f), "heard": heard(f, alerts)} for f in faults])
            return 0
        zone, now = lab.core.lab.timezone, datetime.now(UTC)
        rows = [
            [
                fault.id,
                fault.scope,
                show.moment(fault.first_seen, zone, now),
                str(fault.count),
                "snoozed" if ledger.snoozed(fault, now) else heard(fault, alerts),
                fault.text,
            ]
            for fault in faults
        ]
        show.table(("id", "task", "since", "times", "told", "what"), rows, "No errors are open.")
        return 0

    o.finish(body, verbose=verbose, json=json)


@app.command()
def snooze(
    context: typer.Context,
    fault: Annotated[str, typer.Argument(metavar="ID", help="The error's id.")],
    for_: Annotated[
        str, typer.Option("--for", metavar="LENGTH", help="Such as 3d; 0 tells again.")
    ] = "7d",
    config: o.ConfigOption = "",
    verbose: o.Verbose = False,
) -> None:
    """Do not tell the admins of one error for a while."""

    def body() -> int:
        from datetime import UTC, datetime

        from labtool.core.alerts import Ledger
        from labtool.core.config.types import duration_argument, show_duration
        from labtool.core.database import Database

        lab = o.load(config or context.obj, context)
        settings = lab.core.alerts
        length = duration_argument("--for", for_)
        ledger = Ledger(Database.open(lab.state), settings.tolerate, settings.snooze)
        ledger.snooze(fault, datetime.now(UTC) + length if length else None)
        print(f"{fault}: " + (f"snoozed for {show_duration(length)}" if length else "told again"))
        return 0

    o.finish(body, verbose=verbose)
