"""Files and folders of a set."""

from collections.abc import Collection, Sequence
from pathlib import Path

from labtool.core.errors import Failed
from labtool.tasks.backup.archive import Archive
from labtool.tasks.backup.sources.walk import Walk


class Files:
    """What is below `paths`, without what `exclude` names and what is in `skip`. Raises Failed
    where a path is not there: what is not mounted is not empty."""

    def __init__(
        self, paths: Sequence[Path], exclude: Sequence[str] = (), skip: Collection[str] = ()
    ) -> None:
        for path in paths:
            if not path.exists() and not path.is_symlink():
                fix = "mount it, or correct paths:"
                raise Failed("is not there", where=str(path), fix=fix, code="no_source")
        self._walk = Walk(paths, exclude, skip)

    def add(self, archive: Archive) -> None:
        """As every source's. What cannot be read is one of the archive's problems."""
        archive.add_all(self._walk)
        archive.problems += self._walk.problems
