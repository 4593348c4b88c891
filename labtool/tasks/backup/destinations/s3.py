"""`kind: s3`: a bucket of S3, or of anything that speaks like it (`endpoint:`).

`prefix: site/` keeps the files below a name. Without `key_id:` and `secret:` those of this machine
are used (its role, ~/.aws). The keys need s3:ListBucket, s3:GetObject, s3:PutObject,
s3:DeleteObject, s3:ListBucketMultipartUploads and s3:AbortMultipartUpload.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from labtool.core.config import Config
from labtool.core.config.aws import AwsAccess
from labtool.tasks.backup.destinations._base import RemoteOptions, Stored

if TYPE_CHECKING:
    from labtool.services.s3 import Bucket


class Options(RemoteOptions, AwsAccess):
    """A bucket."""

    kind: Literal["s3"]
    bucket: str = Field(min_length=3, max_length=255)
    prefix: str = Field(default="", pattern=r"^([^/].*/)?$", description="Such as site/")

    def open(self, config: Config) -> "InBucket":
        """As every kind's."""
        from labtool.services.s3 import Bucket

        return InBucket(
            Bucket(
                self.bucket,
                self.prefix,
                endpoint=self.endpoint,
                region=self.signed_for,
                keys=self.keys,
                patience=self.seconds,
            )
        )


class InBucket:
    """A bucket as a destination."""

    def __init__(self, bucket: "Bucket") -> None:
        self._bucket = bucket

    def stored(self) -> Iterator[Stored]:
        """As every destination's."""
        for name, size in self._bucket.files():
            yield Stored(name, size)

    def read(self, name: str) -> Iterator[bytes]:
        """As every destination's."""
        return self._bucket.read(name)

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """As every destination's."""
        self._bucket.write(name, chunks)

    def remove(self, name: str) -> None:
        """As every destination's."""
        self._bucket.remove(name)

    def sweep(self, mine: Callable[[str], bool]) -> int:
        """As every destination's: parts of uploads that were never finished, which cost."""
        return self._bucket.abandon(mine)
