"""`labtool instruments`: list, history, notify."""

from typing import TYPE_CHECKING, Annotated

import typer

from labtool.commands import _options as o

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from labtool.core.config import Config
    from labtool.core.database import Database
    from labtool.core.task import Run
    from labtool.services.build import Services
    from labtool.tasks.instruments.center.looking import Look

app = typer.Typer(add_completion=False)
_MOST = 100_000


@app.command()
def instruments(
    context: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="list | history INSTRUMENT | notify [INSTRUMENT]"),
    ] = None,
    to: Annotated[
        str, typer.Option("--to", metavar="PERSON", help="Whom to notify once it is free.")
    ] = "",
    off: Annotated[
        bool, typer.Option("--off", metavar="", help="Do not notify --to PERSON after all.")
    ] = False,
    steps: Annotated[
        bool, typer.Option("--steps", metavar="", help="History with the steps of procedures.")
    ] = False,
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, help="How much history, 100 000 at most.")
    ] = 50,
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """What each instrument does, and when it is free; `history` of one; `notify` a person
    once it is free (without --to: who is to be notified)."""
    words = what or ["list"]
    if words[0] == "notify" and (to or off):
        options = o.Options(config, dry_run, at, json, verbose)
        _notify(words[1:], to, options, context, off=off)
    limit = min(limit, _MOST)
    o.finish(
        lambda: _look(words, limit, o.load(config, context), at, json=json, steps=steps),
        verbose=verbose,
        json=json,
    )


def _look(
    words: "Sequence[str]", limit: int, lab: "Config", at: str, *, json: bool, steps: bool
) -> int:
    from labtool.core.database import Database
    from labtool.core.errors import UsageError

    database = Database.snapshot(lab.state)
    if words[0] == "list" and len(words) == 1:
        _list(lab, database, at, json=json)
    elif words[0] == "history" and len(words) == 2:
        _history(lab, database, _one(lab, words[1]), limit, json=json, steps=steps)
    elif words[0] == "notify" and len(words) <= 2:
        _waiting(lab, database, words[1:], at, json=json)
    else:
        raise UsageError(
            "that makes no sense",
            fix="write list, history INSTRUMENT, or notify INSTRUMENT --to PERSON",
        )
    return 0


def _one(lab: "Config", name: str) -> str:
    from labtool.core.errors import UsageError
    from labtool.tasks.instruments.center.serving import known

    if name not in known(lab):
        there = ", ".join(known(lab)) or "none"
        raise UsageError(f"there is no instrument {name}", fix=f"there are: {there}")
    return name


def _list(lab: "Config", database: "Database", at: str, *, json: bool) -> None:
    from labtool.commands import _show as show
    from labtool.tasks.instruments.center.alerts import conditions
    from labtool.tasks.instruments.center.api import shown
    from labtool.tasks.instruments.center.keeping import Keeping
    from labtool.tasks.instruments.center.looking import look
    from labtool.tasks.instruments.center.serving import known

    keeping, now, zone = Keeping(database), o.clock(lab, at).now(), lab.core.lab.timezone
    found = [(look(key, each, keeping, now), each) for key, each in known(lab).items()]
    if json:
        show.document([shown(one, now).model_dump() for one, _ in found])
        return
    columns = ("instrument", "state", "user", "free at", "last row", "heard of")
    rows = [_row(lab, one, now) for one, _ in found]
    show.table(columns, rows, "The config names none; add some under instruments:", cut=1)
    for one, options in found:
        for each in conditions(one, options, now, zone):
            print(f"! {each.text}")


def _row(lab: "Config", one: "Look", now: "datetime") -> list[str]:
    from labtool.commands import _show as show
    from labtool.tasks.instruments.words import free_in_words, in_words

    zone, state, free = lab.core.lab.timezone, one.state, one.free
    row = state.last_row if state else ""
    at = show.moment(free.at, zone, now) if free else ""
    return [
        one.key,
        in_words(one),
        state.user if state else "",
        free_in_words(one, at, late=bool(free and free.late(now))),
        show.moment(one.moment(row), zone, now) if row else "",
        show.moment(one.heard, zone, now) or "never",
    ]


def _history(
    lab: "Config", database: "Database", key: str, limit: int, *, json: bool, steps: bool
) -> None:
    from json import loads

    from labtool.commands import _show as show
    from labtool.core.clock import from_iso
    from labtool.tasks.instruments.center.keeping import Keeping
    from labtool.tasks.instruments.center.models import kept_state
    from labtool.tasks.instruments.words import what_happened

    rows = Keeping(database).history(key, limit, steps=steps)
    if json:
        show.document([dict(row) | {"state": loads(row["state"])} for row in rows])
        return
    zone = lab.core.lab.timezone
    for row in rows:
        when, state = from_iso(row["at"]).astimezone(zone), kept_state(row["state"])
        said = what_happened(row["event"], row["outcome"], state)
        print(f"{when:%Y-%m-%d %H:%M:%S}  {state.state:<9} {said}")
    if not rows:
        print("Nothing is known of it yet.")


def _waiting(
    lab: "Config", database: "Database", words: "Sequence[str]", at: str, *, json: bool
) -> None:
    """Who is to be notified, of each instrument or of one."""
    from labtool.commands import _show as show
    from labtool.core.clock import from_iso
    from labtool.tasks.instruments.center.serving import known
    from labtool.tasks.instruments.center.telling import waiting_for_it

    keys = [_one(lab, word) for word in words] or [*known(lab)]
    found = [(key, *who) for key in keys for who in waiting_for_it(database, key).items()]
    columns = ("instrument", "person", "since")
    if json:
        show.document([dict(zip(columns, one, strict=True)) for one in found])
        return
    now, zone = o.clock(lab, at).now(), lab.core.lab.timezone
    rows = [[key, who, show.moment(from_iso(since), zone, now)] for key, who, since in found]
    show.table(columns, rows, "Nobody; write notify INSTRUMENT --to PERSON")


def _notify(
    words: "Sequence[str]", to: str, options: o.Options, context: typer.Context, *, off: bool
) -> None:
    def work(run: "Run", services: "Services") -> None:
        from labtool.core.errors import UsageError
        from labtool.core.people import NoMatch
        from labtool.tasks.instruments.center.telling import (
            ask_no_more,
            ask_when_free,
            waiting_for_it,
        )

        if len(words) != 1 or not to:
            raise UsageError("notify whom of what?", fix="write notify INSTRUMENT --to PERSON")
        key = _one(run.config, words[0])
        try:
            person = services.people.find(to)
        except NoMatch as error:
            raise UsageError(str(error), fix="write a name of the people's list") from None
        asked = person.key in waiting_for_it(run.database, key)
        if off:
            if not run.dry_run:
                ask_no_more(run, key, person.key)
            told = "is not told any more of" if asked else "was not to be told of"
            run.summary = f"{person.name} {told} {key}"
            return
        if not run.dry_run and not asked:
            ask_when_free(run, key, person.key)
        run.summary = f"{person.name} is told once {key} is free{' (as before)' if asked else ''}"

    arguments = ("notify", *words, to)
    o.task("instruments", arguments, options, context, work, about="instruments notify")
