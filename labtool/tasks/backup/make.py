"""Making a backup of one set: files -> tar -> packed -> every destination at once, then what
is in it, and last of all its manifest.
"""

import socket
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

import labtool
from labtool.core.config import Config
from labtool.core.errors import Failed
from labtool.tasks.backup import manifest as m
from labtool.tasks.backup.archive import Archive
from labtool.tasks.backup.destinations._base import Destination
from labtool.tasks.backup.manifest import FileRecord, Manifest
from labtool.tasks.backup.section import Set
from labtool.tasks.backup.stream import ENDINGS, Fan, Stream, Write, packer
from labtool.tasks.backup.walk import Walk

_CHUNK = 1024 * 1024
# The list of files is kept in memory up to this, then in a file that nobody else sees.
_SPOOL = 16 * 1024 * 1024
_MOST_PROBLEMS = 1000


@dataclass(slots=True)
class Made:
    """A backup, where it is, and what became of the destinations that do not have it."""

    manifest: Manifest
    at: list[str] = field(default_factory=list)
    errors: dict[str, Exception] = field(default_factory=dict)


def make(
    name: str,
    options: Set,
    config: Config,
    destinations: Mapping[str, Destination],
    last: Manifest | None,
    taken: Collection[str],
    clock: Callable[[], datetime],
) -> Made:
    """Save a set. `last` is its newest good backup, `taken` are ids that are in use. Raises
    Failed where there is less to save than there should be, and what the last destination
    raised where none took it."""
    created = clock()
    while m.new_id(name, created) in taken:
        created += timedelta(seconds=1)
    ident = m.new_id(name, created)
    called = f"{ident}.tar{ENDINGS[options.compress]}"
    paths = _sources(options, config)
    writers: dict[str, Write] = {
        to: lambda chunks, d=destination: d.write(called, chunks)  # type: ignore[misc]  # mypy sees no type in the default
        for to, destination in destinations.items()
    }
    with tempfile.SpooledTemporaryFile(_SPOOL) as spool:
        listing = Stream(packer("zstd", 3), lambda data: spool.write(data))
        fan = Fan(writers)
        stream = Stream(packer(options.compress, options.level), fan.put)
        try:
            archive = Archive(stream.write, lambda record: _note(listing, record))
            walk = Walk(paths, options.exclude)
            archive.add_all(walk)
            archive.close()
            _check(name, options, archive, last)
            part = stream.close(called)
        except BaseException:
            stream.stop()
            listing.stop()
            fan.give_up()
            raise
        fan.close()
        if not fan.alive:
            raise next(reversed(fan.errors.values()))
        files = listing.close(f"{ident}.files.zst")
        problems = [*walk.problems, *archive.problems]
        manifest = Manifest(
            id=ident,
            set=name,
            created=created,
            finished=clock(),
            host=socket.gethostname(),
            labtool=labtool.__version__,
            archive=part,
            files=files,
            count=archive.count,
            bytes=archive.bytes,
            compression=options.compress,
            problems=_shortened(problems),
        )
        made = Made(manifest, errors=dict(fan.errors))
        for to in fan.alive:
            try:
                destinations[to].write(files.name, _chunks(spool))
                destinations[to].write(f"{ident}.json", [m.dump(manifest)])
            except Exception as error:  # noqa: BLE001  (told by who asked, with its destination)
                made.errors[to] = error
            else:
                made.at.append(to)
    if not made.at:
        raise next(reversed(made.errors.values()))
    return made


def _sources(options: Set, config: Config) -> list[Path]:
    """The set's paths. Raises Failed where one is not there: what is not mounted is not empty."""
    paths = [config.resolve(path) for path in options.paths]
    for path in paths:
        if not path.exists():
            fix = "mount it, or correct paths:"
            raise Failed("is not there", where=str(path), fix=fix, code="no_source")
    return paths


def _note(listing: Stream, record: FileRecord) -> None:
    for line in m.lines([record]):
        listing.write(line)


def _check(name: str, options: Set, archive: Archive, last: Manifest | None) -> None:
    """Raise Failed where so little is there that something is wrong with it."""
    where = f"set {name}"
    if archive.count < options.min_files:
        what = f"has {archive.count} files, fewer than min_files ({options.min_files})"
        fix = "look whether its disk is mounted"
        raise Failed(what, where=where, fix=fix, code="too_little")
    if archive.bytes < options.min_bytes:
        what = f"has {archive.bytes} bytes, fewer than min_bytes ({options.min_bytes})"
        raise Failed(what, where=where, fix="look whether files are missing", code="too_little")
    if options.shrink is not None and last is not None:
        least = last.bytes * (100 - options.shrink) // 100
        if archive.bytes < least:
            what = f"has {archive.bytes} bytes, the last backup had {last.bytes}"
            fix = f"look whether files are missing; it may shrink by {options.shrink} %"
            raise Failed(what, where=where, fix=fix, code="shrunk")


def _shortened(problems: list[str]) -> tuple[str, ...]:
    more = len(problems) - _MOST_PROBLEMS
    shown = problems[:_MOST_PROBLEMS]
    text = [one.encode("utf-8", "backslashreplace").decode() for one in shown]
    return (*text, f"and {more} more") if more > 0 else tuple(text)


def _chunks(spool: IO[bytes]) -> Iterator[bytes]:
    spool.seek(0)
    while chunk := spool.read(_CHUNK):
        yield chunk
