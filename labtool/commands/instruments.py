"""`labtool instruments`: list, history, notify."""

from typing import TYPE_CHECKING, Annotated

import typer

from labtool.commands import _options as o

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labtool.core.config import Config
    from labtool.tasks.instruments.center.keeping import Keeping

app = typer.Typer(add_completion=False)


@app.command()
def instruments(
    context: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="list | history INSTRUMENT | notify INSTRUMENT"),
    ] = None,
    to: Annotated[
        str, typer.Option("--to", metavar="PERSON", help="Whom to notify once it is free.")
    ] = "",
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="How much history.")] = 50,
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """What each instrument does, and when it is free; `history` of one; `notify` a person
    once it is free."""
    words = what or ["list"]
    if words[0] == "notify":
        _notify(words[1:], to, o.Options(config, dry_run, at, json, verbose), context)
    o.finish(
        lambda: _look(words, limit, o.load(config, context), at, json=json),
        verbose=verbose,
        json=json,
    )


def _look(words: "Sequence[str]", limit: int, lab: "Config", at: str, *, json: bool) -> int:
    from labtool.core.database import Database
    from labtool.core.errors import UsageError
    from labtool.tasks.instruments.center.keeping import Keeping

    keeping = Keeping(Database.snapshot(lab.state))
    if words[0] == "list" and len(words) == 1:
        _list(lab, keeping, at, json=json)
    elif words[0] == "history" and len(words) == 2:
        _history(lab, keeping, _one(lab, words[1]), limit, json=json)
    else:
        raise UsageError(
            "that makes no sense", fix="write list, history INSTRUMENT, or notify INSTRUMENT"
        )
    return 0


def _one(lab: "Config", name: str) -> str:
    from labtool.core.errors import UsageError
    from labtool.tasks.instruments.center.serving import known

    if name not in known(lab):
        there = ", ".join(known(lab)) or "none"
        raise UsageError(f"there is no instrument {name}", fix=f"there are: {there}")
    return name


def _list(lab: "Config", keeping: "Keeping", at: str, *, json: bool) -> None:
    from labtool.commands import _show as show
    from labtool.tasks.instruments.center.api import shown
    from labtool.tasks.instruments.center.looking import look
    from labtool.tasks.instruments.center.serving import known
    from labtool.tasks.instruments.words import in_words

    now, zone = o.clock(lab, at).now(), lab.core.lab.timezone
    found = [look(key, options, keeping, now) for key, options in known(lab).items()]
    if json:
        show.document([shown(one, now).model_dump() for one in found])
        return
    rows = [
        [
            one.key,
            in_words(one),
            one.state.user if one.state else "",
            f"{show.moment(one.free.at, zone, now)}{', late' if one.free.late(now) else ''}"
            if one.free
            else "",
            show.moment(one.heard, zone, now) or "never",
        ]
        for one in found
    ]
    columns = ("instrument", "state", "user", "free at", "heard of")
    show.table(columns, rows, "The config names none; add some under instruments:")


def _history(lab: "Config", keeping: "Keeping", key: str, limit: int, *, json: bool) -> None:
    from json import loads

    from labtool.commands import _show as show
    from labtool.core.clock import from_iso
    from labtool.core.text import clean

    rows = [dict(row) | {"state": loads(row["state"])} for row in keeping.history(key, limit)]
    if json:
        show.document(rows)
        return
    zone = lab.core.lab.timezone
    for row in rows:
        when = f"{from_iso(row['at']).astimezone(zone):%Y-%m-%d %H:%M:%S}"
        what = f"{row['event']}: {row['outcome']}" if row["outcome"] else row["event"]
        print(clean(f"{when}  {row['state']['state']:<9} {what}"))
    if not rows:
        print("Nothing is known of it yet.")


def _notify(words: "Sequence[str]", to: str, options: o.Options, context: typer.Context) -> None:
    from labtool.core.task import Run
    from labtool.services.build import Services

    def work(run: Run, services: Services) -> None:
        from labtool.core.errors import UsageError
        from labtool.core.people import NoMatch
        from labtool.tasks.instruments.center.telling import ask_when_free

        if len(words) != 1 or not to:
            raise UsageError("notify whom of what?", fix="write notify INSTRUMENT --to PERSON")
        key = _one(run.config, words[0])
        try:
            person = services.people.find(to)
        except NoMatch as error:
            raise UsageError(str(error), fix="write a name of the people's list") from None
        if not run.dry_run:
            ask_when_free(run, key, person.key)
        run.summary = f"{person.name} is told once {key} is free"

    o.task("instruments", ("notify", *words, to), options, context, work)
