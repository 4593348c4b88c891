"""Measures the instruments: rows a second that are parsed and applied, beside a bare csv.reader
over the same file in the same run; and the delay from a row that is written to the state on the
server, with --follow. It prints a table and asserts nothing. Arguments: how often (default 5).
"""

import csv
import gc
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from urllib.request import Request, urlopen
from zoneinfo import ZoneInfo

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
LABTOOL = str(ROOT / ".venv" / "bin" / "labtool")
NOW = datetime(2026, 11, 24, 9)  # noqa: DTZ001  (local)
ROWS, DELAYS = 300_000, 200


def messages() -> list[str]:
    """A day's, again and again: half of them steps, readings that differ, and the rest."""
    day: list[str] = []
    for procedure in ("Startup", "Rinse", "Calibration", "Acquisition"):
        day += [f"{procedure} initiated", f"Event:Starting_{procedure}"]
        for step in (*range(1, 30), 0):
            day.append(f"Instrument function {procedure} executing line {step}")
            day.append(f"Data:Sample_Pump_Operating_Time~{len(day) * 7}")
        day.append(f"Event:{procedure}_Done~0")
    return day


def log(folder: Path, day: Sequence[str]) -> Path:
    """A log of many rows."""
    path = folder / "System_2026-11-24_09-00-00.log"
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    with path.open("w", newline="") as file:
        for number in range(ROWS):
            moment = now.replace(tzinfo=None) + timedelta(seconds=number * 0.1)
            time_ = moment.isoformat(timespec="milliseconds")
            file.write(f"{time_},Info,Ann Lee,System,{day[number % len(day)]},{number}\r\n")
    return path


def plain(path: Path) -> None:
    """The reference: every row, split."""
    with path.open(newline="", encoding="utf-8") as file:
        for _ in csv.reader(file):
            pass


def applied(path: Path) -> None:
    """Every row parsed and applied."""
    from labtool.tasks.instruments.kinds.attune import Options, parse
    from labtool.tasks.instruments.machine import Machine
    from labtool.tasks.instruments.watch.plan import Known, plan
    from labtool.tasks.instruments.watch.reading import Reading, unread
    from labtool.tasks.instruments.watch.times import reader

    gc.set_threshold(50_000)  # as the command does
    reading = Reading(parse, reader((), ZoneInfo("UTC")), Machine())
    known = Known()
    for block in unread(plan([path], known, Options(kind="attune"), NOW), known):
        reading.changes(block)
    assert reading.rows == ROWS
    assert not reading.odd


def seconds(work: Callable[[Path], None], path: Path) -> float:
    start = time.perf_counter()
    work(path)
    return time.perf_counter() - start


def rows(times: int, name: str, day: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = log(Path(folder), day)
        pairs = [(seconds(plain, path), seconds(applied, path)) for _ in range(times)]
    for what, at in (("csv.reader alone", 0), ("parsed and applied", 1)):
        taken = median(pair[at] for pair in pairs)
        ratio = median(pair[at] / pair[0] for pair in pairs)
        print(
            f"{ROWS} rows, {name}, {what:<18} {taken:7.3f} s"
            f"  {ROWS / taken:10,.0f} rows/s  {ratio:.2f}x"
        )


def delays() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "logs").mkdir()
        (folder / "labtool.yaml").write_text(
            json.dumps(
                {
                    "lab": {"name": "bench", "timezone": "UTC", "admins": ["a@example.org"]},
                    "instruments": {
                        "attune": {
                            "kind": "attune",
                            "logs": "logs",
                            "server": f"http://127.0.0.1:{port}",
                            "token": {"command": ["echo", "token"]},
                            "tell_idle": "9000d",
                        }
                    },
                    "serve": {"port": port, "tokens": {"attune": {"command": ["echo", "token"]}}},
                    "page": {},
                }
            )
        )
        environment = {**os.environ, "HOME": name}
        processes = [
            subprocess.Popen(
                [LABTOOL, *arguments], cwd=folder, env=environment, stdout=subprocess.DEVNULL
            )
            for arguments in (["serve"], ["attune-watch", "--follow"])
        ]
        try:
            found = sorted(_delays(folder / "logs", port))
        finally:
            for process in processes:
                process.terminate()
                process.wait(20)
    p99 = quantiles(found, n=100)[98]
    print(
        f"{len(found)} rows, from the log to the server's state:"
        f" median {median(found) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms"
    )


def _delays(logs: Path, port: int) -> list[float]:
    path = logs / "System_2026-11-24_09-00-00.log"
    path.touch()
    address = f"http://127.0.0.1:{port}/api/instruments/attune"
    found = []
    for number in range(1, DELAYS + 5):
        with path.open("a") as file:
            file.write(f"{datetime.now(UTC).isoformat()},Info,Ann,S,")
            file.write(f"Instrument function Rinse executing line {number},1\r\n")
        start = time.perf_counter()
        while not re.search(rf'"step":{number}\b', _asked(address)):
            if time.perf_counter() - start > 60:
                raise SystemExit("the state never came")
            time.sleep(0.005)
        found.append(time.perf_counter() - start)
    return found[4:]  # both have to start first


def _asked(address: str) -> str:
    request = Request(  # noqa: S310  (http)
        address, headers={"Authorization": "Bearer token"}
    )
    try:
        with urlopen(request, timeout=5) as answer:  # noqa: S310  (http)
            return str(answer.read().decode())
    except OSError:
        return ""


if __name__ == "__main__":
    from tests.tasks.instruments.day import first_300

    times = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    rows(times, "half readings", messages())
    rows(times, "as on a real day", first_300())
    rows(times, "all different", [f"Processing nID = {n}" for n in range(ROWS)])
    delays()
