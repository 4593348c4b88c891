"""A file that comes from elsewhere in pieces: it grows beside its place, under a name of its run
and step, and is put there when it is whole. What was killed in the middle goes on where it was.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from labtool.core.errors import AlreadyRunning, Failed, LabtoolError, StateError, Temporary
from labtool.core.files import unusable, write_atomic
from labtool.core.lock import hold
from labtool.core.threads import interruptible
from labtool.tasks.workflow.activities._base import Context, Ended

if TYPE_CHECKING:
    from labtool.services.coming import Coming

T = TypeVar("T")
# How often an attempt goes on with what broke off.
_CUTS = 5
_BOOT = Path("/proc/sys/kernel/random/boot_id")

# Asks for a file from so many bytes on, if it is of this version still.
Ask = Callable[[int, str], "AbstractContextManager[Coming]"]


@contextmanager
def alone(context: Context) -> Iterator[None]:
    """Only one process works at a step's parts: an attempt that was taken for dead may live on.
    Raises Temporary."""
    try:
        with hold(context.logs.parent, context.step, what=context.step):
            yield
    except AlreadyRunning as error:
        what = "an earlier attempt still works at it"
        raise Temporary(what, where=context.step, code="busy") from error


def mark(context: Context, what: str) -> str:
    """A name that belongs to one run, step and thing."""
    text = f"{context.run}\0{context.step}\0{what}"
    return f".labtool-{hashlib.sha256(os.fsencode(text)).hexdigest()[:20]}"


class Part:
    """The growing file of a `target`, in `folder`. `size` are the bytes that it has, which are of
    `version`; `resumed` says whether some are of an earlier request. Every method raises
    StateError."""

    def __init__(self, target: Path, context: Context, folder: Path | None = None) -> None:
        name = mark(context, str(target))
        self.target = target
        self.path = (folder or target.parent) / f"{name}.part"
        self._note = self.path.with_suffix(".note")
        self.resumed = False
        self.size, self.version, self.total = self._found()

    @property
    def whole(self) -> bool:
        """Whether all of it is there already."""
        return self.total is not None and self.size == self.total

    def receive(self, ask: Ask, largest: int, context: Context) -> None:
        """Let it grow until it is whole. Raises Failed, Temporary, Ended."""
        for last in (*[False] * (_CUTS - 1), True):
            before = self.size
            try:
                self._grow(ask, largest, context)
            except Temporary:
                if last or not self.version or self.size == before:
                    raise
            else:
                return

    def put(self) -> None:
        """It is whole: in its place, in one step."""
        with _usable(self.target):
            with self.path.open("rb") as file:
                os.fsync(file.fileno())
            self.path.replace(self.target)
            _sync(self.target.parent)
        self.remove()

    def remove(self) -> None:
        """There will be no more of it."""
        with suppress(OSError):
            self._note.unlink(missing_ok=True)
            self.path.unlink(missing_ok=True)

    def _grow(self, ask: Ask, largest: int, context: Context) -> None:
        with _watched(ask(self.size, self.version), context) as coming:
            if max(coming.size or 0, coming.start) > largest:
                raise self._too_large(largest, coming.size)
            with self._open(coming) as file:
                for data in coming.chunks:
                    context.check()
                    context.beat()
                    if self.size + len(data) > largest:
                        raise self._too_large(largest, None)
                    with _usable(self.path):
                        _write(file, data)
                    self.size += len(data)
        if coming.size is not None and self.size != coming.size:
            what = "is not as long as it was said to be"
            raise Temporary(what, where=str(self.target), code="short")
        if self.version:
            self._write_note(self.size)

    @contextmanager
    def _open(self, coming: "Coming") -> Iterator[IO[bytes]]:
        with _usable(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not coming.start:
                self._note.unlink(missing_ok=True)
            file = self.path.open("r+b" if coming.start else "wb", buffering=0)
        with file:
            with _usable(self.path):
                file.truncate(coming.start)
                file.seek(coming.start)
            self.resumed = self.resumed or coming.start > 0
            self.size, self.version = coming.start, coming.version or self.version
            if not coming.start:
                self.version = coming.version
                if self.version:
                    self._write_note(coming.size)
            yield file

    def _write_note(self, total: int | None) -> None:
        self.total = total
        text = json.dumps({"version": self.version, "total": total, "boot": _boot()})
        write_atomic(self._note, text.encode())

    def _too_large(self, largest: int, size: int | None) -> Failed:
        has = f"has {size} bytes, " if size is not None else "has "
        what = f"{has}more than the {largest} of largest:"
        fix = "set it to more, if it is what it should be"
        return Failed(what, where=str(self.target), fix=fix, code="too_large")

    def _found(self) -> tuple[int, str, int | None]:
        """What an earlier attempt has left. After a crash of the machine, what was written last may
        never have come to the disk: it is begun anew then."""
        try:
            note: Any = json.loads(self._note.read_bytes())
            size = self.path.lstat().st_size
            if note["boot"] == _boot():
                return size, str(note["version"]), note["total"]
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return 0, "", None


@contextmanager
def _watched(come: "AbstractContextManager[Coming]", context: Context) -> "Iterator[Coming]":
    """What comes, as long as the attempt is to go on: a server that never ends keeps nobody."""
    given_up = False

    def close() -> None:
        with suppress(Exception):
            come.__exit__(None, None, None)

    def watched(work: Callable[[], T]) -> T:
        nonlocal given_up
        try:
            return interruptible(work, context.check, close)
        except Ended:
            given_up = True
            raise

    coming = watched(come.__enter__)

    def chunks() -> Iterator[bytes]:
        while (data := watched(lambda: next(coming.chunks, None))) is not None:
            yield data

    try:
        yield replace(coming, chunks=chunks())
    finally:
        if not given_up:
            close()


@contextmanager
def _usable(path: Path) -> Iterator[None]:
    try:
        yield
    except LabtoolError:
        raise
    except OSError as error:
        raise _explained(path, error) from error


def _explained(path: Path, error: OSError) -> StateError:
    return unusable(path, error, "name another place")


def _write(file: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _boot() -> str:
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""


def _sync(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
