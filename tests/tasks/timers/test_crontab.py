"""Crontabs: their text, and what a shell makes of their lines."""

import json
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from labtool.core.config.models import Timer
from labtool.core.errors import ConfigError
from labtool.core.schedule import parse_when
from labtool.tasks.timers import crontab

CONFIG = Path("/srv/lab/labtool.yaml")
BERLIN = ZoneInfo("Europe/Berlin")


def timer(run: str, when: str, why: str = "") -> Timer:
    return Timer(run=run, when=parse_when(when), why=why)


def render(*, same_clock: bool = True, **timers: Timer) -> str:
    return crontab.render(
        {name.replace("_", "-"): entry for name, entry in timers.items()},
        program=["/opt/labtool/bin/labtool"],
        config=CONFIG,
        zone=BERLIN,
        same_clock=same_clock,
    )


def entries(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and line[0] in "*0123456789"]


def test_one_line_a_timer_with_its_why() -> None:
    text = render(
        duties=timer("remind duty", "daily 09:00", "who brings breakfast"),
        often=timer("cache", "10/20 * * * mon-fri"),
    )
    call = "/opt/labtool/bin/labtool --quiet --config /srv/lab/labtool.yaml"
    assert text.endswith(f"""\
SHELL=/bin/sh
PATH=/usr/local/bin:/usr/bin:/bin

# duties: who brings breakfast
0 9 * * * LABTOOL_TIMER=duties {call} remind duty

# often
10-59/20 * * * mon-fri LABTOOL_TIMER=often {call} cache
""")
    assert "(crontab -l; labtool timers crontab) | crontab -" in text


DUE = "* * * * * /opt/labtool/bin/labtool --quiet --config /srv/lab/labtool.yaml timers run --due"


def test_where_cron_keeps_another_time_one_line_runs_what_is_due() -> None:
    text = render(
        same_clock=False, duties=timer("remind", "daily 09:00", "why"), backup=timer("x", "hourly")
    )
    assert entries(text) == [DUE]
    assert text.endswith(f"""\
# cron keeps the machine's time, not the lab's (Europe/Berlin):
# this one line runs every timer when it is due.
{DUE}
#
# duties: why (daily 09:00)
# backup (hourly)
""")


@pytest.mark.parametrize("when", ["0 9 L * *", "0 9 LW * *", "0 9 * * 5L", "0 9 * * 1#2"])
def test_what_only_newer_crons_know_is_run_by_labtool(when: str) -> None:
    text = render(duties=timer("remind", "daily 09:00"), rare=timer("remind", when))
    assert entries(text) == [DUE]
    assert "cron cannot say when rare should run" in text


def test_months_and_days_by_name_stay() -> None:
    text = render(a=timer("x", "0 9 1 jul *"), b=timer("x", "0 9 * * mon/2"))
    assert [line.split(" LABTOOL")[0] for line in entries(text)] == [
        "0 9 1 jul *",
        "0 9 * * mon-7/2",
    ]


def test_no_timers_no_lines() -> None:
    assert entries(render()) == entries(render(same_clock=False)) == []


def test_text_of_people_stays_on_its_line() -> None:
    text = render(duties=timer("remind", "daily 09:00", "first\n* * * * * rm -rf ~\r\nlast"))
    assert len(entries(text)) == 1
    assert "# duties: first * * * * * rm -rf ~ last" in text


def test_a_shell_gives_the_words_back(tmp_path: Path) -> None:
    """As cron does it, which takes the backslash from before a percent sign."""
    program = tmp_path / "lab's tool"
    program.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        "words = [os.environ['LABTOOL_TIMER'], *sys.argv[1:]]\n"
        "open(os.environ['OUT'], 'w').write(json.dumps(words))\n"
    )
    program.chmod(0o755)
    config = tmp_path / "100% & $HOME" / "labtool.yaml"
    words = ["remind", "--at", "50%", "$HOME", "it's", "a;b|c", "~", "*", "ä\\n", ""]
    text = crontab.render(
        {"duties": timer("remind --at 50% '$HOME' \"it's\" 'a;b|c' '~' '*' 'ä\\n' ''", "hourly")},
        program=[str(program)],
        config=config,
        zone=BERLIN,
        same_clock=True,
    )
    command = entries(text)[0].split(" ", 5)[5]
    assert "%" not in command.replace("\\%", "")
    out = tmp_path / "out.json"
    done = subprocess.run(
        ["/bin/sh", "-c", command.replace("\\%", "%")], env={"OUT": str(out)}, check=True
    )
    assert done.returncode == 0
    assert json.loads(out.read_text()) == ["duties", "--quiet", "--config", str(config), *words]


@pytest.mark.parametrize(
    ("name", "run", "says"),
    [
        ("Duties", "remind", "cannot name a timer"),
        ("a\nb", "remind", "cannot name a timer"),
        ("-a", "remind", "cannot name a timer"),
        ("", "remind", "cannot name a timer"),
        ("duties", "remind 'a", "close its quotes"),
        ("duties", "  ", "the command is empty"),
        ("duties", "remind 'a\nb'", "has a line break"),
        ("duties", "remind \x1b[1m", "has a line break"),
        ("duties", "timers run --all", "a timer cannot run timers"),
    ],
)
def test_what_cannot_be_written_is_refused(name: str, run: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        crontab.render(
            {name: Timer.model_construct(run=run, when=parse_when("hourly"), why="")},
            program=["labtool"],
            config=CONFIG,
            zone=BERLIN,
            same_clock=True,
        )
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
