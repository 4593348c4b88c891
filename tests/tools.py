"""Programs that some tests need: skipped where one is missing, failed where none may be.

With LABTOOL_TEST_REQUIRE=all a missing program fails its test. At the end of a session
the missing ones are named with the one command that installs them.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers import slack


@dataclass(frozen=True, slots=True)
class Tool:
    """Whether it is there, and how to get it."""

    present: Callable[[], bool]
    install: str


def which(name: str) -> str | None:
    """The path of a program, also of a server that only root has on its PATH."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def _program(name: str, package: str) -> Tool:
    return Tool(lambda: which(name) is not None, f"apt-get install -y {package}")


def _works(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


_FOLDER = Path(__file__).parents[1] / ".test-tools"
AXE = _FOLDER / "node_modules" / "axe-core" / "axe.min.js"
OCTOKIT = _FOLDER / "octokit" / "package" / "generated" / "api.github.com.json"

TOOLS = {
    "node": _program("node", "nodejs npm"),
    "emulate": Tool(
        lambda: shutil.which("node") is not None and slack.api_module().exists(),
        "npm install --prefix .test-tools emulate@0.11.2",
    ),
    "chromium": _program("chromium", "chromium"),
    "axe": Tool(AXE.exists, "npm install --prefix .test-tools 'axe-core@^4.11'"),
    "octokit": Tool(OCTOKIT.exists, "scripts/test"),
    "unshare": Tool(
        lambda: _works("unshare", "-rm", "true"), "sysctl -w kernel.unprivileged_userns_clone=1"
    ),
    "ngircd": _program("ngircd", "ngircd"),
    "inspircd": _program("inspircd", "inspircd"),
    "atheme-services": _program("atheme-services", "atheme-services"),
    "mariadbd": _program("mariadbd", "mariadb-server"),
    "pg_ctlcluster": _program("pg_ctlcluster", "postgresql"),
    "systemd-analyze": _program("systemd-analyze", "systemd"),
}

missing: dict[str, str] = {}


def require(name: str) -> None:
    """Skip the calling test, or fail it under LABTOOL_TEST_REQUIRE=all, where the tool
    `name` (a key of TOOLS, else a program of the same package) is missing."""
    tool = TOOLS.get(name) or _program(name, name)
    if tool.present():
        return
    missing[name] = tool.install
    reason = f"{name} is missing; install it with: {tool.install}"
    if os.environ.get("LABTOOL_TEST_REQUIRE") == "all":
        pytest.fail(reason)
    pytest.skip(reason)


def advice(needed: dict[str, str]) -> str:
    """The one command that installs all of them."""
    packages = " ".join(
        dict.fromkeys(
            package
            for line in needed.values()
            if line.startswith("apt-get")
            for package in line.removeprefix("apt-get install -y ").split()
        )
    )
    others = dict.fromkeys(line for line in needed.values() if not line.startswith("apt-get"))
    steps = [f"apt-get install -y {packages}"] if packages else []
    return " && ".join([*steps, *others])
