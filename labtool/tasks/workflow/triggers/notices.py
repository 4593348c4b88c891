"""What a message from a bucket says. Pure.

Formats: docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html, the
same within a message of SNS, and the events of EventBridge (.../userguide/ev-events.html).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from labtool.core.text import one_line

_EXCERPT = 120
# Bytes of a name in a bucket.
_LONGEST = 1024
_BUCKET = re.compile(r"[A-Za-z0-9._-]{1,255}")


@dataclass(frozen=True, slots=True)
class Notice:
    """A file was made."""

    bucket: str
    name: str


class NoNotice(ValueError):
    """A message that is no event of a bucket; what it says."""


def read(body: str) -> list[Notice]:
    """The files that a message says were made; none where it tells of something else that happens
    to buckets. Raises NoNotice."""
    try:
        found = json.loads(body)
        if isinstance(found, dict) and found.get("Type") == "Notification":
            found = json.loads(found["Message"])
        return _notices(found)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NoNotice(one_line(body[:_EXCERPT], _EXCERPT)) from None


def _notices(found: Any) -> list[Notice]:
    if not isinstance(found, dict):
        raise TypeError
    if found.get("Event") == "s3:TestEvent":
        return []
    if found.get("source") == "aws.s3":
        detail = found["detail"]
        made = found["detail-type"] == "Object Created"
        return [_notice(detail, detail["object"]["key"])] if made else []
    return [
        _notice(one["s3"], unquote_plus(one["s3"]["object"]["key"], errors="strict"))
        for one in found["Records"]
        if _is_s3(one) and one["eventName"].removeprefix("s3:").startswith("ObjectCreated:")
    ]


def _is_s3(record: Mapping[str, Any]) -> bool:
    # Others that speak like S3 name themselves (minio:s3, ceph:s3).
    if not str(record["eventSource"]).endswith(":s3"):
        raise ValueError
    return True


def _notice(about: Mapping[str, Any], key: Any) -> Notice:
    bucket = about["bucket"]["name"]
    if not (isinstance(bucket, str) and isinstance(key, str) and _BUCKET.fullmatch(bucket)):
        raise ValueError
    if not key or "\0" in key or len(key.encode()) > _LONGEST:
        raise ValueError
    return Notice(bucket, key)
