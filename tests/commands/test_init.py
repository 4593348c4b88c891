"""`labtool init`: a folder that works at once, on whatever day it is made."""

import stat
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.core.dates import parse_birthday
from labtool.tasks.setup.scaffold import ANCHOR, move_dates
from tests.lab import Lab


def test_a_new_lab_has_something_to_say(lab: Lab) -> None:
    made = lab.run("init", "my lab", env={"TZ": "Europe/Berlin"})
    assert (made.status, made.err) == (0, "")
    folder = lab.folder / "my lab"
    assert "Try it: cd 'my lab'; labtool remind" in made.out
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    assert "timezone: Europe/Berlin" in (folder / "labtool.yaml").read_text()
    assert ".env*" in (folder / ".gitignore").read_text().split()
    config = ("--config", folder / "labtool.yaml")
    assert lab.run(*config, "check").status == 0
    first = lab.run(*config, "remind")
    assert (first.status, first.err) == (0, "")
    for text in ("breakfast", "tomorrow", "Happy birthday", "as the backup, because", "Slides for"):
        assert text in first.out
    assert lab.run(*config, "remind").out == "remind: nothing to do\n"
    assert list((folder / "slides" / "meetings").glob("*.md"))


def test_nothing_is_overwritten_unless_told(lab: Lab) -> None:
    lab.run("init", "x")
    file = lab.folder / "x" / "labtool.yaml"
    file.write_text("mine")
    again = lab.run("init", "x")
    assert (again.status, file.read_text()) == (2, "mine")
    assert "x has labtool.yaml" in again.err
    assert "--force" in again.err
    assert lab.run("init", "x", "--force").status == 0
    assert file.read_text() != "mine"
    assert (lab.folder / "x" / "labtool.yaml.bak").read_text() == "mine"


def test_a_file_is_no_folder(lab: Lab) -> None:
    (lab.folder / "x").touch()
    done = lab.run("init", "x")
    assert (done.status, done.err) == (2, "labtool: x is a file; use another name\n")


@given(st.dates(date(2020, 1, 1), date(2060, 12, 31)))
def test_dates_move_with_the_day(today: date) -> None:
    eve = ANCHOR + timedelta(days=1)
    assert move_dates(f"{eve},GM", today) == f"{today + timedelta(days=1)},GM"
    birthday = move_dates(f"Ann,1990-{ANCHOR:%m-%d}", today).split(",")[1]
    assert parse_birthday(birthday) == (today.month, today.day)


def test_the_installed_package_has_its_data(lab: Lab, tmp_path: Path) -> None:
    """As after `pip install .`: from a wheel, far from the checkout."""
    import subprocess
    import sys

    from tests.lab import REPO

    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*wheel, "--wheel-dir", tmp_path, REPO], check=True, capture_output=True)
    [built] = tmp_path.glob("labtool-*.whl")
    target = tmp_path / "site"
    subprocess.run([sys.executable, "-m", "zipfile", "-e", built, target], check=True)
    names = {p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file()}
    assert "labtool/py.typed" in names
    assert "labtool/_data/config/labtool.example.yaml" in names
    assert "labtool/_data/html/mail/message.html.j2" in names
    program = [sys.executable, "-c", "from labtool.cli import main; main()"]
    done = lab.run("init", "x", program=program, env={"PYTHONPATH": str(target)})
    assert (done.status, done.err) == (0, "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion(lab: Lab, shell: str) -> None:
    done = lab.run(env={"_LABTOOL_COMPLETE": f"source_{shell}"})
    assert "labtool" in done.out
