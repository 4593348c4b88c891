"""`labtool cache`: refresh, list, show."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from labtool.commands import _options as o

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from labtool.core.messages import Recipient
    from labtool.tasks.cache.task import Line

app = typer.Typer(add_completion=False)


@app.command()
def cache(
    context: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE... | list | show [SOURCE]", help="Which to ask; default: what is due."
        ),
    ] = None,
    every: Annotated[
        str, typer.Option(metavar="BEAT", help="Only those with this beat, such as 15m.")
    ] = "",
    force: Annotated[
        bool, typer.Option("--force", metavar="", help="Also what is not due, and all of it.")
    ] = False,
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Ask the sources that are due, and keep their last good answers.

    `cache list` shows sources, beats and ages; `cache show [SOURCE]` prints what is kept.
    """
    words = what or []
    if words[:1] in (["list"], ["show"]):
        o.finish(
            lambda: _look(words[0], words[1:], config, at, context, json=json),
            verbose=verbose,
            json=json,
        )

    from labtool.core.task import Run
    from labtool.services.build import Services

    def work(run: Run, services: Services) -> None:
        from labtool.commands._progress import waiting
        from labtool.core.config.types import duration_argument
        from labtool.tasks.cache.task import Wish, refresh
        from labtool.tasks.cache.telling import Who

        def on_duty(duty: str) -> "list[Recipient]":
            from labtool.tasks.remind.on_duty import on_duty

            return on_duty(run.config, services, duty, run.clock.today())

        beat = duration_argument("--every", every) if every else None
        who = Who(lambda: services.admins, on_duty)
        with waiting(wanted=not json) as said:
            refresh(run, Wish(tuple(words), beat, force), who, said)
        if run.dry_run and not json:
            names = run.result.get("would ask", ())
            print("\n".join(f"would ask {name}" for name in names) or "would ask nobody")

    arguments = [*words, *(["--every", every] if every else []), *(["--force"] if force else [])]
    o.task("cache", arguments, o.Options(config, dry_run, at, json, verbose), context, work,
           together=True)  # fmt: skip


def _look(
    what: str, names: list[str], config: str, at: str, context: typer.Context, *, json: bool
) -> int:
    from dataclasses import asdict

    from labtool.commands import _show as show
    from labtool.core.database import Database
    from labtool.core.errors import FAILED, UsageError
    from labtool.core.log import complain
    from labtool.tasks.cache.task import lines, sources

    lab = o.load(config, context)
    unknown = [name for name in names if name not in sources(lab)]
    if unknown:
        known = ", ".join(sources(lab)) or "none"
        raise UsageError(f"there is no source {unknown[0]}", fix=f"there are: {known}")
    found = list(lines(lab, Database.snapshot(lab.state), names))
    now = o.clock(lab, at).now()
    if what == "list":
        _list(found, lab.core.lab.timezone, now, json=json)
    elif json:
        documents = [asdict(line.kept) for line in found if line.kept]
        show.document(documents[0] if len(names) == 1 and documents else documents)
    else:
        _show(found, now, alone=len(names) == 1)
    silent = [line.name for line in found if line.name in names and not _fetched(line)]
    if what == "show" and silent:
        complain(f"{', '.join(silent)} never answered; see: labtool cache list")
        return FAILED
    return 0


def _list(found: "Sequence[Line]", zone: "ZoneInfo", now: "datetime", *, json: bool) -> None:
    from labtool.commands import _show as show
    from labtool.core.config.types import show_duration

    if json:
        show.document(
            [
                {
                    "name": line.name,
                    "kind": line.source.kind,
                    "every": show_duration(line.source.every),
                    "tried": line.tried,
                    "fetched_at": line.kept.fetched_at if line.kept else None,
                    "ok": line.kept.ok if line.kept else None,
                    "failures": line.failures,
                    "error": line.error,
                }
                for line in found
            ]
        )
        return
    rows = [
        [
            line.name,
            line.source.kind,
            show_duration(line.source.every),
            show.moment(_fetched(line), zone, now) or "never",
            f"{line.failures} in a row" if line.failures else "",
            line.error,
        ]
        for line in found
    ]
    columns = ("source", "kind", "every", "last good", "failures", "why")
    show.table(columns, rows, "The config names no sources; add some under cache:")


def _show(found: "Sequence[Line]", now: "datetime", *, alone: bool) -> None:
    """What is kept, each under a line of its age; of one `alone` that line is on standard
    error, so that the rest is JSON."""
    import sys

    from labtool.core.config.types import show_duration
    from labtool.core.document import as_json
    from labtool.core.text import one_line

    for line in found:
        at = _fetched(line)
        age = f"{show_duration(max(now - at, timedelta(0)))} old" if at else "never answered"
        why = one_line(f"; {line.error}" if line.error else "", 400)
        print(
            f"{line.name} ({line.source.kind}): {age}{why}",
            file=sys.stderr if alone else sys.stdout,
        )
        if line.kept and line.kept.data is not None:
            print(as_json(line.kept.data))


def _fetched(line: "Line") -> "datetime | None":
    from labtool.core.clock import from_iso

    at = line.kept.fetched_at if line.kept else None
    return from_iso(at) if at else None
