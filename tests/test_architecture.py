"""The layers: imports point down, tasks do not know one another, SDKs stay in services."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import labtool

ROOT = Path(labtool.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
LAYERS = ("core", "services", "tasks", "commands")
SDKS = {
    "aiohttp",
    "boto3",
    "botocore",
    "dbos",
    "dropbox",
    "github",
    "google",
    "gspread",
    "httpx",
    "icalendar",
    "irc",
    "recurring_ical_events",
    "requests",
    "slack_sdk",
    "smtplib",
    "sqlalchemy",
    "urllib3",
}


def imports(file: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, wherever in it, with the line."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: relative imports hide the layers"
            for name in node.names:
                yield f"{node.module}.{name.name}", node.lineno


def layer(parts: tuple[str, ...]) -> int:
    """How high a module stands: core is 0; the command line stands above everything."""
    return LAYERS.index(parts[0]) if parts and parts[0] in LAYERS else len(LAYERS)


def place(file: Path) -> tuple[str, ...]:
    return file.relative_to(ROOT).with_suffix("").parts


@pytest.mark.parametrize("file", FILES, ids=lambda f: "/".join(place(f)))
def test_imports_point_down(file: Path) -> None:
    own = place(file)
    for module, line in imports(file):
        where = f"{file}:{line}: {module}"
        top, *rest = module.split(".")
        if top != "labtool":
            allowed = own[0] == "services"
            assert allowed or top not in SDKS, f"{where}: an SDK outside services"
            continue
        # `labtool` itself is the version, known to everybody.
        if rest and rest[0] in LAYERS:
            assert layer(tuple(rest)) <= layer(own), f"{where}: points up"
        if own[0] == "tasks" and rest[:1] == ["tasks"] and len(own) > 2:
            assert rest[1] == own[1], f"{where}: a task imports another task"


@pytest.mark.parametrize("file", FILES, ids=lambda f: "/".join(place(f)))
def test_files_hold_one_idea(file: Path) -> None:
    lines = len(file.read_text(encoding="utf-8").splitlines())
    assert lines <= 320, f"{file} has {lines} lines: does it hold one idea?"


def test_every_folder_of_the_house_is_known() -> None:
    found = {p.name for p in ROOT.iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert found - {"_data"} == set(LAYERS)
