"""A file of S3, or all that is below a prefix there, to a place here. What is there already is left
as it is, so that what was interrupted goes on.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from labtool.core.errors import Failed, Temporary
from labtool.core.files import unusable
from labtool.core.text import one_line
from labtool.tasks.workflow.activities import _transfer as transfer
from labtool.tasks.workflow.activities._base import Context
from labtool.tasks.workflow.activities._part import Part, alone

if TYPE_CHECKING:
    from labtool.services.s3 import Bucket, Stored

_PART, _PATH = 255, 4095
# More than S3 has of one file.
_LARGEST = 2**60


def bring(bucket: "Bucket", key: str, target: Path, context: Context, *, remove: bool) -> None:
    """A file; or what is below a key that is empty or ends in /. With `remove`, it goes there once
    what is here was held against it. Raises Failed, Temporary, StateError, Ended."""
    with alone(context):
        try:
            found = _found(bucket, key, target)
        except Failed as error:
            if remove and error.code == "not_there" and (target.exists() or target.is_symlink()):
                return  # it was moved before a crash
            raise
        for stored, path in found:
            _one(bucket, stored, path, context)
        if remove:
            for stored, path in found:
                _verify(bucket, stored, path, context)
            for stored, _ in found:
                context.check()
                context.beat()
                bucket.remove(stored.name)


def place(bucket_name: str, key: str, to: str) -> Path:
    """What a key becomes: `to`, or what has its name in there."""
    name = key.rstrip("/").rpartition("/")[2] or bucket_name
    into = to.endswith("/") or (Path(to).is_dir() and not _is_folder(key))
    if into and (name in (".", "..") or "\0" in name):
        raise _odd(key)
    return Path(to) / name if into else Path(to)


def _is_folder(key: str) -> bool:
    return not key or key.endswith("/")


def _found(bucket: "Bucket", key: str, target: Path) -> list[tuple["Stored", Path]]:
    return _listed(bucket, key, target) if _is_folder(key) else [(bucket.about(key), target)]


def _listed(bucket: "Bucket", key: str, target: Path) -> list[tuple["Stored", Path]]:
    """Everything below, each with its place: no name leads elsewhere, and none is a file and a
    folder."""
    found = [(one, _below(target, one, key)) for one in bucket.below(key)]
    if not found:
        fix = "look at what was to make it"
        raise Failed("there is nothing below it", where=f"S3 {key}", fix=fix, code="not_there")
    files = {path for one, path in found if not one.name.endswith("/")}
    for one, path in found:
        if (path in files and one.name.endswith("/")) or not files.isdisjoint(_above(path, target)):
            raise Failed("is below what is a file", where=f"S3 {one_line(one.name)}", code="path")
    return found


def _above(path: Path, top: Path) -> Iterator[Path]:
    while path != top:
        path = path.parent
        yield path


def _below(target: Path, one: "Stored", key: str) -> Path:
    rest = one.name.removeprefix(key)
    if not rest:
        return target  # what stands for the folder itself
    steps = rest.removesuffix("/").split("/")
    sizes = [len(os.fsencode(step)) for step in steps]
    path = target.joinpath(*steps) if "" not in steps else target
    long = max(sizes) > _PART or len(os.fsencode(path)) > _PATH
    if {"", ".", ".."} & set(steps) or "\0" in rest or long or (rest.endswith("/") and one.size):
        raise _odd(one.name)
    return path


def _odd(key: str) -> Failed:
    fix = "give it another name there"
    return Failed("no file here can have this name", where=f"S3 {one_line(key)!r}", fix=fix)


def _one(bucket: "Bucket", stored: "Stored", path: Path, context: Context) -> None:
    context.check()
    context.beat()
    try:
        if stored.name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            return
        if _is_same(stored, path, context):
            return
        part = Part(path, context)
        if not (part.whole and part.version == stored.tag):
            part.receive(
                lambda start, version: nullcontext(
                    bucket.coming(stored, start if version == stored.tag else 0)
                ),
                _LARGEST,
                context,
            )
        os.utime(part.path, (stored.changed, stored.changed))
        part.put()
    except OSError as error:
        raise unusable(path, error, "name another place") from error


def _is_same(stored: "Stored", path: Path, context: Context) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size != stored.size:
        return False
    if stored.md5:
        return _md5(path, context) == stored.md5
    return int(path.stat().st_mtime) == int(stored.changed)


def _verify(bucket: "Bucket", stored: "Stored", path: Path, context: Context) -> None:
    """Raises Failed where what is here is not equal to what is there, Temporary where that is not
    what was copied any more."""
    context.check()
    context.beat()
    if stored.name.endswith("/"):
        return
    try:
        now = bucket.about(stored.name)
    except Failed as error:
        if error.code == "not_there":
            return
        raise
    where = f"S3 {one_line(stored.name)}"
    if now.tag != stored.tag:
        raise Temporary("has changed while it was copied", where=where, code="changed")
    here = transfer.chunks(path, context)
    equal = _md5(path, context) == now.md5 if now.md5 else _equal(bucket.coming(now).chunks, here)
    if not equal:
        raise Failed("is another than its copy", where=where, fix="was it changed?")


def _md5(path: Path, context: Context) -> str:
    found = hashlib.md5(usedforsecurity=False)
    for data in transfer.chunks(path, context):
        found.update(data)
    return found.hexdigest()


def _equal(one: Iterable[bytes], other: Iterable[bytes]) -> bool:
    """Whether two streams have the same bytes, however they come in pieces."""
    sums = []
    for chunks in (one, other):
        found = hashlib.sha256()
        for data in chunks:
            found.update(data)
        sums.append(found.digest())
    return sums[0] == sums[1]
