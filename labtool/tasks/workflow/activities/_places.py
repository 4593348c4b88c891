"""Where activities read and write: paths, keys of S3, and addresses."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from labtool.core.config.aws import AwsAccess
from labtool.core.errors import Failed
from labtool.tasks.workflow.values import fill, names, text_of

if TYPE_CHECKING:
    from labtool.services.s3 import Bucket

S3 = "s3://"


class S3Options(AwsAccess):
    """How a bucket is reached."""

    def bucket(self, place: str) -> "tuple[Bucket, str]":
        """The bucket of s3://BUCKET/KEY, and the key."""
        from labtool.services.s3 import Bucket

        name, _, key = place.removeprefix(S3).partition("/")
        found = Bucket(name, "", endpoint=self.endpoint, region=self.signed_for, keys=self.keys)
        return found, key


def placed(template: str, values: Mapping[str, Any], base: Path, option: str) -> str:
    """A place with its names filled in: a path, absolute by `base`, or s3://BUCKET/KEY. What is
    filled in leads nowhere but below what stands before it. Raises Failed."""
    found = fill(template, values)
    given = [text_of(values[name]) for name in names(template)]
    if any("\0" in one for one in given):
        raise Failed("has a zero byte in it", where=option, code="path")
    head, brace, _ = template.partition("{")
    if found.startswith(S3):
        if brace and "/" not in head.removeprefix(S3):
            raise Failed("names its bucket by a parameter", where=option, fix="write its name")
        return found
    path = base / Path(found).expanduser() if not brace else base / found
    if not brace or not head.rpartition("/")[0]:
        return f"{path}{'/' * found.endswith('/')}"  # nothing stands before what somebody says
    top = os.path.realpath(base / head.rpartition("/")[0])
    real = os.path.realpath(path)
    if os.path.commonpath([top, real]) != top:
        what = f"{found!r} leads out of {top}"
        raise Failed(what, where=option, fix="look at what it was given", code="path")
    return f"{path}{'/' * found.endswith('/')}"


def addressed(template: str, values: Mapping[str, Any], option: str) -> str:
    """An address with its names filled in, encoded. They lead nowhere else on its server. Raises
    Failed."""
    url = fill(template, values, lambda text: quote(text, safe=""))
    if {".", ".."} & set(unquote(urlsplit(url).path).split("/")):
        fix = "look at what it was given"
        raise Failed("has . or .. in its path", where=option, fix=fix, code="path")
    return url
