"""The harness itself."""

import os
import stat
import sys
from pathlib import Path

import pytest
import yaml

from tests.lab import Lab, command, poll
from tests.servers.drive import Drive
from tests.servers.smtp import Smtp
from tests.tools import advice

PYTHON = [sys.executable]


def test_a_config_over_the_servers_sections(lab: Lab, smtp: Smtp, drive: Drive) -> None:
    file = lab.configure({"lab": {"name": "L"}, "mail": {"user": ""}}, smtp, drive)
    config = yaml.safe_load(file.read_text())
    assert list(config["lab"].items()) == [("name", "L")]
    assert (config["mail"]["port"], config["mail"]["user"]) == (smtp.port, "")
    assert Path(config["google"]["credentials"]["file"]).is_file()
    secrets = lab.folder / ".env"
    assert secrets.read_text() == 'MAIL_PASSWORD="correct horse"\n'
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    lab.configure("lab: [broken")
    assert file.read_text() == "lab: [broken"


def test_sheets(lab: Lab) -> None:
    assert lab.sheet("people", [["Name", "Role"], ["Lee, Ann", 1]]) == "sheets/people.csv"
    assert (lab.folder / "sheets/people.csv").read_text() == 'Name,Role\n"Lee, Ann",1\n'
    lab.sheet("people", b"\xff")
    assert (lab.folder / "sheets/people.csv").read_bytes() == b"\xff"


def test_a_run_sees_its_own_world_only(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("LABTOOL_CONFIG", "elsewhere")
    code = "import json, os, sys; print(json.dumps([dict(os.environ), os.getcwd(), input()]))"
    result = lab.run("-c", code, program=PYTHON, env={"A": "b"}, stdin="hello\n")
    seen, folder, text = result.json()
    assert (seen["HOME"], seen["TZ"], seen["A"]) == (str(lab.home), "UTC", "b")
    assert not {"https_proxy", "LABTOOL_CONFIG"} & set(seen)
    assert (os.path.realpath(folder), text) == (os.path.realpath(lab.folder), "hello")


def test_a_traceback_fails_the_test(lab: Lab) -> None:
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        lab.run("-c", "1/0", program=PYTHON)
    assert lab.run("-c", "1/0", program=PYTHON, bug=True).status == 1


def test_processes_can_be_killed_and_never_outlive_the_test(lab: Lab) -> None:
    code = "import time; print('up', flush=True); time.sleep(60)"
    killed = lab.start("-c", code, program=PYTHON)
    left = lab.start("-c", code, program=PYTHON)
    assert killed.stdout is not None
    assert killed.stdout.readline() == "up\n"
    killed.kill()
    assert killed.wait(5) == -9
    lab.close()
    assert left.returncode == -9


def test_labtool_is_found() -> None:
    assert command()[0] in (sys.executable, Path(sys.executable).parent / "labtool")


def test_poll() -> None:
    turns = iter([0, 0, 7])
    assert poll(lambda: next(turns)) == 7
    with pytest.raises(AssertionError, match="no mail came"):
        poll(list, timeout=0.05, message="no mail came")


def test_advice_is_one_command() -> None:
    needed = {"node": "apt-get install -y nodejs npm", "irc": "apt-get install -y ngircd npm"}
    assert advice(needed) == "apt-get install -y nodejs npm ngircd"
    needed["emulate"] = "npm install x"
    assert advice(needed).endswith("ngircd && npm install x")
