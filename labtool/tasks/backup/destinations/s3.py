"""`kind: s3`: a bucket of S3, or of anything that speaks like it (`endpoint:`).

`prefix: site/` keeps the files below a name. Without `key_id:` and `secret:` those of this machine
are used (its role, ~/.aws). The keys need s3:ListBucket, s3:GetObject, s3:PutObject,
s3:DeleteObject, s3:ListBucketMultipartUploads and s3:AbortMultipartUpload.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from labtool.core.config import Config
from labtool.core.config.secrets import Secret
from labtool.core.config.types import mistake
from labtool.tasks.backup.destinations._base import RemoteOptions, Stored

if TYPE_CHECKING:
    from labtool.services.s3 import Bucket


class Options(RemoteOptions):
    """A bucket."""

    kind: Literal["s3"]
    bucket: str = Field(min_length=3, max_length=255)
    prefix: str = Field(default="", pattern=r"^([^/].*/)?$", description="Such as site/")
    endpoint: str = Field(default="", pattern=r"^(https?://.+)?$", description="Default: Amazon's")
    region: str = ""
    key_id: Secret | None = None
    secret: Secret | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> "Options":
        if (self.key_id is None) != (self.secret is None):
            raise mistake("needs key_id: and secret: together", "write both, or neither")
        return self

    def open(self, config: Config) -> "InBucket":
        """As every kind's."""
        from labtool.services.s3 import Bucket

        keys = (self.key_id.reveal(), self.secret.reveal()) if self.key_id and self.secret else None
        # An endpoint of its own asks for no region, but the signature has one.
        region = self.region or ("us-east-1" if self.endpoint else "")
        return InBucket(
            Bucket(
                self.bucket,
                self.prefix,
                endpoint=self.endpoint,
                region=region,
                keys=keys,
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
