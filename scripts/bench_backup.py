"""Measures backups: a source tree of 50 000 files and one large file, as labtool saves them, beside
`tar | zstd -T0` and restic in the same run: time, MB/s, CPU, memory, size. As a backup has the
SHA-256 of each file and of the archive, tar is measured with those as well, made by OpenSSL at the
same time. It prints a table and asserts nothing. Arguments: how often each is measured (default 5).
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
LABTOOL = str(ROOT / ".venv" / "bin" / "labtool")
FILES, LARGE = 50_000, 1000
MB = 1_000_000
TAR = "tar -cf - data | zstd -q -T0 -f"
SUMS = "find data -type f -print0 | xargs -0 openssl dgst -sha256 -r >sums"

CONFIG = """
backup:
  sets: {data: {paths: [data], to: [disk]}}
  destinations: {disk: {kind: local, path: disk, create: true}}
"""


def source_tree(folder: Path) -> None:
    """Files that look like source: lines of the installed packages, in 500 folders."""
    random.seed(1)
    names = sorted((ROOT / ".venv" / "lib").rglob("*.py"))
    lines: list[str] = []
    for name in random.sample(names, min(len(names), 2000)):
        lines += name.read_text(errors="replace").splitlines(keepends=True)
    for number in range(FILES // 100):
        inside = folder / f"part{number % 20}" / f"module{number}"
        inside.mkdir(parents=True)
        for file in range(100):
            length = min(2000, int(random.lognormvariate(4.8, 1.1)))
            start = random.randrange(len(lines) - length)
            text = "".join(lines[start : start + length])
            (inside / f"file{file}.py").write_text(text)


def large_file(folder: Path) -> None:
    """One file, of which half can be packed."""
    random.seed(2)
    folder.mkdir()
    with (folder / "large").open("wb") as file:
        for _ in range(LARGE):
            file.write(random.randbytes(MB // 2) + bytes(random.choices(b"acgt", k=1000)) * 500)


def measured(command: Sequence[str], folder: Path) -> tuple[float, float, float]:
    """Wall and CPU seconds, and the most memory of any of its processes (MB)."""
    start = time.perf_counter()
    run = ["/usr/bin/env", *command]
    process = subprocess.Popen(run, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    assert status == 0, command
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def stored(folder: Path) -> int:
    """The bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def bench(what: str, fill: Callable[[Path], None], times: int) -> None:
    """One row for each way to save the same."""
    with tempfile.TemporaryDirectory(prefix="labtool-bench-") as name:
        folder = Path(name)
        fill(folder / "data")
        size = stored(folder / "data")
        (folder / "labtool.yaml").write_text(CONFIG)
        (folder / "word").write_text("word")
        ways = {
            "tar | zstd -T0": ("sh", "-c", f"{TAR} -o reference"),
            "tar | zstd -T0, and SHA-256": (
                "bash",
                "-c",
                f"{SUMS} & {TAR} | tee >(openssl dgst -sha256 >sum) >reference; wait",
            ),
            "labtool backup": (LABTOOL, "backup", "run"),
        }
        if shutil.which("restic"):
            ways["restic backup"] = (
                "restic", "-q", "--no-cache", "-r", "repository", "-p", "word", "backup", "data",
            )  # fmt: skip
        found: dict[str, list[tuple[float, float, float]]] = {way: [] for way in ways}
        sizes: dict[str, int] = {}
        for _ in range(times):
            for way, command in ways.items():
                for old in ("disk", "repository"):
                    shutil.rmtree(folder / old, ignore_errors=True)
                if way.startswith("restic"):
                    init = ["restic", "-q", "-r", "repository", "-p", "word", "init"]
                    subprocess.run(init, cwd=folder, check=True)
                found[way].append(measured(command, folder))
                places = [folder / one for one in ("disk", "repository")]
                sizes[way] = sum(stored(place) for place in places if place.exists())
                if way.startswith("tar"):
                    sizes[way] = (folder / "reference").stat().st_size
        reference = median(wall for wall, _, _ in found["tar | zstd -T0"])
        for way, runs in found.items():
            wall, cpu, memory = (median(values) for values in zip(*runs, strict=True))
            ratios = sorted(
                mine[0] / theirs[0]
                for mine, theirs in zip(runs, found["tar | zstd -T0"], strict=True)
            )
            print(
                f"{f'{what}, {way}':<48} {wall:6.2f} s {size / MB / wall:6.0f} MB/s"
                f" {cpu:6.2f} s CPU {memory:5.0f} MB {sizes[way] / MB:7.1f} MB stored"
                f" {wall / reference:5.2f}x ({ratios[0]:.2f} to {ratios[-1]:.2f})",
                flush=True,
            )


def main() -> None:
    """Print the table."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    bench(f"{FILES} files", source_tree, times)
    bench(f"one file of {LARGE} MB", large_file, times)


if __name__ == "__main__":
    main()
