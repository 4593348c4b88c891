"""What stays in the foreground as systemd units: started at boot, and again when it ends."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from labtool.core.errors import USAGE, ConfigError, Problem
from labtool.tasks.timers.command import command_line
from labtool.tasks.timers.systemd import MARK, NETWORK, quoted

_SERVICE = """\
{mark}
[Unit]
Description=labtool {name}: {about}
{network}StartLimitIntervalSec=0

[Service]
Type=exec
{account}ExecStart={command}
Restart=always
RestartSec=5
{watchdog}# {usage}: the config is wrong; starting again does not mend it.
RestartPreventExitStatus={usage}
TimeoutStopSec=20
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes

[Install]
WantedBy={target}
"""

# What makes a command stay that could do a single pass as well.
_TO_STAY = {"attune-watch": "attune-watch --follow", "jobs-work": "jobs work --follow",
            "workflow-work": "workflow work --follow"}  # fmt: skip

# Those that give signs of life (core/alive.py): without any for so long they hang.
_WATCHED = ("slack-bot",)
_WATCHDOG = """\
NotifyAccess=main
WatchdogSec=10min
WatchdogSignal=SIGKILL
"""


def refuse_same_names(timers: Iterable[str], commands: Iterable[str]) -> None:
    """Raise ConfigError for a timer whose unit would have the name of a service's."""
    same = sorted(set(timers) & set(commands))
    if same:
        problems = [
            Problem(f"timers.{name}", "has the name of a service", "call it something else")
            for name in same
        ]
        raise ConfigError(problems)


def render(
    commands: dict[str, str], *, program: Sequence[str], config: Path, account: str | None
) -> dict[str, str]:
    """The units, by file name, of commands with what they are for. `account` runs system
    units; None makes units for a user's own systemd. Raises ConfigError."""
    return {
        f"labtool-{name}.service": _SERVICE.format(
            mark=MARK,
            name=name,
            about=about,
            network="" if account is None else NETWORK,
            account="" if account is None else f"User={account}\n",
            command=" ".join(
                quoted(word)
                for word in command_line(program, config, name, _TO_STAY.get(name, name))
            ),
            usage=USAGE,
            watchdog=_WATCHDOG if name in _WATCHED else "",
            target="default.target" if account is None else "multi-user.target",
        )
        for name, about in commands.items()
    }
