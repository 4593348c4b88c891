"""The fixtures of all tests: a lab in a folder, and stand-ins for vendors.

A stand-in starts once a session (once a worker, under xdist), when a test first asks for
it, and is emptied before each test that uses it.
"""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tests.guard.sitecustomize  # noqa: F401 - this process, too, reaches loopback only
from tests import tools
from tests.lab import Lab
from tests.servers.drive import Drive
from tests.servers.google import Google
from tests.servers.ircd import Inspircd, Ngircd
from tests.servers.slack import Slack
from tests.servers.smtp import Smtp
from tests.servers.web import Web

# Under nohup, what is started here would ignore a hangup, as labtool then should.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A lab's empty folder; what it started is killed at the end."""
    made = Lab(tmp_path)
    yield made
    made.close()


@pytest.fixture
def require() -> Callable[[str], None]:
    """`require("systemd-analyze")`: go on only where that program is."""
    return tools.require


@pytest.fixture(scope="session")
def _slack() -> Iterator[Slack]:
    tools.require("emulate")
    yield from _running(Slack())


@pytest.fixture(scope="session")
def _smtp() -> Iterator[Smtp]:
    yield from _running(Smtp())


@pytest.fixture(scope="session")
def _google() -> Iterator[Google]:
    yield from _running(Google())


@pytest.fixture(scope="session")
def _drive() -> Iterator[Drive]:
    yield from _running(Drive())


@pytest.fixture(scope="session")
def _web() -> Iterator[Web]:
    yield from _running(Web())


@pytest.fixture(scope="session")
def ngircd() -> Iterator[Ngircd]:
    """An IRC server without services; each test has channels and nicks of its own."""
    tools.require("ngircd")
    yield from _running(Ngircd())


@pytest.fixture(scope="session")
def inspircd() -> Iterator[Inspircd]:
    """An IRC server with services; each test has channels, nicks and accounts of its own."""
    tools.require("inspircd")
    tools.require("atheme-services")
    yield from _running(Inspircd())


def _running(server: Any) -> Iterator[Any]:
    server.start()
    yield server
    server.stop()


@pytest.fixture
def slack(_slack: Slack) -> Slack:
    """An empty Slack workspace."""
    _slack.reset()
    return _slack


@pytest.fixture
def smtp(_smtp: Smtp) -> Smtp:
    """A mail server without mails."""
    _smtp.reset()
    return _smtp


@pytest.fixture
def google(_google: Google) -> Google:
    """Google Sheets without spreadsheets."""
    _google.reset()
    return _google


@pytest.fixture
def drive(_drive: Drive) -> Drive:
    """An empty Google Drive."""
    _drive.reset()
    return _drive


@pytest.fixture
def web(_web: Web) -> Web:
    """A web server without pages."""
    _web.reset()
    return _web


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under xdist, hand what is missing from the worker to the terminal's process."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["missing"] = tools.missing


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Collect, as xdist's hook, what a worker found missing."""
    tools.missing.update(getattr(node, "workeroutput", {}).get("missing", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was skipped for want of a program, and how to get it."""
    if tools.missing:
        terminalreporter.section("not tested here")
        terminalreporter.line(f"missing: {', '.join(sorted(tools.missing))}")
        terminalreporter.line(f"to test it all: {tools.advice(tools.missing)}")
