"""`labtool jobs`: say, list, run, confirm, cancel, retry, logs, suppress, work."""

from typing import TYPE_CHECKING, Annotated

import typer

from labtool.commands import _options as o

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labtool.commands._jobs import View
    from labtool.core.task import Run
    from labtool.services.build import Services
    from labtool.tasks.jobs.talk import Desk
    from labtool.tasks.jobs.who import Who

app = typer.Typer(add_completion=False, no_args_is_help=True)
GOING = ("asked", "waiting", "running")

Number = Annotated[
    int, typer.Argument(metavar="ID", parser=o.number, help="As labtool jobs list names it.")
]
As = Annotated[str, typer.Option("--as", metavar="USER", help="As if they had said it.")]
Type = Annotated[str, typer.Argument(metavar="TYPE", help="NAMESPACE_JOB.")]


@app.callback()
def jobs(context: typer.Context, config: o.ConfigOption = "") -> None:
    """Jobs that people start by saying so, and the queue that runs them."""
    context.obj = config


@app.command()
def say(
    context: typer.Context,
    text: Annotated[list[str], typer.Argument(metavar="TEXT", help='Such as "site deploy".')],
    user: As = "",
    channel: Annotated[
        str, typer.Option("--channel", metavar="NAME", help="As if it was said there.")
    ] = "",
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Say something to the bot, and see what it answers."""
    options = o.Options(config or context.obj, dry_run, at, json, verbose)
    said = " ".join(text)
    _asked(("say", said), options, context, lambda desk, who: desk.ask(said, who), user, channel)


@app.command("list")
def list_(
    context: typer.Context,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", parser=o.number, help="How many.")
    ] = 30,
    config: o.ConfigOption = "",
    at: o.AtLook = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """What waits, runs and has ended, the newest first."""

    def body() -> int:
        from labtool.commands import _show as show
        from labtool.tasks.jobs.queue import ENDED

        view = _view(config or context.obj, context, (*GOING, *ENDED), limit, at)
        if json:
            show.document(view.documents())
        else:
            view.print("Nothing was asked for yet: labtool jobs say help")
        return 0

    o.finish(body, verbose=verbose, json=json)


@app.command()
def status(
    context: typer.Context,
    config: o.ConfigOption = "",
    at: o.AtLook = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """What waits and runs, and what is suppressed."""

    def body() -> int:
        from labtool.commands import _show as show

        view = _view(config or context.obj, context, GOING, 1000, at)
        if json:
            show.document({"jobs": view.documents(), "suppressions": view.suppressions()})
        else:
            view.print("Nothing waits or runs.")
        return 0

    o.finish(body, verbose=verbose, json=json)


@app.command()
def run(
    context: typer.Context,
    job: Type,
    values: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE", help="Its parameters.")
    ] = None,
    user: As = "",
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Let a job run, with its parameters byte for byte."""

    def ask(desk: "Desk", who: "Who") -> "Sequence[str]":
        return [desk.deeds.request(job, dict(_pair(value) for value in values or ()), who).text]

    options = o.Options(config or context.obj, dry_run, at, json, verbose)
    _asked(("run", job, *(values or ())), options, context, ask, user)


def _about(verb: str) -> "Callable[..., None]":
    """The command that says a verb of one job."""

    def command(
        context: typer.Context,
        number: Number,
        user: As = "",
        config: o.ConfigOption = "",
        dry_run: o.DryRun = False,
        at: o.At = "",
        json: o.Json = False,
        verbose: o.Verbose = False,
    ) -> None:
        ident = str(number)
        options = o.Options(config or context.obj, dry_run, at, json, verbose)
        _asked((verb, ident), options, context, lambda desk, who: desk.told(verb, ident, who), user)

    return command


for _verb, _help in {
    "confirm": "Say yes to a job that waits for it.",
    "cancel": "Take a job out of the queue, or end it.",
    "retry": "Ask for the same job once more.",
}.items():
    app.command(_verb, help=_help)(_about(_verb))


@app.command()
def logs(
    context: typer.Context,
    which: Annotated[
        str, typer.Argument(metavar="ID", help="As jobs list names it; or a TYPE, for its last.")
    ],
    config: o.ConfigOption = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """The end of what a job printed."""

    def body() -> int:
        from labtool.commands import _show as show
        from labtool.core.database import Database
        from labtool.tasks.jobs import open as jobs_open
        from labtool.tasks.jobs.places import logs_of
        from labtool.tasks.jobs.queue import Queue

        lab = o.load(config or context.obj, context)
        settings = jobs_open.settings_of(lab)
        entry = jobs_open.meant(lab, Queue(Database.snapshot(lab.state), lambda: 0.0), which)
        text = jobs_open.printed(lab, settings, entry)
        folder = logs_of(lab, settings, entry)
        if json:
            show.document({"id": entry.id, "folder": str(folder), "printed": text})
        else:
            print(text or "It has printed nothing.")
            print(f"all of it: {folder}")
        return 0

    o.finish(body, verbose=verbose, json=json)


@app.command()
def suppress(
    context: typer.Context,
    job: Type,
    begins: Annotated[str, typer.Argument(metavar="START", help="now, 18:00, ISO 8601")],
    ends: Annotated[str, typer.Argument(metavar="END", help="As START")] = "",
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Let no job of a type start for a while; `suppress TYPE off` ends that."""

    def ask(desk: "Desk", who: "Who") -> "Sequence[str]":
        return [desk.deeds.hold(job, begins, ends, who)]

    options = o.Options(config or context.obj, dry_run, at, json, verbose)
    _asked(("suppress", job, begins, ends), options, context, ask)


@app.command()
def work(
    context: typer.Context,
    follow: Annotated[
        bool, typer.Option("--follow", metavar="", help="Stay, and start jobs at once.")
    ] = False,
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Run what is due, and end; with --follow, stay."""

    def body(run: "Run", _: "Services") -> None:
        from labtool.tasks.jobs.work.task import work as start

        start(run, follow=follow, again=lambda: o.load(config or context.obj, context))

    options = o.Options(config or context.obj, dry_run, at, json, verbose)
    # Of another name than the requests, which must not wait for it.
    arguments = ["--follow"] if follow else []
    o.task("jobs-work", arguments, options, context, body, alone=True, about="jobs work")


def _view(
    config: str, context: typer.Context, states: "Sequence[str]", limit: int, at: str
) -> "View":
    from labtool.commands._jobs import View
    from labtool.core.database import Database
    from labtool.tasks.jobs.open import jobs_of

    lab = o.load(config, context)
    jobs_of(lab)
    return View.of(Database.snapshot(lab.state), o.clock(lab, at), states, limit)


def _asked(
    arguments: "Sequence[str]",
    options: o.Options,
    context: typer.Context,
    ask: "Callable[[Desk, Who], Sequence[str]]",
    user: str = "",
    channel: str = "",
) -> None:
    """Ask the desk, and print what it answers."""

    def work(run: "Run", services: "Services") -> None:
        from labtool.core.errors import AccessDenied, Failed, UsageError
        from labtool.tasks.jobs.open import desk
        from labtool.tasks.jobs.who import at_the_terminal

        run.shown = not options.json
        found = desk(run.config, run.database, run.clock, lambda: services.people)
        who = at_the_terminal(user, channel, lambda: services.people, run.clock.today())
        try:
            run.result["replies"] = list(ask(found, who))
        except AccessDenied:
            raise
        except Failed as error:
            # Whoever asked reads it here: no admin has to hear of it.
            refused = UsageError(error.what, where=error.where, fix=error.fix)
            if arguments[0] != "say":
                raise refused from None
            run.errors.append(refused)
            run.result |= {"status": "refused", "replies": [str(error)]}
        if not options.json:
            would = "would answer: " if run.dry_run and not run.errors else ""
            for reply in run.result["replies"]:
                print(f"{would}{reply}")

    # What was said is nobody else's to read: alerts and status know the command alone.
    about = f"jobs {arguments[0]}"
    o.task("jobs", arguments, options, context, work, about=about)


def _pair(text: str) -> tuple[str, str]:
    from labtool.core.errors import UsageError

    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"{text!r} is not NAME=VALUE", fix=f"write NAME={text}")
    return name, value
