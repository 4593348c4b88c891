"""Whether a backup is what it should be: read from its destination, or really restored."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from labtool.core.errors import Failed, LabtoolError
from labtool.tasks.backup.destinations._base import Destination
from labtool.tasks.backup.manifest import FileRecord, Manifest
from labtool.tasks.backup.restore import restore
from labtool.tasks.backup.unpack import hashed, members, records


def verify(destination: Destination, manifest: Manifest) -> int:
    """Read all of a backup, and hold every file against its hash; how many files. Raises
    Failed for one that is damaged."""
    count = 0
    for member in members(destination, manifest):
        if member.content is not None:
            hashed(member, _nobody)
        count += 1
    if count != manifest.count:
        what = f"is damaged: it has {count} files, not {manifest.count}"
        raise Failed(what, where=manifest.id, code="damaged")
    return count


def drill(destination: Destination, manifest: Manifest, folder: Path | None) -> int:
    """Restore a backup into a folder that is thrown away (in `folder`, or where the system
    has such), and hold what is there against what went in; how many files. Raises Failed
    for what differs."""
    with tempfile.TemporaryDirectory(prefix="labtool-drill-", dir=folder) as place:
        root = Path(place) / "restored"
        done = restore(members(destination, manifest), root)
        problems = list(done.problems)
        for record in records(destination, manifest):
            problem = _differs(root / record.path, record)
            if problem:
                problems.append(f"{record.path}: {problem}")
        if problems:
            more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
            what = f"does not restore: {problems[0]}{more}"
            fix = "take another backup; look at the destination's disk"
            raise Failed(what, where=manifest.id, fix=fix, code="damaged")
        return done.count


def _differs(path: Path, record: FileRecord) -> str:
    """What is different in a restored file; nothing where it is the same."""
    try:
        status = path.lstat()
        if record.type == "file":
            return "" if _digest(path) == record.sha256 else "its content differs"
        if record.type == "symlink":
            return "" if str(path.readlink()) == record.link else "it leads elsewhere"
        if record.type == "directory":
            return "" if path.is_dir() else "it is no folder"
    except OSError as error:
        return error.strerror or type(error).__name__
    return "" if status else "it is not there"


def _digest(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _nobody(_: bytes) -> None:
    """Takes what nobody wants."""


def tried(check: Callable[[], int]) -> tuple[int, LabtoolError | None]:
    """How many files a check found right, or what was wrong."""
    try:
        return check(), None
    except LabtoolError as error:
        return 0, error
    except OSError as error:
        what = error.strerror or os.strerror(error.errno or 0)
        return 0, Failed(what, code="damaged")
