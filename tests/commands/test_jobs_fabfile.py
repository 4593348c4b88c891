"""The file that a namespace's jobs find in their folder, fetched before each run."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.lab import Lab
from tests.servers.web import Web

FIRST, SECOND = "def deploy(): pass\n", "def deploy(): return 2\n"


def configure(lab: Lab, url: str, sha256: str = "", workspace: str = "") -> None:
    show = {"run_args_template": "cat fabfile.py", "report_stdout": True}
    space = {"jobs": {"show": show}, "fabfile": url, "fabfile_sha256": sha256,
             "workspace": workspace}  # fmt: skip
    lab.configure({"jobs": {"x": space}})


def ran(lab: Lab) -> tuple[str, str]:
    """A run: how it ended, and what it printed."""
    assert lab.run("jobs", "run", "x_show").status == 0
    lab.run("jobs", "work")
    one = json.loads(lab.run("jobs", "list", "--json").out)[0]
    printed = lab.state / "logs" / "jobs" / f"{one['id']}-1" / "stdout"
    return one["state"], printed.read_text() if printed.exists() else ""


def test_it_is_fetched_before_each_run(lab: Lab, web: Web, tmp_path: Path) -> None:
    place = tmp_path / "workspace"
    configure(lab, web.put("/fabfile.py", FIRST), workspace=str(place))
    assert ran(lab) == ("done", FIRST)
    web.put("/fabfile.py", SECOND)
    assert ran(lab) == ("done", SECOND)
    assert (place / "fabfile.py").read_text() == SECOND
    # Without it nothing is run, as it may be an old one that is there.
    web.remove("/fabfile.py")
    assert ran(lab) == ("failed", "")
    assert (place / "fabfile.py").read_text() == SECOND


def test_it_is_held_against_its_hash(lab: Lab, web: Web) -> None:
    url = web.put("/fabfile.py", FIRST)
    configure(lab, url, hashlib.sha256(FIRST.encode()).hexdigest())
    assert ran(lab) == ("done", FIRST)
    web.put("/fabfile.py", SECOND)
    assert ran(lab) == ("failed", "")
    newest = json.loads(lab.run("jobs", "list", "--json").out)[0]
    assert "is not the file it should be" in newest["reason"]


@pytest.mark.parametrize("size", [6 * 1024 * 1024])
def test_one_that_is_too_large_is_not_kept(lab: Lab, web: Web, size: int) -> None:
    configure(lab, web.put("/fabfile.py", FIRST, size=size))
    assert ran(lab) == ("failed", "")
    assert not list(lab.state.rglob("fabfile.py"))
