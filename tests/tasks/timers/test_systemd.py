"""systemd units: their text, systemd's own check of it, and how they are installed."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from labtool.core.config.models import Timer
from labtool.core.errors import ConfigError, StateError, UsageError
from labtool.core.schedule import parse_when
from labtool.tasks.timers import systemd

NOW = datetime(2026, 11, 22, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def timer(run: str, when: str, why: str = "") -> Timer:
    return Timer(run=run, when=parse_when(when), why=why)


def render(
    timers: dict[str, Timer], account: str | None = None, config: str = "/srv/lab/labtool.yaml"
) -> dict[str, str]:
    return systemd.render(
        timers,
        program=[sys.executable, "-m", "labtool"],
        config=Path(config),
        zone=BERLIN,
        now=NOW,
        account=account,
    )


DUTIES = {"duties": timer("remind duty", "mon..fri 09:00", "who brings breakfast")}


def test_a_service_and_a_timer_each() -> None:
    units = render({**DUTIES, "often": timer("cache", "every 3m")})
    assert sorted(units) == [
        "labtool-duties.service",
        "labtool-duties.timer",
        "labtool-often.service",
        "labtool-often.timer",
    ]
    service = units["labtool-duties.service"].splitlines()
    assert "Description=labtool duties: who brings breakfast" in service
    assert "Environment=LABTOOL_TIMER=duties" in service
    assert (
        f"ExecStart={sys.executable} -m labtool --quiet --config /srv/lab/labtool.yaml remind duty"
        in service
    )
    assert "SuccessExitStatus=75" in service
    assert not any(line.startswith(("User=", "After=")) for line in service)
    lines = units["labtool-duties.timer"].splitlines()
    assert "OnCalendar=Mon..Fri *-*-* 09:00:00 Europe/Berlin" in lines
    assert "Persistent=true" in lines
    assert "OnCalendar=*-*-* *:00/3:00 UTC" in units["labtool-often.timer"].splitlines()


def test_units_of_the_system_run_as_an_account() -> None:
    service = render(DUTIES, account="lab")["labtool-duties.service"].splitlines()
    assert "User=lab" in service
    assert "After=network-online.target" in service


@pytest.mark.parametrize("account", [None, "root"])
def test_systemd_accepts_them(
    account: str | None, tmp_path: Path, require: Callable[[str], None]
) -> None:
    require("systemd-analyze")
    units = render(
        {
            **DUTIES,
            "night": timer("remind", "daily 02:30", "100% of $HOME\nExecStart=/bin/rm \\"),
            "quoted": timer("remind 'a b' '%h' '$HOME' 'say \"x\"' 'back\\slash' ';' ''", "hourly"),
        },
        account=account,
        config="/srv/the lab/100%/labtool.yaml",
    )
    systemd.install(units, tmp_path)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(tmp_path / name for name in units)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert str(tmp_path) not in done.stderr
    assert not [line for line in done.stderr.splitlines() if "labtool-" in line]
    assert done.returncode == 0, done.stderr


def test_words_are_quoted_for_systemd() -> None:
    run = "remind plain 'a b' '50%' '%h' '$HOME' 'say \"x\"' 'back\\slash' ';' ''"
    service = render({"q": timer(run, "hourly")}, config="/srv/100%/lab.yaml")["labtool-q.service"]
    line = next(line for line in service.splitlines() if line.startswith("ExecStart="))
    words = r"""--config /srv/100%%/lab.yaml remind plain "a b" 50%% %%h "$$HOME" """
    assert line.endswith(words + r'''"say \"x\"" "back\\slash" ";" ""''')


def test_all_that_cannot_be_written_is_said_at_once() -> None:
    timers = {
        "lw": timer("remind", "0 9 LW * *"),
        "Name": timer("remind", "hourly"),
        "quotes": timer("remind 'a", "hourly"),
        **DUTIES,
    }
    with pytest.raises(ConfigError) as caught:
        render(timers)
    assert [problem.where for problem in caught.value.problems] == [
        "timers.lw",
        "timers.Name",
        "timers.quotes",
    ]
    assert "systemd has no words for '0 9 LW * *'" in str(caught.value)


def test_install_replaces_and_names_what_is_left_over(tmp_path: Path) -> None:
    folder = tmp_path / "user"
    assert systemd.install(render({**DUTIES, "old": timer("x", "hourly")}), folder) == []
    (folder / "labtool-mine.timer").write_text("[Timer]\n")
    units = render(DUTIES)
    assert systemd.install(units, folder) == ["labtool-old.timer"]
    assert (folder / "labtool-duties.timer").read_text() == units["labtool-duties.timer"]
    assert not list(folder.glob("*.tmp"))


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="cannot be"):
        systemd.install(render(DUTIES), tmp_path / "file")


def test_the_commands_that_follow() -> None:
    units = render(DUTIES)
    folder = Path("/home/ann/my units")
    assert systemd.next_steps(units, ["labtool-old.timer"], folder, user=True).splitlines() == [
        "systemctl --user disable --now labtool-old.timer",
        "rm -f '/home/ann/my units/labtool-old.timer' '/home/ann/my units/labtool-old.service'",
        "systemctl --user daemon-reload",
        "systemctl --user enable labtool-duties.timer",
        "systemctl --user restart labtool-duties.timer",
        "loginctl enable-linger  # so that they run while you are logged out",
    ]
    assert systemd.next_steps({}, [], folder, user=False) == "sudo systemctl daemon-reload\n"


@pytest.mark.parametrize("name", ["lab", "lab.bot-2", "ann@lab.example", "1000", "machine$"])
def test_accounts(name: str) -> None:
    assert systemd.checked_account(name) == name


@pytest.mark.parametrize("name", ["root\nExecStartPre=/bin/x", "a b", "", "%i", "-x", "ann\n"])
def test_what_is_no_account_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is not the name of an account"):
        systemd.checked_account(name)


def test_a_path_with_a_line_break_is_named_once() -> None:
    timers = {**DUTIES, "often": timer("cache", "every 3m")}
    with pytest.raises(ConfigError) as found:
        render(timers, config="/srv/la\nb/labtool.yaml")
    [problem] = found.value.problems
    assert problem.where == "/srv/la b/labtool.yaml"
    assert "line break" in problem.what
    assert "move the config" in problem.fix
