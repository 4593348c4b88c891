"""Making a backup of one set: sources -> tar -> packed -> sealed -> every destination at once,
then what is in it, and last of all its manifest.
"""

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import IO

import labtool
from labtool.core.config import Config
from labtool.core.errors import Failed, LabtoolError, Temporary
from labtool.core.text import counted
from labtool.tasks.backup import manifest as m
from labtool.tasks.backup.archive import Archive
from labtool.tasks.backup.destinations._base import Destination
from labtool.tasks.backup.fan import Fan, Write
from labtool.tasks.backup.manifest import Manifest, Part
from labtool.tasks.backup.section import Backup, Set
from labtool.tasks.backup.sources.gather import gather
from labtool.tasks.backup.stream import ENDINGS, Seal, Stream, packer
from labtool.tasks.backup.unpack import checked

_CHUNK = 1024 * 1024
# The list of files is kept in memory up to this, then in a file that nobody else sees.
_SPOOL = 8 * 1024 * 1024
_MOST_PROBLEMS, _LONGEST_PROBLEM = 1000, 1000

Progress = Callable[[int, int], object]


@dataclass(slots=True)
class Made:
    """A backup, where it is, and what became of the destinations that do not have it."""

    manifest: Manifest
    at: list[str] = field(default_factory=list)
    errors: dict[str, Exception] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Making:
    """What a backup is made with. `scratch` is a folder for what must be copied, `listing`
    where the list of its files is left for this machine, `taken` are ids that are in use,
    `progress` hears how many files and bytes are in."""

    name: str
    options: Set
    config: Config
    destinations: Mapping[str, Destination]
    last: Manifest | None
    taken: Collection[str]
    clock: Callable[[], datetime]
    scratch: Path
    listing: Callable[[str, IO[bytes]], None]
    progress: Progress


def make(making: Making) -> Made:
    """Save a set. Raises Failed where there is less to save than there should be, and what
    the last destination raised where none took it."""
    created = making.clock()
    host = making.config.section("backup", Backup).machine
    while m.new_id(making.name, created, host) in making.taken:
        created += timedelta(seconds=1)
    ident = m.new_id(making.name, created, host)
    sources = gather(making.options, making.config, making.scratch)
    seal = _seal(making.options)
    ending = ".age" if seal else ""
    called = f"{ident}.tar{ENDINGS[making.options.compress]}{ending}"
    writers: dict[str, Write] = {
        to: partial(destination.write, called) for to, destination in making.destinations.items()
    }
    with tempfile.SpooledTemporaryFile(_SPOOL, dir=str(making.scratch)) as spool:
        listing = Stream(packer("zstd", 3), spool.write)
        fan = Fan(writers)
        stream = Stream(packer(making.options.compress, making.options.level), fan.put, seal)
        try:
            archive = Archive(stream.write, listing.write, making.progress)
            for source in sources:
                source.add(archive)
            archive.close()
            _check(making, archive)
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
        made = Made(_manifest(making, ident, created, archive, part, files))
        made.errors |= fan.errors
        made.at += fan.alive
        making.listing(ident, spool)
        with _sealed(spool, seal, making.scratch) as (shown, sealed):
            if sealed is not None:
                made.manifest = m.with_files(made.manifest, sealed)
            _finish(making, made, shown)
    if not made.at:
        raise next(reversed(made.errors.values()))
    return made


def _finish(making: Making, made: Made, listing: IO[bytes]) -> None:
    """Put the rest beside the archive; and all of it where it did not arrive at first, from
    where it did."""
    manifest = made.manifest
    whole, made.at = made.at, []
    for to in whole:
        _beside(making, made, to, listing)
    late = [to for to, error in made.errors.items() if isinstance(error, Temporary)]
    for to in late:
        source = next((making.destinations[one] for one in made.at), None)
        if source is None:
            return
        archive = checked(source.read(manifest.archive.name), manifest.archive)
        try:
            making.destinations[to].write(manifest.archive.name, archive)
        except Exception as error:  # noqa: BLE001  (told by who asked, with its destination)
            made.errors[to] = error
        else:
            del made.errors[to]
            _beside(making, made, to, listing)


def _beside(making: Making, made: Made, to: str, listing: IO[bytes]) -> None:
    """The list of files, and the manifest."""
    try:
        made_there = making.destinations[to]
        made_there.write(made.manifest.files.name, _chunks(listing))
        made_there.write(f"{made.manifest.id}.json", [m.dump(made.manifest)])
    except Exception as error:  # noqa: BLE001  (told by who asked, with its destination)
        made.errors[to] = error
        if not isinstance(error, Temporary):
            # Without a manifest it is none, and only takes space.
            for part in (made.manifest.files.name, made.manifest.archive.name):
                with suppress(LabtoolError):
                    making.destinations[to].remove(part)
    else:
        made.at.append(to)


def _manifest(
    making: Making, ident: str, created: datetime, archive: Archive, part: Part, files: Part
) -> Manifest:
    return Manifest(
        id=ident,
        set=making.name,
        created=created,
        finished=making.clock(),
        host=making.config.section("backup", Backup).machine,
        labtool=labtool.__version__,
        archive=part,
        files=files,
        count=archive.count,
        bytes=archive.bytes,
        compression=making.options.compress,
        encrypted=making.options.encrypt,
        dumps=tuple(archive.dumps),
        problems=shortened(archive.problems),
        notes=shortened(archive.notes),
    )


def _seal(options: Set) -> Seal | None:
    if not options.encrypt:
        return None
    from labtool.services.age import Sealing, recipients

    return partial(Sealing, recipients(options.encrypt))


class _sealed:  # noqa: N801  (used as a function)
    """A file as destinations get it, and what it is then; itself where nothing is sealed."""

    def __init__(self, plain: IO[bytes], seal: Seal | None, scratch: Path) -> None:
        self._plain, self._seal = plain, seal
        self._file: IO[bytes] | None = None
        self._scratch = scratch

    def __enter__(self) -> tuple[IO[bytes], Part | None]:
        if self._seal is None:
            return self._plain, None
        self._file = tempfile.SpooledTemporaryFile(_SPOOL, dir=str(self._scratch))
        stream = Stream(packer("none", 0), self._file.write, self._seal)
        for chunk in _chunks(self._plain):
            stream.write(chunk)
        return self._file, stream.close("")

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()


def _check(making: Making, archive: Archive) -> None:
    """Raise Failed where so little is there that something is wrong with it."""
    too_little(making.name, making.options, making.last, archive.files, archive.bytes)


def too_little(name: str, options: Set, last: Manifest | None, count: int, size: int) -> None:
    """Raise Failed where so few files or bytes are there that something is wrong with them."""
    where = f"set {name}"
    if count < options.min_files:
        what = f"has {counted(count, 'file')}, fewer than min_files ({options.min_files})"
        fix = "look whether its disk is mounted"
        raise Failed(what, where=where, fix=fix, code="too_little")
    if size < options.min_bytes:
        what = f"has {counted(size, 'byte')}, fewer than min_bytes ({options.min_bytes})"
        raise Failed(what, where=where, fix="look whether files are missing", code="too_little")
    if options.shrink is not None and last is not None:
        least = last.bytes * (100 - options.shrink) // 100
        if size < least:
            what = f"has {counted(size, 'byte')}, the last backup had {last.bytes}"
            fix = f"look whether files are missing; it may shrink by {options.shrink} %"
            raise Failed(what, where=where, fix=fix, code="shrunk")


def shortened(problems: list[str]) -> tuple[str, ...]:
    """Problems as a manifest has them: bounded, and as text."""
    more = len(problems) - _MOST_PROBLEMS
    shown = problems[:_MOST_PROBLEMS]
    text = [one.encode("utf-8", "backslashreplace").decode() for one in shown]
    text = [f"{one[:_LONGEST_PROBLEM]}…" if len(one) > _LONGEST_PROBLEM else one for one in text]
    return (*text, f"and {more} more") if more > 0 else tuple(text)


def _chunks(spool: IO[bytes]) -> Iterator[bytes]:
    spool.seek(0)
    while chunk := spool.read(_CHUNK):
        yield chunk
