"""`labtool outbox`: list, show, retry, drop."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from labtool.commands import _options as o

if TYPE_CHECKING:
    from labtool.core.outbox import Entry

app = typer.Typer(add_completion=False, invoke_without_command=True)

Number = Annotated[int, typer.Argument(metavar="ID", parser=o.number, help="The message's number.")]


@app.callback()
def outbox(
    context: typer.Context,
    state: Annotated[
        str,
        typer.Option(metavar="STATE", help="Only those: waiting, unknown, sent, failed, dropped."),
    ] = "",
    count: Annotated[int, typer.Option("-n", metavar="N", parser=o.number, help="How many.")] = 30,
    config: o.ConfigOption = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Messages sent, waiting, unknown or failed, newest last."""
    context.obj = config
    if context.invoked_subcommand:
        return

    def body() -> int:
        from datetime import UTC, datetime

        from labtool.commands import _show as show
        from labtool.core.database import Database
        from labtool.core.errors import UsageError
        from labtool.core.outbox import STATES, Outbox
        from labtool.core.text import plain

        lab = o.load(config, context)
        if state and state not in STATES:
            raise UsageError(f"{state!r} is no state", fix=f"write one of {', '.join(STATES)}")
        entries = Outbox(Database.snapshot(lab.state)).entries((state,) if state else (), count)
        if json:
            show.document([_document(entry) for entry in entries])
            return 0
        zone, now = lab.core.lab.timezone, datetime.now(UTC)
        rows = [
            [
                str(entry.id),
                show.moment(datetime.fromtimestamp(entry.created, UTC), zone, now),
                entry.state,
                entry.via,
                entry.message.to.name,
                plain(entry.message.text)[:100],
            ]
            for entry in entries
        ]
        columns = ("id", "added", "state", "via", "to", "text")
        empty = f"No message is {state}." if state else "The outbox is empty."
        show.table(columns, rows, empty)
        return 0

    o.finish(body, verbose=verbose, json=json)


def _document(entry: "Entry") -> dict[str, Any]:
    from datetime import UTC, datetime

    from labtool.core.messages import show_message

    return {
        "id": entry.id,
        "state": entry.state,
        **show_message(entry.message),
        "via": entry.via,
        "address": entry.address.label if entry.address else "",
        "attempts": entry.attempts,
        "created": datetime.fromtimestamp(entry.created, UTC),
        "settled": datetime.fromtimestamp(entry.settled, UTC) if entry.settled else None,
        "error": entry.error,
    }


@app.command()
def show(
    context: typer.Context,
    number: Number,
    config: o.ConfigOption = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """One message, whole."""

    def body() -> int:
        from labtool.commands import _show
        from labtool.core.database import Database
        from labtool.core.outbox import Outbox
        from labtool.core.text import clean, one_line

        lab = o.load(config or context.obj, context)
        shown = _document(Outbox(Database.snapshot(lab.state)).entry(number))
        if json:
            _show.document(shown)
            return 0
        zone = lab.core.lab.timezone
        for name in ("created", "settled"):
            at = shown[name]
            shown[name] = f"{at.astimezone(zone):%a %Y-%m-%d %H:%M:%S %Z}" if at else ""
        text = str(shown.pop("text"))
        for name, value in shown.items():
            if value not in ("", None):
                print(f"{name}: {one_line(str(value), 2000)}")
        print()
        print(clean(text))
        return 0

    o.finish(body, verbose=verbose, json=json)


@app.command()
def retry(
    context: typer.Context, number: Number, config: o.ConfigOption = "", verbose: o.Verbose = False
) -> None:
    """Let the next run send a message that failed, or whose outcome is unknown."""
    o.finish(lambda: _decide(number, "waiting", config or context.obj, context), verbose=verbose)


@app.command()
def drop(
    context: typer.Context, number: Number, config: o.ConfigOption = "", verbose: o.Verbose = False
) -> None:
    """Never send a message."""
    o.finish(lambda: _decide(number, "dropped", config or context.obj, context), verbose=verbose)


def _decide(number: int, state: str, config: str, context: typer.Context) -> int:
    from labtool.core.database import Database
    from labtool.core.errors import Failed
    from labtool.core.lock import hold
    from labtool.core.outbox import Outbox
    from labtool.core.text import clean

    lab = o.load(config, context)
    with hold(lab.state, "outbox", wait=True):
        outbox = Outbox(Database.open(lab.state))
        entry = outbox.entry(number)
        if entry.state in ("sent", "dropped") or (
            (entry.state, state) == ("waiting", "waiting") and not entry.next_try
        ):
            raise Failed(f"message {number} is {entry.state}; there is nothing to do")
        if state == "waiting":
            outbox.retry(entry)
        else:
            outbox.settle(entry, state, "dropped by hand")
    done = "is sent by the next run" if state == "waiting" else "is never sent"
    print(clean(f"message {number} to {entry.message.to.name} {done}"))
    return 0
