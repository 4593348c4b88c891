"""Measures the caches and their pages: one refresh of every kind with each vendor slow, what
a second one costs with nothing changed, and the site over 400 days of history. It prints a
table and asserts nothing.
"""

import math
import sqlite3
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.lab import Lab  # noqa: E402
from tests.servers.faults import Fault  # noqa: E402
from tests.tasks.cache.stands import Stand, configured, together  # noqa: E402

SLOW = 1.0
DAY = 86400


def row(what: str, value: str, reference: str = "", ratio: float | None = None) -> None:
    """One line of the table."""
    print(
        f"{what:<44} {value:>12} {reference:>14} {f'{ratio:.2f}x' if ratio else '':>7}", flush=True
    )


def refreshed(lab: Lab, *arguments: str) -> float:
    """The seconds of one refresh."""
    start = time.perf_counter()
    done = lab.run("cache", "--force", *arguments, timeout=300)
    assert done.status == 0, done
    return time.perf_counter() - start


def bench_refresh(lab: Lab, stands: dict[str, Stand]) -> None:
    """All at once against each by itself, and the calls of a second time."""
    for one in stands.values():
        one.reset()
        one.proxy.inject(Fault.delay(SLOW), times=None)
    idle = median(refreshed(lab, "calendar") for _ in range(3)) - SLOW
    alone = {kind: refreshed(lab, kind) for kind in stands}
    together = median(refreshed(lab) for _ in range(3))
    slowest = max(alone, key=lambda kind: alone[kind])
    row(f"refresh of {len(stands)} kinds, 1 s a call", f"{together:.2f} s")
    row("  against the sum of each alone", "", f"{sum(alone.values()):.1f} s",
        together / sum(alone.values()))  # fmt: skip
    row(f"  against the slowest ({slowest}; target 1.3x)", "", f"{alone[slowest]:.2f} s",
        together / alone[slowest])  # fmt: skip
    row("  labtool's own start, about", f"{idle:.2f} s")
    for one in stands.values():
        one.reset()
    # One kind after the other: two of them ask the same workspace.
    for kind, one in stands.items():
        before = len(one.proxy.requests)
        refreshed(lab, kind)
        first = len(one.proxy.requests)
        done = lab.run("cache", kind, timeout=300)
        assert done.status == 0, done
        new = one.proxy.requests[first:]
        free = sum(seen.status == 304 for seen in new)
        costs = f"{len(new) - free} of {len(new)}"
        row(f"calls of a second refresh that cost, {kind}", costs, f"first: {first - before}")


def bench_site(lab: Lab, stands: dict[str, Stand], days: int = 400) -> None:
    """The site over history, 20 series of each source."""
    now = int(time.time())
    ages = [*range(0, 7 * DAY, 900), *range(7 * DAY, 60 * DAY, 3600),
            *range(60 * DAY, days * DAY, DAY)]  # fmt: skip
    rows = (
        (kind, f"m{n // 8}/line {n}", now - age, 10 + n + math.sin(age / 9000))
        for kind in stands
        for n in range(20)
        for age in ages
    )
    with closing(sqlite3.connect(lab.state / "labtool.db")) as base, base:
        base.executemany("INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?)", rows)
        number = base.execute("SELECT count(*) FROM history").fetchone()[0]
    times = []
    for _ in range(5):
        start = time.perf_counter()
        assert lab.run("build-page").status == 0
        times.append(time.perf_counter() - start)
    row(f"site over {days} days ({number} numbers; target 2 s)", f"{median(times):.2f} s")
    page = lab.folder / "site-private" / "cache-aws.html"
    assets = sum(p.stat().st_size for p in (page.parent / "assets").iterdir())
    row("  a page of it, without assets", f"{page.stat().st_size / 1000:.0f} kB",
        f"assets {assets / 1000:.0f} kB")  # fmt: skip


def main() -> None:
    """Measure."""
    row("what", "median", "reference", None)
    with ExitStack() as stack:
        stands = together()
        for one in stands.values():
            stack.callback(one.start().stop)
            one.reset()
        lab = Lab(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        stack.callback(lab.close)
        configured(lab, stands, "120s")
        bench_refresh(lab, stands)
        bench_site(lab, stands)


if __name__ == "__main__":
    main()
