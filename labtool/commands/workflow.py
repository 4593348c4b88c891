"""`labtool workflow`: work, start, approve, cancel, retry; what only looks is beside it."""

from typing import TYPE_CHECKING, Annotated

import typer

from labtool.commands import _options as o
from labtool.commands._workflow_looks import Ident, looks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from labtool.core.task import Run
    from labtool.services.build import Services
    from labtool.tasks.workflow.deciding import Speaker
    from labtool.tasks.workflow.runs import Runs

app = typer.Typer(add_completion=False, no_args_is_help=True)

As = Annotated[str, typer.Option("--as", metavar="USER", help="As if they had said it.")]


@app.callback()
def workflow(context: typer.Context, config: o.ConfigOption = "") -> None:
    """Work of many steps, started by files, the clock and people."""
    context.obj = config


app.add_typer(looks)


@app.command()
def work(
    context: typer.Context,
    follow: Annotated[
        bool, typer.Option("--follow", metavar="", help="Stay, and work at runs at once.")
    ] = False,
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Work at what is there to do, and end; with --follow, stay."""

    def body(run: "Run", _: "Services") -> None:
        from labtool.tasks.workflow.work.task import work as start

        start(run, follow=follow, again=lambda: o.load(config or context.obj, context))

    options = o.Options(config or context.obj, dry_run, at, json, verbose)
    arguments = ["--follow"] if follow else []
    o.task("workflow-work", arguments, options, context, body, alone=not follow,
           together=follow, about="workflow work")  # fmt: skip


@app.command()
def start(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A workflow of the config.")],
    values: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE", help="Its input, as text.")
    ] = None,
    given: Annotated[
        str, typer.Option("--input", metavar="JSON", help="Its input as JSON, or - to read it.")
    ] = "",
    ident: Annotated[
        str, typer.Option("--id", metavar="ID", help="Of this id, one at a time.")
    ] = "",
    not_before: Annotated[
        str, typer.Option("--not-before", metavar="6d", help="Not sooner after the last good one.")
    ] = "",
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Start a run; with --dry-run, show what it would do."""

    def body(run: "Run", _: "Services") -> None:
        from labtool.tasks.workflow.starting import Asked
        from labtool.tasks.workflow.starting import start as begin

        asked = Asked(name, _input(values or (), given), ident, not_before)
        begin(run, asked)

    options = o.Options(config or context.obj, dry_run, at, json, verbose)
    # What was given is nobody else's to read.
    o.task("workflow", ["start", name, ident], options, context, body, together=True,
           about="workflow start")  # fmt: skip


@app.command()
def approve(
    context: typer.Context,
    ident: Ident,
    step: Annotated[
        str, typer.Option("--step", metavar="STEP", help="Which, where several wait.")
    ] = "",
    refuse: Annotated[bool, typer.Option("--refuse", metavar="", help="Say no.")] = False,
    user: As = "",
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Say yes to a run that waits for it, or no."""

    def ask(run: "Run", runs: "Runs", by: "Speaker") -> str:
        from labtool.tasks.workflow.deciding import decide, to_decide

        if run.dry_run:
            found, name = to_decide(runs, ident, step, by)
            return f"would say {'no' if refuse else 'yes'} to {name} of {found.id}"
        return decide(runs, ident, step, by, yes=not refuse)

    _asked("approve", ident, ask, o.Options(config or context.obj, dry_run, "", json, verbose),
           context, user)  # fmt: skip


@app.command()
def cancel(
    context: typer.Context,
    ident: Ident,
    terminate: Annotated[
        bool, typer.Option("--terminate", metavar="", help="At once, whatever its worker does.")
    ] = False,
    user: As = "",
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """End a run; of one that has failed, its alert."""

    def ask(run: "Run", runs: "Runs", by: "Speaker") -> str:
        from labtool.tasks.workflow.deciding import stop

        if run.dry_run:
            return f"would cancel {runs.find(ident).id}"
        return stop(runs, ident, by, run.looked_at.add, terminate=terminate)

    _asked("cancel", ident, ask, o.Options(config or context.obj, dry_run, "", json, verbose),
           context, user)  # fmt: skip


@app.command()
def retry(
    context: typer.Context,
    ident: Ident,
    step: Annotated[
        str, typer.Option("--from", metavar="STEP", help="Default: the first that went wrong.")
    ] = "",
    new_steps: Annotated[
        bool, typer.Option("--new-steps", metavar="", help="With the config's steps of today.")
    ] = False,
    user: As = "",
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Let a run that has ended go on from a step."""

    def ask(run: "Run", runs: "Runs", _: "Speaker") -> str:
        found, look = runs.find(ident), run.dry_run
        goes = "would go" if look else "goes"
        step_ = runs.again(found, step, new_steps=new_steps, look=look)
        said = f"{found.id} {goes} on from {step_}"
        if not new_steps and runs.is_old(found):
            said += ", with the steps that it began with; --new-steps takes the config's"
        return said

    _asked("retry", ident, ask, o.Options(config or context.obj, dry_run, "", json, verbose),
           context, user)  # fmt: skip


def _asked(
    verb: str,
    ident: str,
    ask: "Callable[[Run, Runs, Speaker], str]",
    options: o.Options,
    context: typer.Context,
    user: str,
) -> None:
    """Do what somebody asks for, and print what came of it."""

    def body(run: "Run", services: "Services") -> None:
        from labtool.core.errors import Failed, UsageError
        from labtool.tasks.workflow.deciding import who
        from labtool.tasks.workflow.runs import opened

        run.shown = True
        try:
            with opened(run.config, look=run.dry_run) as runs:
                answer = ask(run, runs, who(user, lambda: services.people, run.clock.today()))
        except Failed as error:
            # Whoever asked reads it here: no admin has to hear of it.
            raise UsageError(error.what, where=error.where, fix=error.fix) from None
        run.result["answer"] = answer
        if not options.json:
            print(answer)

    o.task("workflow", [verb, ident], options, context, body, together=True,
           about=f"workflow {verb}")  # fmt: skip


def _input(values: "Sequence[str]", text: str) -> "dict[str, Any]":
    import sys

    from labtool.core import strictjson
    from labtool.core.errors import UsageError

    found: dict[str, Any] = {}
    if text:
        try:
            document = strictjson.parse(sys.stdin.read() if text == "-" else text)
        except ValueError as error:
            raise UsageError(
                f"--input is no JSON ({error})", fix='write {"name": "value"}'
            ) from None
        if not isinstance(document, dict):
            raise UsageError("--input is no JSON object", fix='write {"name": "value"}')
        found |= document
    for value in values:
        name, equals, rest = value.partition("=")
        if not equals:
            raise UsageError(f"{value!r} is not NAME=VALUE", fix=f"write NAME={value}")
        found[name] = rest
    return found
