"""The options that commands share, and the way from them to a task."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, Never

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from labtool.core.clock import Clock
    from labtool.core.config import Config
    from labtool.core.database import Database
    from labtool.core.messages import Recipient
    from labtool.core.task import Run, Task
    from labtool.services.build import Services

ConfigOption = Annotated[
    str, typer.Option("--config", "-c", metavar="FILE", help="The config to use.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", metavar="", help="Show what would be done; change nothing.")
]
At = Annotated[
    str,
    typer.Option(
        "--at", metavar="TIME", help="Act as if it were then (ISO 8601); with --dry-run, only look."
    ),
]
# Of a command that has no --dry-run, as it changes nothing.
AtLook = Annotated[
    str, typer.Option("--at", metavar="TIME", help="Show it as it were then (ISO 8601).")
]
Json = Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", metavar="", help="Show tracebacks of bugs.")
]


def number(text: object) -> int:
    """A number on the command line, from 1."""
    from labtool.core.text import natural

    found = natural(str(text))
    if not found:
        raise typer.BadParameter(f"{str(text)!r} is not a number from 1 up; write one such as 12")
    return found


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for, apart from the task's own arguments."""

    config: str = ""
    dry_run: bool = False
    at: str = ""
    json: bool = False
    verbose: bool = False


def finish(body: Callable[[], int], *, verbose: bool = False, json: bool = False) -> Never:
    """Run a command's body inside the outermost boundary, and exit with its status. With
    `json`, an error that ends it is a document on standard output too."""
    from labtool.core.run import guarded

    raise typer.Exit(guarded(_documented(body) if json else body, verbose=verbose))


def _documented(body: Callable[[], int]) -> Callable[[], int]:
    def run() -> int:
        from labtool.commands._show import document
        from labtool.core.errors import AlreadyRunning, ConfigError, LabtoolError
        from labtool.core.journal import STATUS_OF_EXIT

        try:
            return body()
        except LabtoolError as error:
            found = error.problems if isinstance(error, ConfigError) else [error]
            status = STATUS_OF_EXIT.get(error.exit_status, "failed")
            if isinstance(error, AlreadyRunning):
                status = "already running"
            errors = [str(each) for each in found]
            document({"status": status, "exit": error.exit_status, "errors": errors})
            raise

    return run


def load(
    given: str, context: typer.Context | None = None, *, else_in: "Path | None" = None
) -> "Config":
    """The config that `--config` names, before the subcommand or after it. Where there is
    none at all and `else_in` is a folder, the defaults, with the state in that folder."""
    from labtool.core import config
    from labtool.core.errors import ConfigError, UsageError
    from labtool.tasks.sections import SECTIONS, mistakes

    before = str(context.find_root().params.get("config") or "") if context else ""
    try:
        path = config.find(given or before)
    except UsageError:
        if else_in is None or given or before or os.environ.get("LABTOOL_CONFIG"):
            raise
        return config.bare(else_in)
    try:
        return config.load(path, SECTIONS)
    except ConfigError as error:
        raise ConfigError([*error.problems, *mistakes(path)]) from None


def clock(lab: "Config", at: str) -> "Clock":
    """The lab's clock, as `--at` sets it."""
    from labtool.core.clock import Clock, parse_at

    zone = lab.core.lab.timezone
    return Clock(zone, parse_at(at, zone) if at else None)


def task(
    name: str,
    arguments: Sequence[str],
    options: Options,
    context: typer.Context,
    body: "Callable[[Run, Services], None]",
    *,
    else_in: "Path | None" = None,
    alone: bool = False,
    together: bool = False,
    about: str = "",
) -> Never:
    """Run a task inside the run boundary with the lab's services, and exit with its status.
    `else_in` as for `load`; `alone`: it has nothing to do while another of its name runs;
    `together`: it runs beside others of its name; `about`: the command without what somebody
    typed once, where alerts are to know it so."""

    def run() -> int:
        from labtool.core.errors import OK, AlreadyRunning
        from labtool.core.run import run_task

        config = load(options.config, context, else_in=else_in)
        with described(name, arguments, options, config, context) as (settings, services):
            settings.alone, settings.together, settings.about = alone, together, about
            try:
                return run_task(settings, lambda run: body(run, services(run.database)))
            except AlreadyRunning:
                if alone and settings.quiet and not settings.json:
                    return OK  # cron would mail it each minute, as long as the other takes
                raise

    finish(run, verbose=options.verbose, json=options.json)


@contextmanager
def described(
    name: str,
    arguments: Sequence[str],
    options: Options,
    config: "Config",
    context: typer.Context,
) -> "Iterator[tuple[Task, Callable[[Database], Services]]]":
    """A task as the run boundary must know it, and the lab's services over a database, which
    are closed at the end."""
    from labtool.core.task import Task
    from labtool.core.text import clean
    from labtool.services.build import Services

    now = clock(config, options.at)
    built: dict[int, Services] = {}

    def services(database: "Database") -> Services:
        return built.setdefault(
            id(database), Services(config, database, now, dry_run=options.dry_run)
        )

    def admins(database: "Database") -> "Sequence[Recipient]":
        return services(database).admins

    try:
        yield (
            Task(
                name=name,
                arguments=tuple(clean(argument) for argument in arguments),
                timer=os.environ.get("LABTOOL_TIMER", ""),
                config=config,
                clock=now,
                dry_run=options.dry_run,
                json=options.json,
                verbose=options.verbose,
                quiet=bool(context.find_root().params.get("quiet")),
                connect=lambda database: services(database).post,
                admins=admins,
                ping=_pinged(config),
            ),
            services,
        )
    finally:
        for each in built.values():
            each.close()


def _pinged(config: "Config") -> "Callable[[Literal['start', 'success', 'fail']], None]":
    """How the timer that started this run tells its dead man's switch."""
    timer = config.core.timers.get(os.environ.get("LABTOOL_TIMER", ""))
    if timer is None or timer.ping is None:
        return lambda event: None
    from labtool.services.ping import ping

    url = timer.ping.reveal()
    return lambda event: ping(url, event)
