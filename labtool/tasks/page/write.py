"""A site's files on the disk: each is whole, only those that changed are written, and those
of an earlier build that are no more are removed. What labtool did not write is left alone.
"""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from labtool.core.errors import Failed
from labtool.core.files import write_atomic

# A browser that has an older page may still ask for what belongs to it.
_ASSETS, _KEEP = "assets/", 86400.0
# Which files of the folder are ours. Its name keeps it from being served.
MANIFEST = ".labtool-site.json"


def write(
    site: Mapping[str, bytes], folder: Path, remove: Callable[[str], bool] = lambda path: True
) -> dict[str, int]:
    """Write the files of a site, and remove what is no more of it, as far as `remove` says so
    of a path; how many were written, unchanged, removed.

    Raises Failed when the folder has a file of that name which labtool did not write, and
    StateError.
    """
    plan = compare(site, folder)
    gone = [path for path in plan.removed if remove(path)]
    # First: what is nobody's to see any more must not wait for what may fail.
    for path in gone:
        (folder / path).unlink(missing_ok=True)
    foreign = [path for path in plan.written if plan.foreign(folder, path)]
    if foreign:
        names = ", ".join(foreign[:3])
        fix = "choose another folder with page.output, or move them away"
        raise Failed(f"has files that labtool did not write: {names}", where=str(folder), fix=fix)
    if set(site) - plan.known:
        # First: a build that is killed must not take its own files for somebody else's.
        _note(folder, plan.known | set(site))
    for path in plan.written:
        write_atomic(folder / path, site[path])
    if gone:
        _note(folder, plan.known - set(gone) | set(site))
    return {**plan.counts, "removed": len(gone)}


class Plan:
    """What a build would do to a folder. `known` are the paths that an earlier one wrote."""

    def __init__(self, site: Mapping[str, bytes], folder: Path, known: set[str]) -> None:
        self.known = known
        self.written = [path for path in site if _read(folder / path) != site[path]]
        gone = known - set(site)
        self.kept = {p for p in gone if p.startswith(_ASSETS) and _is_young(folder / p)}
        self.removed = sorted(gone - self.kept)
        self.unchanged = len(site) - len(self.written)

    @property
    def counts(self) -> dict[str, int]:
        """How many files are in each state."""
        removed = len(self.removed)
        return {"written": len(self.written), "unchanged": self.unchanged, "removed": removed}

    def foreign(self, folder: Path, path: str) -> bool:
        """Whether somebody else wrote the file that is there."""
        return path not in self.known and (folder / path).exists()


def compare(site: Mapping[str, bytes], folder: Path) -> Plan:
    """What writing a site would do. Raises Failed for a path that leads out of it."""
    for path in site:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts or parts[0].startswith("."):
            raise Failed(f"{path!r} is no path inside a site", code="site_path")
    return Plan(site, folder, _known(folder))


def _note(folder: Path, paths: set[str]) -> None:
    write_atomic(folder / MANIFEST, json.dumps(sorted(paths)).encode())


def _known(folder: Path) -> set[str]:
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return set()
    if not isinstance(found, list):
        return set()
    # The file may have been edited: it must not make us remove anything outside.
    names = {path for path in found if isinstance(path, str)}
    return {p for p in names if ".." not in PurePosixPath(p).parts and not p.startswith("/")}


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _is_young(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime < _KEEP
    except OSError:
        return False
