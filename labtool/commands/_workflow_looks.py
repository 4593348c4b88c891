"""`labtool workflow`: list, show, logs, history, check. Nothing changes."""

from typing import TYPE_CHECKING, Annotated

import typer

from labtool.commands import _options as o

if TYPE_CHECKING:
    from collections.abc import Callable

    from labtool.core.task import Run
    from labtool.services.build import Services
    from labtool.services.engine.records import RunRecord
    from labtool.tasks.workflow.runs import Runs

looks = typer.Typer(add_completion=False)

Ident = Annotated[str, typer.Argument(metavar="ID", help="As list names it, or how it begins.")]


@looks.command("list")
def list_(
    context: typer.Context,
    state: Annotated[
        list[str] | None, typer.Option("--state", metavar="STATE", help="Only those; repeatable.")
    ] = None,
    name: Annotated[str, typer.Option("--workflow", metavar="NAME", help="Only those of it.")] = "",
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", parser=o.number, help="How many.")
    ] = 30,
    config: o.ConfigOption = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Runs, the newest first."""

    def look(runs: "Runs") -> None:
        from labtool.commands import _show as show
        from labtool.commands._workflow import document, listed
        from labtool.core.errors import UsageError
        from labtool.services.engine.records import CLOSED, OPEN

        known = (*OPEN, *CLOSED)
        wanted = [one.replace(" ", "_") for one in state or known]
        for one in wanted:
            if one not in known:
                raise UsageError(f"{one} is no state", fix=f"write one of {', '.join(known)}")
        found = runs.ledger.runs(wanted, name, limit) if runs.base.exists else []
        if json:
            show.document([document(one) for one in found])
        else:
            if name and not found:
                print(f"There is no such run of {name}.")
                return
            listed(found, runs.config.core.lab.timezone)

    _looked(look, config or context.obj, context, json=json, verbose=verbose)


@looks.command("show")
def show_(
    context: typer.Context,
    ident: Ident,
    config: o.ConfigOption = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """A run: its steps, attempts, times, outputs."""

    def look(runs: "Runs") -> None:
        from labtool.commands import _show as show
        from labtool.commands._workflow import document, shown

        run = _found(runs, ident)
        attempts = runs.attempts.of(run.id)
        if json:
            show.document(document(run, attempts))
        else:
            shown(run, attempts, runs.config)

    _looked(look, config or context.obj, context, json=json, verbose=verbose)


@looks.command()
def logs(
    context: typer.Context,
    ident: Ident,
    step: Annotated[str, typer.Option("--step", metavar="STEP", help="Only what it printed.")] = "",
    config: o.ConfigOption = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """The end of what a run's steps printed, each at its newest attempt."""

    def look(runs: "Runs") -> None:
        from labtool.commands import _show as show
        from labtool.commands._workflow import logs_document, logs_shown
        from labtool.tasks.workflow.printed import printed

        run = _found(runs, ident)
        found = printed(runs.config, run, runs.attempts.of(run.id), step)
        if json:
            show.document(logs_document(run, found))
        else:
            logs_shown(run, found, runs.config)

    _looked(look, config or context.obj, context, json=json, verbose=verbose)


@looks.command()
def history(
    context: typer.Context,
    hours: Annotated[
        float, typer.Option("--hours", metavar="H", min=0.1, max=8760, help="How far back.")
    ] = 24.0,
    send: Annotated[bool, typer.Option("--send", metavar="", help="To the admins.")] = False,
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """How runs have ended: by status, and whether fewer than usual were completed."""
    if send:

        def body(run: "Run", services: "Services") -> None:
            from labtool.tasks.workflow.runs import opened
            from labtool.tasks.workflow.telling import looked_at
            from labtool.tasks.workflow.telling import send as tell

            with opened(run.config, look=True) as runs:
                tell(run, services, looked_at(runs, run.clock.now().timestamp(), hours))

        options = o.Options(config or context.obj, dry_run, at, json, verbose)
        o.task("workflow-history", [f"{hours:g}"], options, context, body,
               about="workflow history")  # fmt: skip

    def look(runs: "Runs") -> None:
        from labtool.commands import _show as show
        from labtool.tasks.workflow.history import told
        from labtool.tasks.workflow.telling import looked_at

        now = o.clock(runs.config, at).now().timestamp()
        found = looked_at(runs, now, hours)
        if json:
            counts = {name: dict(one) for name, one in found.counts.items()}
            show.document({"hours": hours, "subject": found.subject, "usual": found.usual,
                           "fell": found.fell, "counts": counts})  # fmt: skip
        else:
            print(told(found))

    _looked(look, config or context.obj, context, json=json, verbose=verbose)


@looks.command()
def check(
    context: typer.Context,
    config: o.ConfigOption = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Check every workflow and trigger, and whom they tell; show the steps. Nothing runs."""

    def body() -> int:
        from labtool.commands import _show as show
        from labtool.commands._words import misworded
        from labtool.core.database import Database
        from labtool.core.errors import ConfigError
        from labtool.services.build import Services
        from labtool.tasks.workflow.check import check as look
        from labtool.tasks.workflow.definition import workflows_of
        from labtool.tasks.workflow.plan import plan

        lab = o.load(config or context.obj, context)
        found = {name: list(plan(name, one, {})) for name, one in workflows_of(lab).root.items()}
        clock, database = o.clock(lab, ""), Database.snapshot(lab.state)
        services = Services(lab, database, clock, dry_run=True, online=False)
        if problems := [*look(lab, services, clock).problems, *misworded(lab)]:
            raise ConfigError(problems)
        if json:
            show.document(found)
        else:
            for lines in found.values():
                print("\n".join(lines))
        return 0

    o.finish(body, verbose=verbose, json=json)


def _found(runs: "Runs", ident: str) -> "RunRecord":
    from labtool.core.errors import Failed, UsageError

    try:
        return runs.find(ident)
    except Failed as error:
        raise UsageError(error.what, where=error.where, fix=error.fix) from None


def _looked(
    look: "Callable[[Runs], None]",
    config: str,
    context: typer.Context,
    *,
    json: bool,
    verbose: bool,
) -> None:
    """Look at the runs; nothing changes."""

    def body() -> int:
        from labtool.tasks.workflow.runs import opened, wanted

        lab = o.load(config, context)
        wanted(lab)
        with opened(lab, look=True) as runs:
            look(runs)
        return 0

    o.finish(body, verbose=verbose, json=json)
