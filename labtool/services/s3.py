"""Files in a bucket of S3, or of anything that speaks like it (docs.aws.amazon.com/AmazonS3).

A file comes in parts (multipart upload): 8 MB each for the first 8 GB, then larger ones, as a file
has at most 10 000. Each is sent with its MD5, which every such server checks.
"""

import base64
import hashlib
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import Any

from labtool.core.errors import Failed, LabtoolError, Temporary
from labtool.services.aws.refusals import explained
from labtool.services.coming import Coming
from labtool.services.gathered import gathered
from labtool.services.ranges import in_ranges
from labtool.services.retry import patiently

_MB = 1024 * 1024
_PAGE = 1000
_MD5 = re.compile("[0-9a-f]{32}")
_GONE = ("NoSuchKey", "404", "NoSuchUpload")
_FULL = ("QuotaExceeded", "XMinioStorageFull", "XMinioStorageQuotaExceeded", "TooManyBuckets")


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that is there: its bytes, the `tag` of its content, and when it was written (Unix
    seconds). `sealed`: it is known to be encrypted so that its tag is no MD5."""

    name: str
    size: int
    tag: str
    changed: float
    sealed: bool = False

    @property
    def md5(self) -> str:
        """Its MD5, where the tag looks like one: it did not come in parts."""
        text = self.tag.strip('"')
        return "" if self.sealed or not _MD5.fullmatch(text) else text


class Bucket:
    """What is below a prefix of a bucket. `patience` is for how many seconds a part that
    breaks is tried again; `timeouts` (seconds) are those of a connection and of an answer.
    Every method raises AccessDenied, Failed and Temporary."""

    def __init__(
        self,
        name: str,
        prefix: str,
        *,
        endpoint: str = "",
        region: str = "",
        keys: tuple[str, str] | None = None,
        patience: float = 60.0,
        page: int = _PAGE,
        timeouts: tuple[float, float] = (20, 120),
    ) -> None:
        self._name, self._prefix = name, prefix
        self._endpoint, self._region, self._keys = endpoint, region, keys
        self._patience, self._timeouts = patience, timeouts
        self._pages = {"PageSize": page}

    def files(self) -> Iterator[tuple[str, int]]:
        """The files directly below the prefix, and their bytes."""
        with self._explained("s3:ListBucket"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._name,
                Prefix=self._prefix,
                Delimiter="/",
                PaginationConfig=self._pages,
            )
            for page in pages:
                for one in page.get("Contents") or ():
                    yield str(one["Key"])[len(self._prefix) :], int(one["Size"])

    def below(self, folder: str) -> Iterator[Stored]:
        """All files whose names begin so, at any depth."""
        with self._explained("s3:ListBucket"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._name, Prefix=self._key(folder), PaginationConfig=self._pages
            )
            for page in pages:
                for one in page.get("Contents") or ():
                    name = str(one["Key"])[len(self._prefix) :]
                    changed = one["LastModified"].timestamp()
                    yield Stored(name, int(one["Size"]), str(one["ETag"]), changed)

    def about(self, name: str) -> Stored:
        """What is known of a file."""

        def ask() -> Stored:
            reply = self._client.head_object(Bucket=self._name, Key=self._key(name))
            sealed = str(reply.get("ServerSideEncryption") or "AES256") != "AES256"
            changed = reply["LastModified"].timestamp()
            tag, size = str(reply["ETag"]), int(reply["ContentLength"])
            return Stored(name, size, tag, changed, sealed or "SSECustomerAlgorithm" in reply)

        found: Stored = self._try("s3:GetObject", ask)
        return found

    def coming(self, stored: Stored, start: int = 0) -> Coming:
        """A file's content from `start` on, as long as it is that one. Its chunks raise Temporary
        where it is another meanwhile."""

        def chunks() -> Iterator[bytes]:
            try:
                yield from self._ranges(stored.name, stored.tag, start, stored.size)
            except Failed as error:
                if error.code != "aws_preconditionfailed":
                    raise
                what, where = "has changed while it was read", f"S3 {stored.name}"
                raise Temporary(what, where=where, code="changed") from error

        return Coming(start, stored.tag, stored.size, chunks())

    def read(self, name: str) -> Iterator[bytes]:
        """A file's content."""
        tag, size = self._head(name)
        yield from self._ranges(name, tag, 0, size)

    def _ranges(self, name: str, tag: str, first: int, size: int) -> Iterator[bytes]:

        def fetch(start: int, end: int) -> bytes:
            with self._explained("s3:GetObject"):
                reply = self._client.get_object(
                    Bucket=self._name,
                    Key=self._key(name),
                    Range=f"bytes={first + start}-{first + end - 1}",
                    IfMatch=tag,
                )
                data: bytes = reply["Body"].read()
                return data

        yield from in_ranges(fetch, size - first, self._patience, f"S3 {name}")

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Put a file there once `chunks` has ended."""
        parts = gathered(chunks, _sizes())
        first, last = next(parts)
        if last:
            self._put("put_object", "s3:PutObject", first, Key=self._key(name))
            return
        key = {"Key": self._key(name)}
        ident = self._try(
            "s3:PutObject",
            lambda: str(self._client.create_multipart_upload(Bucket=self._name, **key)["UploadId"]),
        )
        upload = {**key, "UploadId": ident}
        try:
            done = []
            for number, (part, _) in enumerate(itertools.chain([(first, False)], parts), 1):
                tag = self._put("upload_part", "s3:PutObject", part, PartNumber=number, **upload)
                done.append({"PartNumber": number, "ETag": tag})
            self._complete(name, upload, done)
        finally:
            # This one where it failed, and any whose answer was lost when it was begun.
            with suppress(LabtoolError):
                self.abandon(name.__eq__)

    def remove(self, name: str) -> None:
        """Take a file away; one that is not there is no error."""
        self._try(
            "s3:DeleteObject",
            lambda: self._client.delete_object(Bucket=self._name, Key=self._key(name)),
        )

    def abandon(self, mine: Callable[[str], bool]) -> int:
        """Give up uploads of names that are `mine` and were never finished; how many."""
        with self._explained("s3:ListBucketMultipartUploads"):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self._name, Prefix=self._prefix, PaginationConfig=self._pages
            )
            left = [
                {"Key": str(one["Key"]), "UploadId": str(one["UploadId"])}
                for page in pages
                for one in page.get("Uploads") or ()
                if mine(str(one["Key"])[len(self._prefix) :])
            ]
        for upload in left:
            self._try(
                "s3:AbortMultipartUpload",
                lambda u=upload: self._client.abort_multipart_upload(Bucket=self._name, **u),  # type: ignore[misc]  # mypy sees no type in the default
            )
        return len(left)

    def _complete(self, name: str, upload: dict[str, str], done: list[dict[str, Any]]) -> None:
        def complete() -> None:
            with self._explained("s3:PutObject"):
                reply = self._client.complete_multipart_upload(
                    Bucket=self._name, MultipartUpload={"Parts": done}, **upload
                )
                # What is no answer of S3's has none.
                reply["ETag"]

        try:
            patiently(complete, self._patience)
        except Failed as error:
            # The answer to the first may have been lost.
            if error.code != "not_there" or not self._is_whole(name, done):
                raise

    def _is_whole(self, name: str, done: list[dict[str, Any]]) -> bool:
        """Whether the file that is there is the one of these parts."""
        digests = b"".join(bytes.fromhex(str(one["ETag"]).strip('"')) for one in done)
        tag = f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(done)}"
        return self._head(name)[0].strip('"') == tag

    def _head(self, name: str) -> tuple[str, int]:
        """A file's tag, and its bytes."""
        found = self.about(name)
        return found.tag, found.size

    def _put(self, method: str, action: str, data: bytes, **where: Any) -> str:
        """Send bytes; the tag that they have there."""
        digest = hashlib.md5(data, usedforsecurity=False).digest()
        send = getattr(self._client, method)
        checked = {"ContentMD5": base64.b64encode(digest).decode(), **where}
        tag: str = self._try(
            action, lambda: str(send(Bucket=self._name, Body=data, **checked)["ETag"])
        )
        return tag

    def _try(self, action: str, call: Callable[[], Any]) -> Any:
        def once() -> Any:
            with self._explained(action):
                return call()

        return patiently(once, self._patience)

    def _key(self, name: str) -> str:
        return f"{self._prefix}{name}"

    def _explained(self, action: str) -> "_Explained":
        return _Explained(action, self._name)

    @cached_property
    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        key, secret = self._keys or (None, None)
        session = boto3.session.Session(
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            region_name=self._region or None,
        )
        settings = Config(
            connect_timeout=self._timeouts[0],
            read_timeout=self._timeouts[1],
            retries={"mode": "standard", "total_max_attempts": 1},
            # Newer checksums are unknown to many servers; MD5 is sent with each part.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "path"} if self._endpoint else None,
        )
        with self._explained("s3:ListBucket"):
            return session.client("s3", endpoint_url=self._endpoint or None, config=settings)


class _Explained:
    """What goes wrong in a call, as our errors; as it stands around a `yield`, no generator."""

    def __init__(self, action: str, bucket: str) -> None:
        self._inner = explained(action)
        self._bucket = bucket

    def __enter__(self) -> None:
        self._inner.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        from botocore.exceptions import ClientError

        code = ""
        if isinstance(error, ClientError):
            code = str((error.response.get("Error") or {}).get("Code") or "")
        where = f"S3 bucket {self._bucket}"
        if code == "NoSuchBucket":
            fix = "make it, or correct bucket:"
            raise Failed("there is no such bucket", where=where, fix=fix, code="no_bucket")
        if code in _GONE:
            raise Failed("there is no such file", where=where, code="not_there") from error
        if code in _FULL:
            raise Failed("is full", where=where, fix="prune, or get more space", code="full")
        if not isinstance(error, GeneratorExit):
            self._inner.__exit__(kind, error, trace)


def _sizes() -> Iterator[int]:
    for size in (8, 16, 32):
        yield from itertools.repeat(size * _MB, 1000)
    yield from itertools.repeat(64 * _MB)
