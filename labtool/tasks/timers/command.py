"""The command line of a timer, for whatever starts it."""

import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from labtool.core.config.models import Timer
from labtool.core.errors import ConfigError, Problem
from labtool.core.text import one_line

# Tells a run which timer started it.
TIMER_VARIABLE = "LABTOOL_TIMER"

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def this_program() -> list[str]:
    """How to call the labtool that is running: its script, else its module."""
    script = Path(sys.executable).with_name("labtool")
    return [str(script)] if script.is_file() else [sys.executable, "-m", "labtool"]


def command_line(program: Sequence[str], config: Path, name: str, run: str) -> list[str]:
    """The arguments that run the timer `name`, whose command is `run`.

    Raises ConfigError for a name or a command that cannot stand in a crontab or a unit.
    """
    if not _NAME.fullmatch(name):
        raise _mistake(name, f"{name!r} cannot name a timer", "use a to z, 0 to 9 and hyphens")
    try:
        words = shlex.split(run)
    except ValueError as error:
        raise _mistake(name, f"the command cannot be read ({error})", "close its quotes") from None
    if not words:
        raise _mistake(name, "the command is empty", "write a labtool command, such as remind")
    if words[:2] == ["timers", "run"]:
        raise _mistake(name, "a timer cannot run timers", "write the command it should run")
    if not run.isprintable():
        raise _mistake(name, "the command has a line break or control character", "remove it")
    what = "has a line break or control character in its path"
    if not str(config).isprintable():
        raise ConfigError([Problem(one_line(str(config)), what, "move the config elsewhere")])
    if not "".join(program).isprintable():
        raise ConfigError([Problem(one_line(" ".join(program)), what, "use another program")])
    return [*program, "--config", str(config), *words]


def command_lines(
    timers: Mapping[str, Timer], program: Sequence[str], config: Path
) -> dict[str, list[str]]:
    """The command line of every timer. Raises ConfigError with all that cannot be made."""
    lines: dict[str, list[str]] = {}
    problems: list[Problem] = []
    for name, timer in timers.items():
        try:
            lines[name] = command_line(program, config, name, timer.run)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return lines


def _mistake(name: str, what: str, fix: str) -> ConfigError:
    return ConfigError([Problem(where=f"timers.{one_line(name, 80)}", what=what, fix=fix)])
