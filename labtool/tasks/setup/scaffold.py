"""The files of a new lab folder, made from the example config.

The example's sheets are of an invented lab around one day; in a new folder their dates are
moved so that this day is today, and the first run has something real to say.
"""

import re
from calendar import isleap
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from labtool.core.errors import UsageError
from labtool.core.files import write_atomic
from labtool.core.resources import folder

# The day around which the example's sheets were written, and the years their plain dates
# are in; a date of another year is a birthday or a first day long ago.
ANCHOR = date(2026, 1, 4)
_YEARS = range(2025, 2028)
_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_ZONE = re.compile(r"(?m)^(\s+timezone:\s*)\S+")

_GITIGNORE = """\
# Secrets and what labtool keeps: not for a repository.
.env*
/state/
"""


@dataclass(frozen=True, slots=True)
class File:
    """One file of the folder to be."""

    path: str
    content: str
    mode: int = 0o644


def files(today: date, zone: str) -> list[File]:
    """The files of a lab folder made today, in the machine's time zone."""
    example = folder("config")
    config = (example / "labtool.example.yaml").read_text(encoding="utf-8")
    found = [
        File("labtool.yaml", _ZONE.sub(lambda m: m[1] + zone, config, count=1)),
        File(".env", (example / "labtool.env.example").read_text(encoding="utf-8"), 0o600),
        File(".gitignore", _GITIGNORE),
    ]
    for sheet in sorted((example / "sheets").glob("*.csv")):
        moved = move_dates(sheet.read_text(encoding="utf-8"), today)
        found.append(File(f"sheets/{sheet.name}", moved))
    event = (example / "ptg.json").read_text(encoding="utf-8")
    found.append(File("ptg.json", move_dates(event, today)))
    found += [
        File(name, (example / name).read_text(encoding="utf-8"))
        for name in ("labtool.schema.json", "slack-app.yaml", "slides/flash-slides.md")
    ]
    return found


def make(target: Path, found: list[File], *, force: bool) -> None:
    """Write the files. Raises UsageError, and writes nothing, when one is there already
    and `force` is not given; with it, what was there is kept beside as `NAME.bak`."""
    there = [file.path for file in found if (target / file.path).exists()]
    if there and not force:
        names = ", ".join(there[:3]) + (" and more" if len(there) > 3 else "")
        fix = "use another folder; --force puts the invented lab in place of yours"
        raise UsageError(f"{target} has {names} already", fix=fix)
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file", fix="use another name")
    for file in found:
        old = target / file.path
        if old.exists() and old.read_bytes() != file.content.encode():
            old.replace(old.with_name(old.name + ".bak"))
        write_atomic(target / file.path, file.content.encode(), file.mode)


def move_dates(text: str, today: date) -> str:
    """Every ISO date in a sheet, moved by as much as today is from the example's day."""
    delta = today - ANCHOR

    def move(found: re.Match[str]) -> str:
        year, month, day = (int(part) for part in found.groups())
        if year in _YEARS:
            return (date(year, month, day) + delta).isoformat()
        return _anniversary(year, date(ANCHOR.year, month, day) + delta)

    return _DATE.sub(move, text)


def _anniversary(year: int, day: date) -> str:
    """The day of the year in another year; an earlier one for 29 February if need be."""
    while (day.month, day.day) == (2, 29) and not isleap(year):
        year -= 1
    return day.replace(year=year).isoformat()
