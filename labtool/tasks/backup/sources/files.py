"""Files and folders of a set."""

from collections.abc import Collection, Sequence
from pathlib import Path

from labtool.core.errors import Failed
from labtool.tasks.backup.archive import Archive
from labtool.tasks.backup.sources.walk import Walk


class Files:
    """What is below `paths`, without what `exclude` names and what is in `skip`; with `filled`,
    a path without any file is a problem: an empty folder is what a disk that is not mounted
    leaves. Raises Failed where a path is not there."""

    def __init__(
        self,
        paths: Sequence[Path],
        exclude: Sequence[str] = (),
        skip: Collection[str] = (),
        *,
        filled: bool = False,
    ) -> None:
        for path in paths:
            if not path.exists():
                fix = "mount it, or correct paths:"
                raise Failed("is not there", where=str(path), fix=fix, code="no_source")
        self._paths, self._exclude, self._skip = paths, exclude, skip
        self._filled = filled

    def add(self, archive: Archive) -> None:
        """As every source's. What cannot be read is one of the archive's problems."""
        empty = []
        walk = Walk(self._paths, self._exclude, self._skip)
        for top, found in walk.each():
            before = archive.files + walk.skipped
            archive.add_all(found)
            if archive.files + walk.skipped == before:
                empty.append(f"{top}: has no files; look whether its disk is mounted")
        archive.problems += walk.problems
        archive.notes += walk.notes
        # With nothing at all, it is too little anyway.
        if self._filled and archive.files and not walk.problems:
            archive.problems += empty
