"""Timers as systemd units: a service and a timer for each."""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from labtool.core.config.models import Timer
from labtool.core.errors import TEMPORARY, ConfigError, Problem, UsageError
from labtool.core.files import write_atomic
from labtool.core.text import one_line
from labtool.tasks.timers.command import TIMER_VARIABLE, command_line
from labtool.tasks.timers.oncalendar import on_calendar

MARK = "# Written by `labtool timers systemd`; change the timers in labtool's config."
# Local accounts, those of a directory (ann@lab.example), and numbers.
_ACCOUNT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*\$?")
_BARE = re.compile(r"[A-Za-z0-9_./:=@+,-]+")

_SERVICE = """\
{mark}
[Unit]
Description={about}
{network}
[Service]
Type=oneshot
{account}Environment={variable}={name}
ExecStart={command}
# {temporary}: a vendor or the network was unavailable; the next run goes on.
SuccessExitStatus={temporary}
# What a run prints is kept by labtool (labtool log); what it cannot keep, and messages where
# neither Slack nor mail is set up, go to systemd's journal.
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
"""

_TIMER = """\
{mark}
[Unit]
Description={about}, {when}

[Timer]
{calendar}
Persistent=true
AccuracySec=1s

[Install]
WantedBy=timers.target
"""

NETWORK = "Wants=network-online.target\nAfter=network-online.target\n"


def render(
    timers: Mapping[str, Timer],
    *,
    program: Sequence[str],
    config: Path,
    zone: ZoneInfo,
    now: datetime,
    account: str | None,
) -> dict[str, str]:
    """The units, by file name. `account` runs system units; None makes units for a user's
    own systemd. Raises ConfigError with every timer that cannot be written."""
    units: dict[str, str] = {}
    problems: list[Problem] = []
    for name, timer in timers.items():
        try:
            command = command_line([*program, "--quiet"], config, name, timer.run)
            calendar = on_calendar(timer.when, zone, now)
        except ConfigError as error:
            problems += error.problems
            continue
        except ValueError as error:
            what, _, fix = str(error).rpartition("; ")
            problems.append(Problem(where=f"timers.{name}", what=what, fix=fix))
            continue
        why = f": {one_line(timer.why)}" if timer.why else ""
        about = f"labtool {name}{why}".replace("%", "%%").rstrip("\\")
        units[f"labtool-{name}.service"] = _SERVICE.format(
            mark=MARK,
            about=about,
            network="" if account is None else NETWORK,
            account="" if account is None else f"User={account}\n",
            variable=TIMER_VARIABLE,
            name=name,
            command=" ".join(quoted(word) for word in command),
            temporary=TEMPORARY,
        )
        units[f"labtool-{name}.timer"] = _TIMER.format(
            mark=MARK,
            about=about,
            when=str(timer.when).replace("%", "%%"),
            calendar="\n".join(f"OnCalendar={line}" for line in calendar),
        )
    if problems:
        raise ConfigError(problems)
    return units


def checked_account(name: str) -> str:
    """The name of an account, as it can stand in a unit. Raises UsageError."""
    if not _ACCOUNT.fullmatch(name):
        what = f"--account {one_line(name, 80)!r} is not the name of an account"
        raise UsageError(what, fix="write one such as lab (see: getent passwd)")
    return name


def install(units: Mapping[str, str], folder: Path) -> list[str]:
    """Write the units into `folder`. The names of labtool's timers there that are in the
    config no longer: they are left, as they may be running. Raises StateError."""
    for name, text in units.items():
        write_atomic(folder / name, text.encode())
    found = (path for path in sorted(folder.glob("labtool-*.timer")) if path.name not in units)
    return [path.name for path in found if _is_ours(path)]


def next_steps(units: Iterable[str], stale: Iterable[str], folder: Path, *, user: bool) -> str:
    """The shell commands that a person runs after `install`, one a line."""
    control = "systemctl --user" if user else "sudo systemctl"
    remove = "rm" if user else "sudo rm"
    names = [name for name in units if name.endswith(".timer")]
    lines = []
    for name in stale:
        files = [str(folder / name), str(folder / name.replace(".timer", ".service"))]
        lines += [f"{control} disable --now {name}", f"{remove} -f {shlex.join(files)}"]
    lines.append(f"{control} daemon-reload")
    timed = {name.replace(".timer", ".service") for name in names}
    names += [name for name in units if name.endswith(".service") and name not in timed]
    if names:
        # Not `enable --now`: that leaves a timer that runs already at its old times.
        lines += [f"{control} enable {' '.join(names)}", f"{control} restart {' '.join(names)}"]
    if user:
        lines.append("loginctl enable-linger  # so that they run while you are logged out")
    return "\n".join(lines) + "\n"


def _is_ours(path: Path) -> bool:
    try:
        return path.read_text(encoding="utf-8").startswith(MARK)
    except (OSError, UnicodeDecodeError):
        return False


def quoted(word: str) -> str:
    """A word of ExecStart: systemd expands % and $, and reads quotes and backslashes."""
    escaped = word.replace("%", "%%").replace("$", "$$")
    if _BARE.fullmatch(escaped.replace("%", "")):
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'
