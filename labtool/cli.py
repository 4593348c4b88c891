"""The command line: every subcommand on one screen.

A command is a module of `labtool/commands/`, imported when it runs.
"""

import gc
import os
import sys
from importlib import import_module
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from labtool import __version__

COMMANDS = {
    "init": "Make a working lab folder: config, sheets, secrets file.",
    "check": "Check the config and every sheet; --online also proves the credentials.",
    "remind": "Send today's reminders: duties, meetings, birthdays.",
    "backup": "Save files, prove that they come back, and bring them back.",
    "cache": "Ask the sources that are due, and keep their last good answers.",
    "build-page": "Build the site: the event board and what else the config names.",
    "serve": "Serve the site and its changes; stays in the foreground.",
    "instruments": "What each instrument does, when it is free, and its history.",
    "attune-watch": "Beside an instrument: read its logs, tell the server what changed.",
    "ptg-bot": "The event board's bot on IRC; stays in the foreground.",
    "jobs": "Jobs that people start by saying so: say, list, run, logs, work.",
    "slack-bot": "The jobs' bot in Slack; stays in the foreground.",
    "workflow": "Work of many steps: start, list, show, logs, approve, retry, work.",
    "timers": "What runs when; write crontab or systemd entries; run timers now.",
    "status": "Each task's last run, its outcome, what is next and what is overdue.",
    "doctor": "Look for troubles of the machine and of labtool; --fix does what is safe.",
    "log": "The journal of runs, with their output.",
    "outbox": "Messages sent, waiting, unknown or failed; retry or drop one.",
    "alerts": "Errors that the admins know of; snooze one.",
    "digest": "Send the admins one summary of what needs them, if anything does.",
    "report": "How the week was: tasks, backups, disk, updates; --send also compresses old logs.",
    "config": "The config's JSON Schema, for editors.",
}


class _Commands(TyperGroup):
    """The commands of the table, each imported when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        # Where typer looks for what somebody may have meant; `get_command` has them.
        self.commands = dict.fromkeys(COMMANDS)  # type: ignore[assignment]
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"labtool.commands.{cmd_name.replace('-', '_')}")
        module.app.rich_markup_mode = None
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        command.help = COMMANDS[cmd_name]
        _plain_help(command)
        return command


def _plain_help(command: Any) -> None:
    """Help without what typer adds to it: Python's types, and sentences that are cut."""
    command.short_help = command.help
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            parameter.display_type_rich = lambda ctx=None: ""
    for part in getattr(command, "commands", {}).values():
        _plain_help(part)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"labtool {__version__}")
        raise typer.Exit


@app.callback()
def root(
    config: Annotated[
        str, typer.Option("--config", "-c", metavar="FILE", help="The config to use.")
    ] = "",
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", metavar="", help="Print only what the journal cannot keep."),
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", metavar="", callback=_version, is_eager=True, help="Show it."),
    ] = False,
) -> None:
    """The routine work of a research lab or a small community, in one command.

    Start with: labtool init lab; cd lab; labtool remind
    """


def _mend_streams() -> None:
    """Whatever started us: three streams that exist, and that take any text."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            # The lowest free number is this one; a socket or a file must not get it.
            setattr(sys, name, open(os.devnull, "w" if number else "r", encoding="utf-8"))  # noqa: PTH123, SIM115  (open for good)
        elif number and isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _start_fast() -> None:
    """Leave out what a short run has no use for: timers start one every few minutes."""
    # Nothing plugs into our models; looking for it reads every installed package's metadata.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # Imports make many objects and next to no garbage.
    gc.set_threshold(50_000)


def main() -> None:
    """The entry point of the installed command."""
    _mend_streams()
    _start_fast()
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
