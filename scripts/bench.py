"""Measures labtool's cold start and its work, and prints a table; it asserts nothing.

What is compared runs in turns, so that a busy machine slows both alike.
"""

import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median

PYTHON = sys.executable
LABTOOL = str(Path(PYTHON).with_name("labtool"))


@dataclass(frozen=True, slots=True)
class Command:
    """What to run, where."""

    arguments: tuple[str, ...]
    folder: Path


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `clock` is `wall` or `cpu` (user and system, of the process and
    its children); `target` the limit in seconds, or as a multiple of the reference."""

    what: str
    clock: str
    command: Command
    reference: Command
    target: float | None = None
    relative: bool = False


def measure(command: Command) -> dict[str, float]:
    """Seconds of one run, by clock. Raises CalledProcessError when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command.arguments,
        cwd=command.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command.arguments)
    return {"wall": wall, "cpu": used.ru_utime + used.ru_stime}


def compare(row: Row, times: int) -> tuple[float, float]:
    """The medians of a row's command and of its reference."""
    ours, theirs = [], []
    for _ in range(times):
        theirs.append(measure(row.reference)[row.clock])
        ours.append(measure(row.command)[row.clock])
    return median(ours), median(theirs)


def large_lab(folder: Path, people: int, years: int) -> None:
    """Turn an example lab into one with many people and weekly meetings for years."""
    names = [f"{first}{n} Person" for n in range(people // 2) for first in ("Ann", "Bob")]
    first = datetime.now(UTC).date() - timedelta(days=365 * (years - 1))
    born = [date(1980 + n % 25, n % 12 + 1, n % 28 + 1) for n in range(people)]
    _sheet(
        folder / "sheets/people.csv",
        ("name", "email", "role", "birthday"),
        [
            (name, f"person{n}@example.org", "student", born[n].isoformat())
            for n, name in enumerate(names)
        ],
    )
    types = ("GM", "JC", "ES", "FS")
    _sheet(
        folder / "sheets/meetings.csv",
        ("date", "type", "presenters", "note"),
        [
            (
                (first + timedelta(weeks=n)).isoformat(),
                types[n % 4],
                f"{names[n % people]} / {names[(n + 1) % people]}",
                "",
            )
            for n in range(52 * years)
        ],
    )
    duties = folder / "sheets/duties.csv"
    with duties.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    owners = [(names[2 * n], names[2 * n + 1]) for n in range(len(rows))]
    _sheet(
        duties,
        header,
        [(row[0], row[1], *owner, *row[4:]) for row, owner in zip(rows, owners, strict=True)],
    )
    (folder / "sheets/absences.csv").write_text("person,from,to,reason\n", encoding="utf-8")
    config = folder / "labtool.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("admins: [Ann Lee]", f"admins: [{names[0]}]"), encoding="utf-8")


def _sheet(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def rows(folder: Path) -> list[Row]:
    """What is measured, in labs made for it in `folder`."""
    small, large = folder / "small", folder / "large"
    for lab in (small, large):
        subprocess.run([LABTOOL, "init", lab], check=True, stdout=subprocess.DEVNULL)
    large_lab(large, people=200, years=10)
    python = Command((PYTHON, "-c", "pass"), small)
    typer = Command((PYTHON, "-c", "import typer"), small)

    def labtool(*arguments: str, lab: Path = small) -> Command:
        return Command((LABTOOL, *arguments), lab)

    sent = labtool("--quiet", "remind")
    measure(sent)  # from now on today's messages are sent
    preview = labtool("remind", "--preview", "365d", lab=large)
    return [
        Row("--version, to import typer", "wall", labtool("--version"), typer, 1.5, relative=True),
        Row("remind, nothing to send", "cpu", sent, python, 0.3),
        Row("preview of a year, 200 people", "wall", preview, python, 2.0),
        Row("status", "cpu", labtool("status"), python),
        Row("check", "cpu", labtool("check"), python),
    ]


def line(row: Row, ours: float, theirs: float) -> str:
    """One row as text."""
    target = ""
    if row.target is not None:
        reached = ours / theirs if row.relative else ours
        limit = f"{row.target:g}x" if row.relative else f"{row.target * 1000:.0f} ms"
        target = f"{limit} {'ok' if reached <= row.target else 'MISSED'}"
    return (
        f"{row.what:<30} {row.clock:<5} {ours * 1000:>6.0f} ms {theirs * 1000:>8.0f} ms"
        f" {ours / theirs:>7.1f}x  {target}"
    )


def main() -> None:
    """Measure and print."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    print(f"Medians of {times} runs; the reference is `python -c pass`, or as said.")
    print(f"{'what':<30} {'clock':<5} {'median':>9} {'reference':>11} {'ratio':>8}  target")
    with tempfile.TemporaryDirectory() as name:
        for row in rows(Path(name)):
            print(line(row, *compare(row, times)), flush=True)


if __name__ == "__main__":
    main()
