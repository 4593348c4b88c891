"""`labtool timers`: quiet, next, crontab, systemd, run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labtool.commands import _options as o

if TYPE_CHECKING:
    from labtool.core.config import Config

app = typer.Typer(add_completion=False, no_args_is_help=True)

Program = Annotated[
    str, typer.Option(metavar="PATH", help="The labtool to call; default: this one.")
]
ConfigPath = Annotated[
    str, typer.Option(metavar="PATH", help="The config to name; default: the one that is read.")
]


@app.callback()
def timers(context: typer.Context, config: o.ConfigOption = "") -> None:
    """What runs when; write crontab or systemd entries; run timers now."""
    context.obj = config


@app.command()
def quiet(
    context: typer.Context,
    minutes: Annotated[
        int, typer.Option("--minutes", metavar="N", parser=o.number, help="How long it must be.")
    ] = 15,
    config: o.ConfigOption = "",
    at: o.AtLook = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """When no timer is expected to run within a day: the time to deploy or restart."""

    def body() -> int:
        from datetime import timedelta

        from labtool.commands import _timers as show
        from labtool.core.database import Database
        from labtool.tasks.sections import staying
        from labtool.tasks.timers.quiet import expected, frequent, quiet, windows

        lab = o.load(config or context.obj, context)
        now, zone = o.clock(lab, at).now(), lab.core.lab.timezone
        until, wanted = now + timedelta(hours=24), timedelta(minutes=minutes)
        lasts = show.lasts(Database.snapshot(lab.state), lab.core.timers)
        busy = expected(lab.core.timers, lasts, zone, now, until)
        beside = frequent(lab.core.timers, zone, now, until, wanted)
        rest = windows([one for one in busy if one.name not in beside], now, until)
        longest = max(rest, key=lambda one: one.lasts, default=None)
        show.quiet(quiet(rest, wanted), longest, wanted, beside, list(staying(lab)), lab, json=json)
        return 0

    o.finish(body, verbose=verbose, json=json)


@app.command("next")
def upcoming(
    context: typer.Context,
    count: Annotated[
        int, typer.Option("-n", metavar="N", parser=o.number, help="How many runs.")
    ] = 10,
    config: o.ConfigOption = "",
    at: o.AtLook = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """The next runs of all timers, in order."""

    def body() -> int:
        from labtool.commands import _show as show
        from labtool.tasks.timers.upcoming import upcoming as decide

        lab = o.load(config or context.obj, context)
        zone = lab.core.lab.timezone
        now = o.clock(lab, at).now()
        runs = decide(lab.core.timers, zone, now, count)
        if json:
            show.document([{"at": run.at, "name": run.name, "run": run.timer.run} for run in runs])
            return 0
        rows = [
            [f"{run.at.astimezone(zone):%a %Y-%m-%d %H:%M %Z}", run.name, run.timer.run]
            for run in runs
        ]
        show.table(("when", "timer", "runs"), rows, "There are no timers in the config.")
        return 0

    o.finish(body, verbose=verbose, json=json)


@app.command()
def crontab(
    context: typer.Context,
    program: Program = "",
    config_path: ConfigPath = "",
    machine_zone: Annotated[
        str, typer.Option(metavar="ZONE", help="For a machine in this time zone; default: this.")
    ] = "",
    config: o.ConfigOption = "",
    verbose: o.Verbose = False,
) -> None:
    """Print a crontab with an entry for each timer."""

    def body() -> int:
        from datetime import UTC, datetime
        from zoneinfo import available_timezones

        from labtool.core.errors import UsageError
        from labtool.tasks.timers import crontab
        from labtool.tasks.timers.clocks import cron_keeps
        from labtool.tasks.timers.command import this_program

        lab = o.load(config or context.obj, context)
        zone = lab.core.lab.timezone
        if machine_zone and machine_zone not in available_timezones():
            fix = "write one such as Europe/Berlin or UTC"
            raise UsageError(f"--machine-zone {machine_zone!r} is not a time zone", fix=fix)
        text = crontab.render(
            lab.core.timers,
            program=[program] if program else this_program(),
            config=Path(config_path) if config_path else lab.path,
            zone=zone,
            same_clock=machine_zone == zone.key
            if machine_zone
            else cron_keeps(zone, datetime.now(UTC)),
        )
        print(text, end="")
        _note(lab)
        return 0

    o.finish(body, verbose=verbose)


def _note(lab: "Config") -> None:
    """Who installs timers should know where the messages will go."""
    from labtool.core.log import complain

    if lab.core.timers and lab.core.unheard:
        complain(f"note: {lab.core.unheard}")


@app.command()
def systemd(
    context: typer.Context,
    user: Annotated[
        bool, typer.Option("--user", metavar="", help="Units of a user, not of root.")
    ] = False,
    install: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write them into this folder.")
    ] = None,
    account: Annotated[
        str, typer.Option(metavar="NAME", help="Who runs system units; default: you.")
    ] = "",
    program: Program = "",
    config_path: ConfigPath = "",
    config: o.ConfigOption = "",
    verbose: o.Verbose = False,
) -> None:
    """Print systemd units for each timer and for what stays running, or install them."""

    def body() -> int:
        import getpass
        from datetime import UTC, datetime

        from labtool.core.text import counted
        from labtool.tasks.sections import staying
        from labtool.tasks.timers import services
        from labtool.tasks.timers import systemd as units
        from labtool.tasks.timers.command import this_program

        lab = o.load(config or context.obj, context)
        calls = [program] if program else this_program()
        path = Path(config_path) if config_path else lab.path
        owner = None if user else units.checked_account(account or getpass.getuser())
        stay = staying(lab)
        services.refuse_same_names(lab.core.timers, stay)
        found = units.render(
            lab.core.timers,
            program=calls,
            config=path,
            zone=lab.core.lab.timezone,
            now=datetime.now(UTC),
            account=owner,
        )
        found |= services.render(stay, program=calls, config=path, account=owner)
        _note(lab)
        if install is None:
            print("# To install them, add: --install DIR (as root /etc/systemd/system; with --user")
            print("# ~/.config/systemd/user). It says then what to run.")
            for name, text in found.items():
                print(f"# ── {name}\n{text}")
            return 0
        stale = units.install(found, install)
        print(f"# wrote {counted(len(found), 'file')} into {install}; now run:")
        print(units.next_steps(found, stale, install, user=user), end="")
        return 0

    o.finish(body, verbose=verbose)


@app.command()
def run(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Names of timers.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", metavar="", help="Every timer.")] = False,
    due: Annotated[
        bool, typer.Option("--due", metavar="", help="What is due, or was missed.")
    ] = False,
    config: o.ConfigOption = "",
    dry_run: o.DryRun = False,
    at: o.At = "",
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Run timers now, each as its own process."""

    def body() -> int:
        from labtool.commands import _show as show
        from labtool.core.emergency import tell_without_state
        from labtool.core.errors import StateError
        from labtool.tasks.timers.task import run_timers

        lab = o.load(config or context.obj, context)
        try:
            status, done = run_timers(
                lab,
                names or [],
                everything=everything,
                due=due,
                dry_run=dry_run,
                at=at,
                json=json,
                quiet=bool(context.find_root().params.get("quiet")),
                now=o.clock(lab, at).now(),
            )
        except StateError as error:
            # No timer was run, so there is no other run boundary that could tell.
            if not dry_run:
                options = o.Options(config, at=at)
                with o.described("timers", ["run", "--due"], options, lab, context) as (task, _):
                    tell_without_state(task, error)
            raise
        if json:
            show.document(
                {"exit": status, "timers": [{"name": r.name, "exit": r.status} for r in done]}
            )
        return status

    o.finish(body, verbose=verbose, json=json)
