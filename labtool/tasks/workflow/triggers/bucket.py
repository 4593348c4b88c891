"""Files of a bucket, which is listed: for where nobody can set up events.

A file in a bucket is there whole or not at all. A marker stands for what it marks, as in a folder:
NAME.done for NAME, or for what is below NAME/; and .done for what is below the folder it is in.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from labtool.core.text import one_line
from labtool.tasks.workflow.triggers.arrival import Arrival, key_of
from labtool.tasks.workflow.triggers.section import Trigger

if TYPE_CHECKING:
    from labtool.services.s3 import Stored


class Listing:
    """The bucket of a trigger with `s3_listing:`."""

    def __init__(self, name: str, trigger: Trigger) -> None:
        self.every = trigger.every.total_seconds()
        self._name, self._marker = name, trigger.marker
        bucket, _, self._below = trigger.s3_listing.removeprefix("s3://").partition("/")
        self._files = Files(name, bucket, trigger)

    def look(self, stopped: Callable[[], bool]) -> Iterator[Arrival]:
        """As every source's."""
        entries = {one.name: one for one in self._files.bucket.below(self._below)}
        for entry in entries.values():
            if stopped():
                return
            if not entry.name.endswith("/"):
                yield self._files.arrival(entry, entries.get)


class Files:
    """Those of a bucket as arrivals."""

    def __init__(self, name: str, bucket: str, trigger: Trigger) -> None:
        from labtool.services.s3 import Bucket

        access = trigger.s3
        self._name, self._of, self._marker = name, bucket, trigger.marker
        self.bucket: Bucket = Bucket(
            bucket,
            "",
            endpoint=access.endpoint,
            region=access.signed_for,
            keys=access.keys,
            patience=0,
            timeouts=(5, 30),
        )

    def arrival(
        self,
        entry: "Stored",
        find: "Callable[[str], Stored | None]",
        done: Callable[[], None] = lambda: None,
    ) -> Arrival:
        """A file; `find` gives another one of the bucket."""
        subject, marked, covered = entry.name, entry.name.endswith(self._marker), ""
        lost = False
        content = f"{entry.tag} {entry.size}"
        if marked:
            beside = entry.name.removesuffix(self._marker)
            inside = not beside or beside.endswith("/")  # `.done` in a folder
            meant = None if inside else find(beside)
            if meant:
                subject = covered = beside
                content = f"{meant.tag} {meant.size}"
            else:
                subject = beside if inside else f"{beside}/"
                all_ = self.bucket.below(subject)
                content = "\n".join(f"{one.name}\0{one.tag} {one.size}" for one in all_)
                lost = not content
        place = f"s3://{self._of}/{subject}"
        return Arrival(
            name=entry.name,
            bucket=self._of,
            where=one_line(f"s3://{self._of}/{entry.name}"),
            input={
                "path": place,
                "name": subject.rstrip("/").rpartition("/")[2] or self._of,
                "file": f"s3://{self._of}/{entry.name}",
            },
            key=key_of(self._name, self._of, entry.name, content),
            marker=marked,
            covered=covered,
            lost=lost,
            done=done,
        )
