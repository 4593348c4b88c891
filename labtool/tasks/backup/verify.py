"""Whether a backup is what it should be: read from its destination, or really restored."""

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from labtool.core.errors import AccessDenied, Failed, LabtoolError, Temporary
from labtool.core.text import counted
from labtool.tasks.backup.below import Below, parts
from labtool.tasks.backup.manifest import Dump, FileRecord, Manifest
from labtool.tasks.backup.restore import restore
from labtool.tasks.backup.unpack import Kept, hashed, members, records

_SHOWN = 3


def verify(kept: Kept) -> tuple[str, int]:
    """Read all of a backup, and hold every file against its hash; how that was, and how many
    files. Of one that is sealed for others, all that is stored is held against its hash.
    Raises Failed for one that is damaged."""
    if not kept.readable:
        for part in (kept.manifest.archive, kept.manifest.files):
            for _ in kept.stored(part):
                pass
        return "stored", kept.manifest.count
    count = 0
    for member in members(kept):
        if member.content is not None:
            hashed(member, len)
        count += 1
    if count != kept.manifest.count:
        what = f"is damaged: it has {counted(count, 'file')}, not {kept.manifest.count}"
        raise Failed(what, where=kept.manifest.id, code="damaged")
    return "read", count


def drill(kept: Kept, root: Path, database: Callable[[Dump, Path], list[str]]) -> int:
    """Restore a backup into the folder `root`, which is empty, and hold what is there against
    what went in; `database` does the same with a dump's file. How many files. Raises Failed
    for what differs, and what a server says that is not there or refuses."""
    done = restore(members(kept), root)
    problems = list(done.problems)
    with Below(root) as below:
        for record in records(kept):
            problem = differs(below, record)
            if problem:
                problems.append(f"{record.path}: {problem}")
    refused: LabtoolError | None = None
    for dump in kept.manifest.dumps:
        try:
            found = database(dump, root / dump.path)
        except (AccessDenied, Temporary) as error:
            refused = error
            continue
        except LabtoolError as error:
            found = [str(error)]
        problems += [f"{dump.kind} {dump.database}: {problem}" for problem in found]
    tell(kept.manifest, problems)
    if refused:
        raise refused  # it says nothing of the backup
    return done.count


def tell(manifest: Manifest, problems: list[str]) -> None:
    """Raise Failed where there are any."""
    if problems:
        more = len(problems) - _SHOWN
        said = "; ".join(problems[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
        fix = "take another backup; look at the destination's disk"
        what = f"does not restore: {said}"
        raise Failed(what, where=manifest.id, fix=fix, code="damaged")


def differs(below: Below, record: FileRecord) -> str:
    """What is different in a restored file; nothing where it is the same."""
    try:
        way = parts(record.path)
        folder, name = below.folder(way[:-1]), way[-1]
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        if record.type in ("file", "dump"):
            return "" if _digest(folder, name) == record.sha256 else "its content differs"
        if record.type == "symlink":
            found = os.readlink(name, dir_fd=folder)
            return "" if found == record.link else "it leads elsewhere"
        if record.type == "directory":
            return "" if stat.S_ISDIR(mode) else "it is no folder"
    except OSError as error:
        return error.strerror or type(error).__name__
    except Failed as error:
        return error.what
    return ""


def _digest(folder: int, name: str) -> str:
    handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    with os.fdopen(handle, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
