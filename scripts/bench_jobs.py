"""Measures the jobs: from a job that is queued to its first line, with --follow; no-op jobs a
second through the queue alone and with their processes, beside as many `bash -c true`; and the
queue with 100 000 finished jobs in it. It prints a table and asserts nothing. Arguments: how often
(default 5).
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
LABTOOL = str(ROOT / ".venv" / "bin" / "labtool")
STARTS, THROUGH, PROCESSES, OLD = 150, 300, 60, 100_000

CONFIG = """\
lab: {name: Bench, timezone: UTC}
jobs:
  b:
    jobs:
      stamp: {run_args_template: "date +%s.%N >>stamps", report_success: false}
PLACE
"""


def configured(folder: Path) -> Path:
    """A config with one job that says when it began, and many that do nothing."""
    more = "".join(
        f'      n{n}: {{run_args_template: "true", report_success: false}}\n'
        for n in range(PROCESSES)
    )
    path = folder / "labtool.yaml"
    path.write_text(CONFIG.replace("PLACE\n", more))
    return path


def delays(folder: Path) -> list[float]:
    """Seconds from the queue to the first thing that a job does."""
    from labtool.core.database import Database
    from labtool.tasks.jobs.entry import Asker, Request
    from labtool.tasks.jobs.queue import Queue

    stamps = folder / "state" / "workspaces" / "b" / "stamps"
    worker = subprocess.Popen(
        [LABTOOL, "-c", folder / "labtool.yaml", "jobs", "work", "--follow"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(2)
    found = []
    database = Database.open(folder / "state")
    queue = Queue(database, time.time)
    try:
        for number in range(STARTS):
            begun = time.time()
            queue.add(Request("b_stamp", "b_stamp", {}, Asker("bench"), begun))
            while not stamps.exists() or len(stamps.read_text().splitlines()) <= number:
                time.sleep(0.002)
            found.append(float(stamps.read_text().splitlines()[number]) - begun)
            # Not in step with the worker's own looks.
            time.sleep(0.01 + number % 7 * 0.011)
    finally:
        database.close()
        worker.terminate()
        worker.wait(20)
    return found


def through(folder: Path) -> float:
    """Seconds for many jobs through the queue, no process started."""
    from labtool.core.database import Database
    from labtool.tasks.jobs.entry import Asker, Request
    from labtool.tasks.jobs.queue import Queue

    database = Database.open(folder / "state")
    queue = Queue(database, time.time)
    begun = time.perf_counter()
    for _ in range(THROUGH):
        queue.add(Request("b_none", "b_none", {}, Asker("bench"), 0))
        entry = queue.take("bench/1")
        assert entry
        with database.write():
            queue.finish(entry, "done", 0, "")
    done = time.perf_counter() - begun
    database.close()
    return done


def with_processes(folder: Path) -> float:
    """Seconds for many no-op jobs by a worker that starts and ends."""
    from labtool.core.database import Database
    from labtool.tasks.jobs.entry import Asker, Request
    from labtool.tasks.jobs.queue import Queue

    database = Database.open(folder / "state")
    queue = Queue(database, time.time)
    for number in range(PROCESSES):
        queue.add(Request(f"b_n{number}", f"b_n{number}", {}, Asker("bench"), 0))
    database.close()
    return timed([LABTOOL, "-c", str(folder / "labtool.yaml"), "jobs", "work"])


def timed(command: list[str]) -> float:
    """Seconds that a program takes."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun


def plain(_: Path) -> float:
    """The reference: as many shells that do nothing, one after the other."""
    begun = time.perf_counter()
    for _ in range(PROCESSES):
        subprocess.run(["bash", "-c", "true"], check=True)  # noqa: S607  (as the worker starts it)
    return time.perf_counter() - begun


def grown(folder: Path) -> None:
    """A long history."""
    from labtool.core.database import Database

    database = Database.open(folder / "state")
    with database.write():
        for number in range(OLD):
            database.execute(
                "INSERT INTO jobs (type, key, arguments, asker, state, created, due, started,"
                " ended)"
                " VALUES ('b_old', 'b_old', '{}', '{\"name\": \"x\"}', 'done', ?1, ?1, ?1, ?1)",
                time.time() - number,
            )
    database.close()


def best(work: Callable[[Path], float], folder: Path, times: int) -> float:
    """The median of so many."""
    return median(work(folder) for _ in range(times))


def main(times: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        configured(folder)
        found = delays(folder)
        cuts = quantiles(found, n=100)
        print(f"queued to begun, --follow        median {median(found) * 1000:5.0f} ms"
              f"   p99 {cuts[98] * 1000:5.0f} ms")  # fmt: skip
        alone = best(through, folder, times)
        print(f"through the queue alone          {THROUGH / alone:7.0f} jobs/s")
        shells, jobs = best(plain, folder, times), best(with_processes, folder, times)
        print(f"with their processes             {PROCESSES / jobs:7.0f} jobs/s"
              f"   {jobs / shells:.1f}x as many bash -c true")  # fmt: skip
        grown(folder)
        after = best(through, folder, times)
        print(f"the same with {OLD} ended        {THROUGH / after:7.0f} jobs/s"
              f"   {after / alone:.2f}x")  # fmt: skip


if __name__ == "__main__":
    os.environ.pop("LABTOOL_CONFIG", None)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
