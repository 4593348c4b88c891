"""Measures the event board: its answers on a real IRC server, what a command costs with a
small and a large database, and its pages. It prints a table and asserts nothing.
"""

import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from zoneinfo import ZoneInfo

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from labtool.core.clock import Clock  # noqa: E402
from labtool.core.config import Config, bare  # noqa: E402
from labtool.core.site import Given  # noqa: E402
from labtool.tasks.page.task import build  # noqa: E402
from labtool.tasks.ptg.board import Board  # noqa: E402
from labtool.tasks.ptg.call import Speaker  # noqa: E402
from labtool.tasks.ptg.desk import Desk, Manners  # noqa: E402
from labtool.tasks.ptg.pages import given  # noqa: E402
from labtool.tasks.ptg.store import Store  # noqa: E402
from tests.lab import Lab, poll  # noqa: E402
from tests.servers.ircd import Ngircd  # noqa: E402
from tests.tasks.ptg import fuzz  # noqa: E402
from tests.tools import TOOLS  # noqa: E402

BURST = 50
ZONE = ZoneInfo("America/Denver")


def document(tracks: int, check_ins: int, subscriptions: int) -> dict[str, Any]:
    """A board of five days and 23 rooms."""
    names = [f"track-{n}" for n in range(tracks)]
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
    hours = ("09:00-10:45", "10:45-12:30", "13:30-15:15", "15:15-17:00")
    slots = {
        day: [{"name": f"{day[:3]}{n}", "desc": h} for n, h in enumerate(hours)] for day in days
    }
    return {
        "eventid": "bench",
        "tracks": names,
        "slots": slots,
        "schedule": {
            f"Room {r}": {
                slot["name"]: names[(r * 3 + n) % tracks]
                for n, slot in enumerate(slot for day in slots.values() for slot in day)
            }
            for r in range(23)
        },
        "now": dict.fromkeys(names, "the topic that is discussed now, with #track-1 and others"),
        "last_check_in": {
            f"n{n}": {"nick": f"N{n}", "location": f"#{names[n % tracks]}", "in": "x", "out": None}
            for n in range(check_ins)
        },
        "subscriptions": {
            f"n{n}": f"#track-{n % tracks} .*subject {n}" for n in range(subscriptions)
        },
    }


def row(what: str, value: str, reference: str = "", ratio: float | None = None) -> None:
    """One line of the table."""
    print(
        f"{what:<44} {value:>12} {reference:>14} {f'{ratio:.1f}x' if ratio else '':>7}", flush=True
    )


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def cost(folder: Path, content: dict[str, Any], times: int) -> float:
    """CPU seconds of one command, the median over rounds of different ones."""
    path = folder / "ptg.json"
    path.write_text(json.dumps(content))
    store = Store(path, lambda error: None)
    board = Board(store.load(), ZONE)
    desk = Desk(board, store, Manners(), lambda: datetime.now(UTC), lambda error: None)
    speaker = Speaker("Ann", "a@h", channel="#event", op=True)
    commands = ("+in track-1", "#track-1 now something", "#track-2 next more", "+seen n5", "+out")
    rounds = []
    for number in range(times * 10):
        started = time.process_time()
        for command in commands:
            desk.hear(speaker, f"{command} {number}" if "now" in command else command)
        rounds.append((time.process_time() - started) / len(commands))
        desk.hear(speaker, "#track-2 clean")
    store.close()
    return median(rounds)


def fuzzed(folder: Path, count: int) -> list[float]:
    """Seconds of each of so many random lines, until it could be answered."""
    path = folder / "ptg.json"
    path.write_text(json.dumps(document(60, 5000, 2000)))
    store = Store(path, lambda error: None)
    board = Board(store.load(), ZONE)
    desk = Desk(board, store, Manners(), lambda: datetime.now(UTC), lambda error: None)
    speaker = Speaker("Ann", "a@h", channel="#event", op=True)
    taken = []
    for line in fuzz.lines(count):
        started = time.perf_counter()
        desk.hear(speaker, line)
        taken.append(time.perf_counter() - started)
    store.close()
    return sorted(taken)


def answers(server: Ngircd, times: int) -> tuple[float, float, list[float], list[float]]:
    """Seconds of a burst of commands until all are answered, of as many lines between two
    people, of each single command until its answer, and until it is on the page."""
    with tempfile.TemporaryDirectory() as name:
        lab = Lab(Path(name))
        lab.configure(
            {
                "ptg": {
                    "server": "127.0.0.1",
                    "port": server.port,
                    "tls": False,
                    "nick": "bench",
                    "channels": ["#bench"],
                    "flood": {"burst": 5, "interval": 0},
                },
                "page": {},
            }
        )
        (lab.folder / "ptg.json").write_text(json.dumps(document(60, 5000, 2000)))
        ann, bob = server.user("ann", join="#bench"), server.user("bob", join="#bench")
        lab.start("ptg-bot")
        ann.wait(":bench!")

        def burst(text: str, sign: str, who: Any) -> float:
            before = sum(sign in line for line in who.lines)
            started = time.perf_counter()
            ann.send(*(f"PRIVMSG #bench :{text} {n}" for n in range(BURST)))
            poll(lambda: sum(sign in line for line in who.lines) >= before + BURST, 60)
            return time.perf_counter() - started

        def single(number: int) -> float:
            started = time.perf_counter()
            ann.say("#bench", f"#track-1 now single {number}")
            ann.wait(f"single {number}")
            return time.perf_counter() - started

        ours = [
            burst("#track-1 now topic", "PRIVMSG #bench :ann: now in", ann) for _ in range(times)
        ]
        theirs = [burst("hello there", ":ann!", bob) for _ in range(times)]
        singles = [single(n) for n in range(times * 10)]
        page = lab.folder / "site" / "index.html"

        def behind(number: int) -> float:
            started = time.perf_counter()
            ann.say("#bench", f"#track-1 now shown {number}")
            poll(lambda: f"shown {number}<" in page.read_text(), 60)
            return time.perf_counter() - started

        shown = [behind(n) for n in range(times * 3)]
        for user in (ann, bob):
            user.close()
        lab.close()
    return median(ours), median(theirs), singles, shown


def pages(folder: Path, times: int) -> tuple[float, float, int]:
    """Seconds of a build when all changed and when nothing did; bytes of the board told all."""
    config = bare(folder)
    now = Clock(ZONE).now()
    content = document(44, 200, 0)

    def provider(config: Config, now: datetime) -> Given:
        return given(content, config, now, "https://x.example/{track}")

    first, again = [], []
    for number in range(times):
        content["now"]["track-1"] = f"number {number}"
        for kept in (first, again):
            started = time.perf_counter()
            build(config, [provider], now)
            kept.append(time.perf_counter() - started)
    site = folder / "site"
    told = [site / "index.html", site / "ptg.json", *(site / "assets").iterdir()]
    return median(first), median(again), sum(path.stat().st_size for path in told)


def main() -> None:
    """Measure and print."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    print(f"\nThe event board, medians of {times} rounds")
    print(f"{'what':<44} {'median':>12} {'reference':>14} {'ratio':>7}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = cost(folder, document(10, 10, 5), times)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        large = cost(folder, document(60, 5000, 2000), times)
    row(
        "CPU a command, large board, to small",
        milliseconds(large),
        milliseconds(small),
        large / small,
    )
    with tempfile.TemporaryDirectory() as name:
        taken = fuzzed(Path(name), 20_000)
    row(
        "a random line, slowest / p99 of 20 000",
        milliseconds(taken[-1]),
        milliseconds(taken[int(len(taken) * 0.99)]),
    )
    with tempfile.TemporaryDirectory() as name:
        first, again, weight = pages(Path(name), times)
    row(
        "site build, a topic changed, to unchanged",
        milliseconds(first),
        milliseconds(again),
        first / again,
    )
    row("the board's page all told (limit 150 KB)", f"{weight / 1000:.0f} KB")
    if not TOOLS["ngircd"].present():
        print("ngircd is missing, so that answers on IRC are not measured: apt-get install ngircd")
        return
    server = Ngircd().start()
    try:
        ours, theirs, singles, shown = answers(server, max(3, times // 3))
    finally:
        server.stop()
    row(
        f"{BURST} commands, to {BURST} lines between people",
        milliseconds(ours),
        milliseconds(theirs),
        ours / theirs,
    )
    row("answers a second, no flood limit", f"{BURST / ours:.0f}")
    cuts = quantiles(singles, n=100)
    row("one answer, p50 / p99", milliseconds(cuts[49]), milliseconds(cuts[98]))
    row(
        "from chat to page, slowest / median (limit 2 s)",
        milliseconds(max(shown)),
        milliseconds(median(shown)),
    )


if __name__ == "__main__":
    main()
