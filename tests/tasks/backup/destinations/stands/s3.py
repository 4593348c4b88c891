"""`kind: s3`: moto as a server, behind a proxy."""

from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from labtool.services.s3 import Bucket
from labtool.tasks.backup.destinations._base import Destination
from labtool.tasks.backup.destinations.s3 import InBucket
from tests.servers.aws import KEY, SECRET, Aws
from tests.servers.faults import Fault

BUCKET, PREFIX = "lab-backup", "site/"


def refusal(code: str) -> str:
    """A refusal as S3 writes it."""
    return f"<Error><Code>{code}</Code><Message>no</Message><RequestId>1</RequestId></Error>"


class Stand:
    """A bucket."""

    kind = "s3"

    def __init__(self) -> None:
        self._aws = Aws()
        self.proxy = self._aws.proxy

    def start(self) -> Self:
        self._aws.start()
        return self

    def stop(self) -> None:
        self._aws.stop()

    def reset(self) -> None:
        self._aws.reset()
        self._client = self._aws.client("s3")
        place = {"LocationConstraint": "us-west-1"}
        self._client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)

    def destination(self, folder: Path, *, patience: float = 5.0) -> Destination:
        return InBucket(
            Bucket(
                BUCKET,
                PREFIX,
                endpoint=self._aws.url,
                region="us-west-1",
                keys=(KEY, SECRET),
                patience=patience,
                page=3,
            )
        )

    def config(self, folder: Path) -> dict[str, Any]:
        return {
            "kind": "s3",
            "bucket": BUCKET,
            "prefix": PREFIX,
            "endpoint": self._aws.url,
            "key_id": "${S3_KEY}",
            "secret": "${S3_SECRET}",
            "patience": "5s",
        }

    def env(self) -> dict[str, str]:
        return {"S3_KEY": KEY, "S3_SECRET": SECRET}

    def content(self, name: str) -> bytes | None:
        with suppress(self._client.exceptions.NoSuchKey):
            reply = self._client.get_object(Bucket=BUCKET, Key=f"{PREFIX}{name}")
            found: bytes = reply["Body"].read()
            return found
        return None

    def fill_up(self) -> None:
        fault = Fault.reply(refusal("QuotaExceeded"), status=403, content_type="application/xml")
        self.proxy.inject(fault, times=None, match=lambda request: request.method == "PUT")

    def revoked(self) -> Fault:
        body = refusal("InvalidAccessKeyId")
        return Fault.reply(body, status=403, content_type="application/xml")

    def leave(self, name: str) -> None:
        self._client.create_multipart_upload(Bucket=BUCKET, Key=f"{PREFIX}{name}")

    def left(self) -> list[str]:
        found = self._client.list_multipart_uploads(Bucket=BUCKET).get("Uploads") or ()
        return sorted(one["Key"].removeprefix(PREFIX) for one in found)
