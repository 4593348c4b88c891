"""Whatever starts labtool: signals, pipes that close, streams that are not there, a machine
without a home or a language. What is to be said is said once, and nothing shows a traceback."""

import os
import pty
import signal
import subprocess
import termios
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from tests.commands import example
from tests.lab import Lab, command, poll
from tests.servers.faults import Fault
from tests.servers.slack import Slack

DAY = example.DAY
COUNT = sum(len(texts) for texts in example.ON_DAY.values())


def shell(lab: Lab, script: str, *arguments: str, **options: Any) -> Any:
    """Run a script in which `labtool` stands as "$@"."""
    return lab.run(*arguments, program=["bash", "-c", script, "bash", *command()], **options)


def everything(lab: Lab) -> list[str]:
    """The states of all messages."""
    return [message["state"] for message in lab.run("outbox", "--json").json()]


# ── signals ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
@pytest.mark.parametrize("committed", [False, True], ids=["before", "after"])
def test_a_signal_in_the_middle(
    lab: Lab, slack: Slack, number: signal.Signals, committed: bool
) -> None:
    example.make(lab, slack)
    slack.proxy.inject(Fault.hang(committed=committed), match="chat.postMessage$")
    process = lab.start("remind", "--at", DAY)
    poll(lambda: slack.proxy.calls("chat.postMessage"))
    process.send_signal(number)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert err == "labtool: interrupted; the next run goes on from here\n"
    [run] = lab.run("log", "--json").json()
    assert (run["status"], run["exit"]) == ("interrupted", 130)
    slack.proxy.release()
    assert lab.run("remind", "--at", DAY).status == 0
    keys = [m.metadata["event_payload"]["key"] for m in slack.everything()]
    assert (len(keys), len(set(keys))) == (COUNT, COUNT)


def test_a_signal_to_timers_reaches_what_they_run(lab: Lab, slack: Slack) -> None:
    example.make(lab, slack, timers={"a": {"run": f"remind --at {DAY}", "when": "daily 09:00"}})
    slack.proxy.inject(Fault.hang(), match="chat.postMessage$")
    process = lab.start("timers", "run", "--all")
    poll(lambda: slack.proxy.calls("chat.postMessage"))
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "Traceback" not in err
    [run] = lab.run("log", "--json").json()
    assert run["status"] == "interrupted"


# ── output that nobody takes ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "look",
    ["outbox --json", "config schema", "remind --preview 900d --json", "timers crontab", "check"],
)
def test_who_reads_may_stop(lab: Lab, look: str) -> None:
    timers = {"a": {"run": "remind", "when": "daily 09:00"}}
    example.make(lab, timers=timers, slack={"token": "xoxb-1"})
    done = shell(lab, '"$@" | head -c 1; exit ${PIPESTATUS[0]}', *look.split())
    assert (done.status, len(done.out), done.err) == (0, 1, "")


@pytest.mark.parametrize(
    "reader", ["| true", "2>&1 | true", ">&-", "2>&-", ">&- 2>&-", "<&-", "<&- >&- 2>&-"]
)
def test_slack_is_written_to_all_the_same(lab: Lab, slack: Slack, reader: str) -> None:
    example.make(lab, slack)
    lab.sheet("duties", [*example.DUTIES, ["Fish", "weekly", "Nobody", "x", "y"]])
    script = f'"$@" {reader}; exit ${{PIPESTATUS[0]}}'
    done = shell(lab, script, "remind", "--at", DAY)
    assert done.status == 0
    assert everything(lab) == ["sent"] * COUNT
    assert shell(lab, script, "status").status == 0


@pytest.mark.parametrize("reader", ["| true", ">/dev/full"])
def test_a_console_that_is_gone_gets_it_later(lab: Lab, reader: str) -> None:
    example.make(lab)
    done = shell(lab, f'"$@" {reader}; exit ${{PIPESTATUS[0]}}', "remind", "--at", DAY)
    assert done.status == 75
    assert "standard output" in done.err
    assert everything(lab) == ["waiting"] * COUNT
    again = lab.run("remind", "--at", DAY)
    assert (again.status, again.out.endswith(f"remind: {COUNT} sent\n")) == (0, True)


def test_a_full_disk_under_the_output(lab: Lab) -> None:
    example.make(lab)
    for look in ("outbox", "check", "status"):
        done = shell(lab, '"$@" >/dev/full', look, "--json")
        said = "labtool: standard output cannot be written to (No space left on device)\n"
        assert (done.status, done.err) == (1, said)


# ── a machine with little on it ───────────────────────────────────────────────────────

NO_HOME = ["env", "-u", "HOME"]


@pytest.mark.parametrize("user", ["root", "nobody"])
def test_without_a_home(lab: Lab, require: Callable[[str], None], user: str) -> None:
    require("unshare")
    example.make(lab)
    # The second is in no list of users: nothing at all knows its home.
    other = ["unshare", "--user", "--map-user=54321"] if user == "nobody" else []
    done = lab.run("remind", "--at", DAY, program=[*NO_HOME, *other, *command()])
    assert (done.status, done.err) == (0, "")
    lab.config_file.unlink()
    done = lab.run("remind", program=[*NO_HOME, *other, *command()])
    assert (done.status, len(done.err.splitlines())) == (2, 1)


LANGUAGES = {
    "C": {"LANG": "C"},
    "C for all": {"LC_ALL": "C"},
    "POSIX, as ASCII": {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "one that is not installed": {"LANG": "xx_YY.ISO-8859-1"},
    "ASCII": {"PYTHONIOENCODING": "ascii"},
    "Latin-1": {"PYTHONIOENCODING": "latin-1"},
}


@pytest.mark.parametrize("name", LANGUAGES)
def test_any_language(lab: Lab, name: str) -> None:
    example.make(lab, timers={"a": {"run": f"remind --at {DAY}", "when": "daily 09:00"}})
    lab.sheet("people", [*example.PEOPLE, ["Zoë Łuk 你好", "", "postdoc", "11-23"]])
    # Bytes as they are, which only some of them can be read as UTF-8.
    program = ["bash", "-c", '"$@" 2>&1 | iconv -c -t utf-8; exit ${PIPESTATUS[0]}', "bash"]
    for look in (["timers", "run", "--all"], ["outbox"], ["remind", "Zoë"]):
        done = lab.run(*look, program=[*program, *command()], env=LANGUAGES[name])
        assert done.status == (2 if look[0] == "remind" else 0), done.out
        assert "bug" not in done.out


@pytest.mark.parametrize("columns", ["1", "x", "-5", "100000"])
def test_any_width(lab: Lab, columns: str) -> None:
    example.make(lab)
    env = {"COLUMNS": columns}
    done = lab.run("remind", "--at", DAY, env=env)
    assert (done.status, done.err) == (0, "")
    assert "Water the plants" in " ".join(done.out.split())
    for look in ("outbox", "--help"):
        assert lab.run(look, env=env).status == 0


def test_a_terminal_of_any_width(lab: Lab) -> None:
    example.make(lab)
    lab.run("remind", "--at", DAY)
    for columns in (10, 80, 300):
        for look in ("status", "outbox", "log"):
            status, shown = on_terminal(lab, columns, look)
            assert (status, ("plants" if look == "outbox" else "remind") in shown) == (0, True)
        assert ("\x1b[1m" in shown) == (columns > 60), "tables are drawn where there is room"


def on_terminal(lab: Lab, columns: int, *arguments: str) -> tuple[int, str]:
    """Run labtool on a terminal of this width; its exit status and what it showed."""
    ours, its = pty.openpty()
    termios.tcsetwinsize(its, (24, columns))
    process = subprocess.Popen(
        [*command(), *arguments],
        cwd=lab.folder,
        env=lab.environment({"TERM": "xterm"}),
        stdin=its,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    shown = b""
    with suppress(OSError):  # Linux's end of a terminal
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    return process.wait(10), shown.decode().replace("\r\n", "\n")


def test_a_folder_that_was_removed(lab: Lab) -> None:
    example.make(lab)
    script = 'mkdir gone; cd gone; rmdir ../gone; "$@"'
    for arguments in (["status"], ["--config", str(lab.config_file), "status"]):
        done = shell(lab, script, *arguments)
        assert done.status == (0 if len(arguments) > 1 else 2), done.err
        assert "bug" not in done.err
