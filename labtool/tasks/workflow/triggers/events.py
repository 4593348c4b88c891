"""Files that a bucket tells of through a queue (SQS): a message is removed once what it starts is
sure, so that a crash loses none; it may come twice.

What is no event of a bucket stays in the queue, whose own redrive policy says what becomes of it.
Needs sqs:ReceiveMessage, sqs:DeleteMessage and s3:GetObject.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from labtool.core.errors import Failed
from labtool.core.log import complain
from labtool.core.text import one_line
from labtool.tasks.workflow.triggers.arrival import Arrival
from labtool.tasks.workflow.triggers.bucket import Files
from labtool.tasks.workflow.triggers.notices import NoNotice, read
from labtool.tasks.workflow.triggers.section import Trigger

if TYPE_CHECKING:
    from labtool.services.s3 import Stored
    from labtool.services.sqs import QueueMessage

# Messages that one look takes at most, ten at a time.
_MOST = 1000


class Events:
    """The queue of a trigger with `s3_events:`. `odd` hears of a message that is no event, or
    of a bucket that cannot be asked: what it is, and what is wrong."""

    every = 5.0

    def __init__(self, name: str, trigger: Trigger, odd: Callable[[str, Failed], None]) -> None:
        from labtool.services.sqs import MessageQueue

        access = trigger.s3
        self._name, self._trigger, self._odd = name, trigger, odd
        self._url = trigger.s3_events
        self._queue: MessageQueue = MessageQueue(
            self._url, endpoint=access.endpoint, region=access.region, keys=access.keys
        )
        self._buckets: dict[str, Files] = {}

    def look(self, stopped: Callable[[], bool]) -> Iterator[Arrival]:
        """As every source's."""
        for _ in range(0, _MOST, 10):
            messages = [] if stopped() else self._queue.receive()
            for message in messages:
                yield from self._read(message)
            if not messages:
                return

    def _read(self, message: "QueueMessage") -> Iterator[Arrival]:
        try:
            notices = read(message.body)
        except NoNotice as no:
            what = f"has a message that is no event of a bucket: {no}"
            fix = "let the bucket alone write to it; what its redrive policy says becomes of it"
            self._odd(message.id, Failed(what, where=self._url, fix=fix, code="no_notice"))
            return
        left = len(notices)

        def done() -> None:
            nonlocal left
            left -= 1
            if left <= 0:
                self._queue.remove(message)

        if not notices:
            done()
        for notice in notices:
            files = self._files(notice.bucket)
            try:
                # As it is now: it may have changed since, and that is told of too.
                entry = files.bucket.about(notice.name)
                arrival = files.arrival(entry, partial(_find, files), done)
            except Failed as error:
                if error.code != "not_there":
                    # Whoever may write to the queue keeps no other message from being read.
                    self._odd(f"{notice.bucket} {error.where}", error)
                    continue
                where = one_line(f"s3://{notice.bucket}/{notice.name}")
                complain(f"{where} went before it was looked at")
                done()
                continue
            yield arrival

    def _files(self, bucket: str) -> Files:
        if bucket not in self._buckets:
            self._buckets[bucket] = Files(self._name, bucket, self._trigger)
        return self._buckets[bucket]


def _find(files: Files, name: str) -> "Stored | None":
    try:
        return files.bucket.about(name)
    except Failed as error:
        if error.code != "not_there":
            raise
        return None
