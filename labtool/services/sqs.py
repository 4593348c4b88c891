"""A queue of Amazon's SQS, or of what speaks like it (docs.aws.amazon.com/AWSSimpleQueueService).

A message that is received is hidden from others for a while, and comes again unless it is removed;
after how often it goes to a queue for such is what the queue's own redrive policy says.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from labtool.core.errors import Failed
from labtool.services.aws.refusals import explained

_NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "InvalidAddress")
_MOST = 10


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """A message; `receipt` removes it."""

    id: str
    body: str
    receipt: str


class MessageQueue:
    """The queue of an address. Every method raises AccessDenied, Failed and Temporary."""

    def __init__(
        self,
        url: str,
        *,
        endpoint: str = "",
        region: str = "",
        keys: tuple[str, str] | None = None,
        wait: int = 1,
    ) -> None:
        self._url, self._keys, self._wait = url, keys, wait
        asked = urlsplit(url)
        host = asked.hostname or ""
        amazon = host.removeprefix("sqs.").partition(".amazonaws.com")
        self._endpoint = endpoint or ("" if amazon[1] else f"{asked.scheme}://{asked.netloc}")
        self._region = region or (amazon[0] if amazon[1] else "us-east-1")

    def receive(self) -> list[QueueMessage]:
        """Up to ten messages; none after `wait` seconds (at most 20) without one."""
        with self._explained("sqs:ReceiveMessage"):
            reply = self._client.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=_MOST, WaitTimeSeconds=self._wait
            )
            return [
                QueueMessage(str(one["MessageId"]), str(one["Body"]), str(one["ReceiptHandle"]))
                for one in reply.get("Messages") or ()
            ]

    def remove(self, message: QueueMessage) -> None:
        """It does not come again."""
        with self._explained("sqs:DeleteMessage"):
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message.receipt)

    @contextmanager
    def _explained(self, action: str) -> Iterator[None]:
        from botocore.exceptions import ClientError

        with explained(action):
            try:
                yield
            except ClientError as error:
                code = str((error.response.get("Error") or {}).get("Code") or "")
                if code.endswith(_NO_QUEUE):
                    fix = "make it, or correct s3_events:"
                    what = "there is no such queue"
                    raise Failed(what, where=self._url, fix=fix, code="no_queue") from None
                raise

    @cached_property
    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        key, secret = self._keys or (None, None)
        session = boto3.session.Session(aws_access_key_id=key, aws_secret_access_key=secret)
        settings = Config(
            connect_timeout=5,
            read_timeout=self._wait + 10,
            retries={"mode": "standard", "total_max_attempts": 1},
        )
        return session.client(
            "sqs",
            region_name=self._region,
            endpoint_url=self._endpoint or None,
            config=settings,
        )
