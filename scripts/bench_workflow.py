"""Measures workflows: durable steps a second (steps that do nothing but start bash; of one run, and
of several at a time), the time from a file's arrival to its first step, what a worker costs that
waits, and what all of that is with 100 000 closed runs. It prints figures and asserts nothing.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import sqlalchemy as sa

from labtool.core.config import load
from labtool.services.engine.records import OPEN
from labtool.services.engine.tables import RUNS
from labtool.tasks.sections import SECTIONS
from labtool.tasks.workflow.runs import Runs, opened

LABTOOL = str(Path(sys.executable).parent / "labtool")
STEPS, CLOSED, FILES = 10, 100_000, 5000
CONFIG = f"""
workflows:
  steps:
    steps:
{"".join(f"      - {{name: s{n}, run: 'true'}}{chr(10)}" for n in range(STEPS))}
  file:
    input: {{properties: {{path: {{}}, name: {{}}, file: {{}}}}}}
    steps:
      - {{name: a, run: {{command: "date +%s.%N >seen/{{name}}", folder: .}}}}
triggers:
  files: {{folder: in, file_name_pattern: '.*[.]go', starter_name: file, stable: 0}}
"""


@contextmanager
def worker(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """One that stays, while the block runs."""
    command = [LABTOOL, "workflow", "work", "--follow"]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(4)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def steps(runs: Runs, number: int) -> float:
    """Durable steps a second, for so many runs at once."""
    start = time.perf_counter()
    for _ in range(number):
        runs.begin("steps", {}, "bench")
    while runs.ledger.runs(OPEN, newest=1):
        time.sleep(0.05)
    return number * STEPS / (time.perf_counter() - start)


def arrivals(folder: Path, number: int) -> list[float]:
    """Seconds from when a file is there to its first step."""
    found = []
    for at in range(number):
        file = folder / "in" / f"{at}-{time.time_ns()}.go"
        file.write_text(str(time.time_ns()))
        began = time.time()
        seen = folder / "seen" / file.name
        while not (seen.exists() and seen.read_text()):
            time.sleep(0.01)
        found.append(float(seen.read_text()) - began)
    return found


def idle(process: "subprocess.Popen[bytes]", seconds: float) -> float:
    """The share of a core that it takes."""

    def ticks() -> int:
        text = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(text[11]) + int(text[12])

    before = ticks()
    time.sleep(seconds)
    return (ticks() - before) / os.sysconf("SC_CLK_TCK") / seconds


def close(runs: Runs, number: int) -> None:
    """So many runs that have ended."""
    now = time.time()
    row = {"workflow": "steps", "version": "1", "definition": "{}", "input": "{}", "origin": "b",
           "state": "completed", "segment": 1, "started": now, "ended": now}  # fmt: skip
    with runs.base.write() as connection:
        for at in range(0, number, 1000):
            rows = [{**row, "id": f"old-{at + n}", "created": now - 1e6} for n in range(1000)]
            connection.execute(sa.insert(RUNS), rows)


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="labtool-bench-") as name:
        folder = Path(name)
        (folder / "in").mkdir()
        (folder / "seen").mkdir()
        (folder / "labtool.yaml").write_text(CONFIG)
        with opened(load(folder / "labtool.yaml", SECTIONS)) as runs:
            for what in ("new", f"{CLOSED} closed runs"):
                with worker(folder) as process:
                    alone = median(steps(runs, 1) for _ in range(5))
                    many = median(steps(runs, 20) for _ in range(3))
                    late = sorted(arrivals(folder, 10))
                    share = idle(process, 20)
                start = time.perf_counter()
                subprocess.run([LABTOOL, "workflow", "list"], cwd=folder, check=True,
                               stdout=subprocess.DEVNULL)  # fmt: skip
                took = time.perf_counter() - start
                print(
                    f"{what:<20} {alone:5.1f} steps/s of one run, {many:5.1f} of 20 at once;"
                    f" file to first step {median(late):.2f} s (most {late[-1]:.2f});"
                    f" idle {share:.1%} of a core; list {took:.2f} s",
                    flush=True,
                )
                close(runs, CLOSED if what == "new" else 0)
            for number in range(FILES):
                (folder / "in" / f"{number}.go").write_text("")
            with worker(folder) as process:
                start = time.perf_counter()
                while len(list((folder / "seen").iterdir())) < FILES:
                    time.sleep(0.5)
                took = time.perf_counter() - start
                time.sleep(10)
                print(
                    f"{FILES} files at once: {FILES / took:.1f} runs/s; once they are known, idle"
                    f" {idle(process, 20):.1%} of a core",
                    flush=True,
                )


if __name__ == "__main__":
    main()
