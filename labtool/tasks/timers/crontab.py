"""Timers as a crontab."""

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from labtool.core.config.models import Timer
from labtool.core.schedule import Schedule
from labtool.core.text import one_line
from labtool.tasks.timers.command import TIMER_VARIABLE, command_lines

_HEADER = """\
# The timers of labtool, as `labtool timers crontab` writes them from {config}.
# Change them there. To install them where there is no other crontab, which this replaces:
#     labtool timers crontab | crontab -
# or to add them below what is there (remove an older copy first, with crontab -e):
#     (crontab -l; labtool timers crontab) | crontab -
# What a run prints is kept by labtool (see: labtool log), and it tells the admins of errors;
# cron mails what labtool itself can neither keep nor tell, and the messages of a lab that has
# neither slack: nor mail: in its config.
SHELL=/bin/sh
PATH=/usr/local/bin:/usr/bin:/bin
"""
_LAST = (59, 23, 31, 12, 7)  # of minute, hour, day of month, month, day of week
_OPEN_STEP = re.compile(r"([0-9]+|[a-z]{3})/([0-9]+)", re.IGNORECASE)


def render(
    timers: Mapping[str, Timer],
    *,
    program: Sequence[str],
    config: Path,
    zone: ZoneInfo,
    same_clock: bool,
) -> str:
    """A crontab with one line for each timer.

    cron knows only the machine's clock: unless that keeps the lab's time (`same_clock`),
    or where a schedule is not one of cron's, one line drives all of them every minute.
    Raises ConfigError for a timer that cannot be written.
    """
    program = [*program, "--quiet"]
    commands = command_lines(timers, program, config)
    blocks = [_HEADER.format(config=one_line(str(config)))]
    foreign = [name for name, timer in timers.items() if not is_classic(timer.when)]
    if timers and (foreign or not same_clock):
        why = (
            f"cron cannot say when {', '.join(foreign)} should run"
            if foreign
            else f"cron keeps the machine's time, not the lab's ({zone})"
        )
        line = _entry([*program, "--config", str(config), "timers", "run", "--due"])
        blocks.append(f"# {why}:\n# this one line runs every timer when it is due.\n{line}")
        blocks += [
            f"# {_about(name, timer)} ({one_line(str(timer.when))})\n"
            for name, timer in timers.items()
        ]
        return "\n".join(blocks[:2]) + "#\n" + "".join(blocks[2:])
    for name, timer in timers.items():
        line = _entry(commands[name], when=classic(timer.when), name=name)
        blocks.append(f"# {_about(name, timer)}\n{line}")
    return "\n".join(blocks)


def is_classic(schedule: Schedule) -> bool:
    """Whether every cron knows what the schedule says (`L` and `#` are newer)."""
    _, _, day, _, weekday = schedule.cron.upper().split()
    return not set("L#W") & set(day) and not set("L#") & set(weekday)


def classic(schedule: Schedule) -> str:
    """A cron expression that every cron reads: `5/10` is written `5-59/10`."""
    fields = []
    for field, last in zip(schedule.cron.split(), _LAST, strict=True):
        terms = (_OPEN_STEP.sub(rf"\g<1>-{last}/\2", t) for t in field.split(","))
        fields.append(",".join(terms))
    return " ".join(fields)


def _about(name: str, timer: Timer) -> str:
    return f"{name}: {one_line(timer.why)}" if timer.why else name


def _entry(command: Sequence[str], *, when: str = "* * * * *", name: str = "") -> str:
    variable = f"{TIMER_VARIABLE}={name} " if name else ""
    line = shlex.join(command).replace("%", r"\%")  # a bare % would end the command
    return f"{when} {variable}{line}\n"
