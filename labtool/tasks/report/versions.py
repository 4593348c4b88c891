"""Which versions of what are here, and what is known to be newer."""

import platform
import re
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from labtool import __version__
from labtool.core.errors import LabtoolError
from labtool.core.text import counted, one_line

_SECONDS = 60.0
_INST = re.compile(r"^Inst \S+ (?:\[[^\]]*\] )?\((.*)", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_RELEASE = re.compile(r"\d+(?:\.\d+)*")


@dataclass(frozen=True, slots=True)
class Versions:
    """The system's name and version; of what is `below` labtool, and of what it `uses`: a name, a
    version."""

    system: str
    below: Mapping[str, str]
    uses: Mapping[str, str]


def here() -> Versions:
    """What is installed."""
    try:
        named = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        named = ""
    below = {
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "labtool": __version__,
    }
    return Versions(named or f"{platform.system()} {platform.release()}", below, _uses())


def _uses() -> dict[str, str]:
    """What labtool asks for by itself, and is there."""
    found = {}
    try:
        asked = metadata.requires("labtool") or []
    except metadata.PackageNotFoundError:
        return {}  # it runs from its sources
    for line in asked:
        name = _NAME.match(line)
        if name is None or "extra ==" in line:
            continue
        try:
            found[name[0]] = metadata.version(name[0])
        except metadata.PackageNotFoundError:
            continue  # of another system
    return found


def of_system() -> str:
    """How many updates the system's packages wait for, as apt knows by itself; empty for none, and
    where there is no apt."""
    from labtool.services.program import run

    apt = shutil.which("apt-get")
    if apt is None:
        return ""
    # A simulation: it needs no network, no root and no lock.
    command = ["env", "LC_ALL=C", apt, "-s", "-q", "dist-upgrade"]
    try:
        said = run(command, Path("/"), _SECONDS).decode("utf-8", "replace")
    except LabtoolError as error:
        return f"apt-get could not say what is new: {one_line(error.what, 120)}"
    return waiting(said)


def waiting(said: str) -> str:
    """What `apt-get -s` said, in words."""
    new = _INST.findall(said)
    if not new:
        return ""
    safe = sum("security" in one.casefold() for one in new)
    many = counted(len(new), "update")
    return f"{many} of the system{f', {safe} for security' if safe else ''}: sudo apt dist-upgrade"


def of_index(base: str, uses: Mapping[str, str]) -> list[str]:
    """What the package index knows newer versions of; the first trouble with it ends this, and is
    a line. It is not asked for labtool itself: that name may be anybody's there."""
    from labtool.services.index import newest

    found: list[str] = []
    try:
        for name, version in newest(base, list(uses), _SECONDS):
            if newer(version, uses[name]):
                found.append(f"{name} {uses[name]}: {one_line(version, 30)} is there")
    except LabtoolError as error:
        found.append(f"the package index could not be asked: {one_line(str(error), 160)}")
    return found


def newer(version: str, than: str) -> bool:
    """Whether a released version is newer; not where either cannot be read."""
    one, other = _numbers(version), _numbers(than)
    if not one or not other:
        return False
    size = max(len(one), len(other))
    return _padded(one, size) > _padded(other, size)


def _numbers(version: str) -> Sequence[int]:
    found = _RELEASE.match(version)
    return [int(one[:18]) for one in found[0].split(".")] if found else []


def _padded(numbers: Sequence[int], size: int) -> list[int]:
    return [*numbers, *[0] * (size - len(numbers))]
