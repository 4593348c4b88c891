"""Help is in words, and fits a terminal."""

import pytest

from labtool.cli import COMMANDS
from tests.lab import Lab

PARTS = {
    "timers": ("next", "crontab", "systemd", "run"),
    "outbox": ("show", "retry", "drop"),
    "alerts": ("snooze",),
    "config": ("schema",),
}
WIDTH = {"COLUMNS": "80"}


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_has_no_words_of_python(lab: Lab, command: str) -> None:
    shown = []
    for part in ("", *PARTS.get(command, ())):
        done = lab.run(*f"{command} {part}".split(), "--help", env=WIDTH)
        assert done.status == 0
        assert "..." not in done.out.partition("Commands:")[2]
        shown += done.out.splitlines()
    assert [line for line in shown if "<" in line or "range" in line or len(line) > 80] == []


def test_a_command_that_there_is_not_has_its_nearest_named(lab: Lab) -> None:
    done = lab.run("workfow", env=WIDTH)
    assert done.status == 2
    assert "No such command 'workfow'. Did you mean 'workflow'?" in done.err
    assert "Did you mean" not in lab.run("qqqqq", env=WIDTH).err


@pytest.mark.parametrize("command", ["check", "status", "timers next"])
def test_no_help_names_an_option_that_is_not_there(lab: Lab, command: str) -> None:
    assert "dry-run" not in lab.run(*command.split(), "--help", env=WIDTH).out


@pytest.mark.parametrize(
    "arguments", ["outbox show x", "outbox drop 0", "log -n -3", "outbox -n 1.5"]
)
def test_a_number_that_is_none(lab: Lab, arguments: str) -> None:
    lab.configure("")
    word = arguments.rsplit(maxsplit=1)[-1]
    done = lab.run(*arguments.split(), env=WIDTH)
    assert done.status == 2
    assert f"{word!r} is not a number from 1 up; write one such as 12" in done.err
