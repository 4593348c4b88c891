"""`labtool status`."""

from typing import TYPE_CHECKING

import typer

from labtool.commands import _options as o

if TYPE_CHECKING:
    from labtool.core.journal import Entry

app = typer.Typer(add_completion=False)


@app.command()
def status(
    context: typer.Context,
    config: o.ConfigOption = "",
    at: o.AtLook = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Each task's last run, its outcome, what is next and what is overdue."""

    def body() -> int:
        from labtool.commands import _show as show
        from labtool.core.alive import worries
        from labtool.core.database import Database
        from labtool.core.journal import in_words
        from labtool.core.lock import held
        from labtool.core.outbox import OPEN_STATES, Outbox
        from labtool.core.text import counted
        from labtool.tasks.backup.age import warnings
        from labtool.tasks.cache.task import warnings as failing
        from labtool.tasks.report.task import read_timetable

        lab = o.load(config, context)
        zone = lab.core.lab.timezone
        now = o.clock(lab, at).now()
        database = Database.snapshot(lab.state)
        lines = read_timetable(lab, database, now)
        open_messages = Outbox(database).entries(OPEN_STATES)

        def outcome(entry: "Entry | None") -> str:
            if entry is None:
                return "never ran"
            if entry.status == "running" and not held(lab.state, entry.task):
                return "killed"
            return entry.status

        if json:
            show.document(
                {
                    "lab": lab.core.lab.name,
                    "at": now,
                    "tasks": [
                        {
                            "name": line.name,
                            "command": line.command,
                            "last": line.last.started if line.last else None,
                            "outcome": outcome(line.last),
                            "exit": line.last.exit if line.last else None,
                            "seconds": line.last.seconds if line.last else None,
                            "next": line.next_due,
                            "overdue_since": line.overdue_since,
                        }
                        for line in lines
                    ],
                    "backups": warnings(lab, database, now),
                    "caches": failing(lab, database, now),
                    "services": worries(lab.state, now),
                    "messages": {
                        state: sum(e.state == state for e in open_messages) for state in OPEN_STATES
                    },
                }
            )
            return 0
        rows = [
            [
                line.name,
                show.moment(line.last.started if line.last else None, zone, now) or "-",
                in_words(outcome(line.last)),
                show.seconds(line.last.seconds if line.last else None),
                show.moment(line.next_due, zone, now),
                f"OVERDUE since {show.moment(line.overdue_since, zone, now)}"
                if line.overdue_since
                else show.errors(line.last.error if line.last else ""),
            ]
            for line in lines
        ]
        columns = ("task", "last run", "outcome", "took", "next", "note")
        show.table(columns, rows, "Nothing has run yet, and no timers are set up.", cut=0)
        backups = [f"backup: {warning}" for warning in warnings(lab, database, now)]
        caches = [f"cache: {warning}" for warning in failing(lab, database, now)]
        for line in (*backups, *caches, *worries(lab.state, now)):
            print(line)
        for state in ("waiting", "unknown", "failed"):
            count = sum(e.state == state for e in open_messages)
            if count:
                print(f"{counted(count, 'message')} {state}: see labtool outbox")
        return 0

    o.finish(body, verbose=verbose, json=json)
