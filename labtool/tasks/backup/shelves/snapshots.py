"""Snapshots in the repositories of restic: a repository for each set with `engine: restic`.

restic's own tags say what a snapshot is: `labtool`, `labtool-set=NAME`, how many files and bytes
it has, and `labtool-incomplete` until it is known that all is in it: one that was cut short, or
of which something could not be read, stays so.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import labtool
from labtool.core.config import Config
from labtool.core.errors import Failed, LabtoolError, UsageError
from labtool.core.files import make_folder, write_atomic
from labtool.services.restic import Restic, Saved, Snapshot
from labtool.tasks.backup.below import Below
from labtool.tasks.backup.catalogue import Catalogue
from labtool.tasks.backup.make import shortened, too_little
from labtool.tasks.backup.manifest import Dump, FileRecord, Manifest, Part, new_id
from labtool.tasks.backup.restore import Restored, ready
from labtool.tasks.backup.section import Backup, Set
from labtool.tasks.backup.shelves._base import Verified
from labtool.tasks.backup.shelves.patterns import for_restic, hidden
from labtool.tasks.backup.verify import differs, tell

_OURS, _INCOMPLETE = "labtool", "labtool-incomplete"
_FILES, _BYTES = "labtool-files=", "labtool-bytes="
# What restic's JSON has in place of each byte that is no text.
_NO_TEXT = "\ufffd"
_BYTE = re.compile("[\udc80-\udcff]")
_TYPES = {"dir": "directory"}
_DIFFERS = "its size differs, or it is not there"
# A path, type, size and link, as restic's JSON has them.
_Odd = tuple[str, str, int, str]


class Snapshots:
    """The snapshots of all sets that use restic."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._section = config.section("backup", Backup)
        sets = self._section.sets.items()
        self._sets = {name: one for name, one in sets if one.engine == "restic"}
        self._checked = set[str]()

    def save(self, name: str, last: Manifest | None) -> Manifest:
        """Save a set. Raises Failed where there is less than there should be."""
        options = self._sets[name]
        paths = [self._config.resolve(path) for path in options.paths]
        for path in paths:
            if not path.exists():
                fix = "mount it, or correct paths:"
                raise Failed("is not there", where=str(path), fix=fix, code="no_source")
        restic = self._restic(options)
        restic.unlock()
        # A link stands for what it leads to.
        tops = [path.resolve() for path in paths]
        if inner := hidden(options.exclude, [str(top) for top in tops]):
            what = "is in another path of the set, and restic has one exclude: for both"
            fix = "make a set of its own of it, or use engine: tar"
            raise Failed(what, where=inner, fix=fix, code="exclude")
        exclude = [p for one in options.exclude for top in tops for p in for_restic(one, str(top))]
        tags = (*_tags(name), _INCOMPLETE)
        saved = restic.save(tops, exclude, tags, self._section.machine)
        try:
            too_little(name, options, last, saved.files, saved.bytes)
        except Failed:
            with suppress(LabtoolError):  # it is not whole, and goes when old ones go
                restic.forget([saved.id])
            raise
        self._note(saved)
        size = (f"{_FILES}{saved.files}", f"{_BYTES}{saved.bytes}")
        try:
            restic.mark(saved.id, size, () if saved.problems else (_INCOMPLETE,))
            return self._new(name, restic, saved)
        except LabtoolError:
            if saved.problems:  # which is the reason that somebody has to know
                raise _unread(saved) from None
            raise

    def _new(self, name: str, restic: Restic, saved: Saved) -> Manifest:
        for snapshot in reversed(restic.snapshots(_tags(name))):
            if snapshot.original.startswith(saved.id):
                return self._manifest(name, snapshot)
        raise Failed("does not show the new snapshot", where=f"restic, set {name}", code="restic")

    def catalogue(self) -> Catalogue:
        """As every shelf's; a repository that cannot be asked is one of what is damaged."""
        found: list[Manifest] = []
        damaged: list[LabtoolError] = []
        for name in self._sets:
            try:
                found += self._of(name)
            except LabtoolError as error:
                damaged.append(error)
        found.sort(key=lambda one: (one.created, one.id), reverse=True)
        return Catalogue(tuple(found), frozenset(), {}, tuple(damaged))

    def records(self, manifest: Manifest) -> Iterator[FileRecord]:
        """As every shelf's; without hashes, which restic does not show."""
        for node in self._restic(self._sets[manifest.set]).nodes(manifest.archive.name):
            kind = _TYPES.get(node.type, node.type)
            yield FileRecord(
                node.path.lstrip("/"), kind, node.size, node.mode, node.mtime, link=node.link
            )

    def verify(self, manifest: Manifest) -> Verified:
        """As every shelf's: restic reads its whole repository, once in a run."""
        options = self._sets[manifest.set]
        if options.repository not in self._checked:
            self._restic(options).check()
            self._checked.add(options.repository)
        return Verified("read", manifest.count)

    def drill(self, manifest: Manifest, scratch: Path) -> Verified:
        """As every shelf's."""
        root = scratch / "restored"
        done = self.restore(manifest, root, (), force=False)
        problems, count = list(done.problems), 0
        odd = Counter[_Odd]()
        for record in self.records(manifest):
            path = root / record.path
            count += 1
            if _NO_TEXT in record.path or _NO_TEXT in record.link:
                odd[record.path, record.type, record.size, record.link] += 1
                continue
            with Below(root) as below:
                problem = "" if record.type == "file" else differs(below, record)
            if record.type == "file" and (not path.is_file() or path.stat().st_size != record.size):
                problem = _DIFFERS
            if problem:
                problems.append(f"{record.path}: {problem}")
        if odd:
            problems += [f"{path}: {_DIFFERS}" for path, *_ in odd - Counter(_odd(root))]
        tell(manifest, problems)
        return Verified("drill", count)

    def restore(
        self, manifest: Manifest, to: Path, paths: Sequence[str], *, force: bool
    ) -> Restored:
        """As every shelf's."""
        ready(to, force=force)
        wanted = [path.strip("/") for path in paths]
        inside = [
            record
            for record in self.records(manifest)
            if not wanted or any(f"{record.path}/".startswith(f"{_told(one)}/") for one in wanted)
        ]
        if not inside:
            return Restored()
        problems = self._restic(self._sets[manifest.set]).restore(manifest.archive.name, to, wanted)
        return Restored(len(inside), sum(record.size for record in inside), problems)

    def refill(self, manifest: Manifest, dump: Dump, database: str, *, force: bool) -> list[str]:
        """As every shelf's: there are no databases here."""
        raise UsageError(f"{manifest.id} has no database")

    def remove(self, manifests: Sequence[Manifest], leftovers: Sequence[str]) -> None:
        """As every shelf's."""
        for name, options in self._sets.items():
            going = [one.archive.name for one in manifests if one.set == name]
            self._restic(options).forget(going)

    def _of(self, name: str) -> list[Manifest]:
        found = self._restic(self._sets[name]).snapshots(_tags(name))
        return [self._manifest(name, snapshot) for snapshot in found]

    def _manifest(self, name: str, snapshot: Snapshot) -> Manifest:
        problems: tuple[str, ...] = ()
        if _INCOMPLETE in snapshot.tags:
            problems = self._noted(snapshot) or ("it was not finished, or not all was read",)
        return Manifest(
            id=new_id(name, snapshot.at, snapshot.host),
            set=name,
            created=snapshot.at,
            finished=snapshot.at,
            host=snapshot.host,
            labtool=labtool.__version__,
            archive=Part(snapshot.id, 0, ""),
            files=Part("", 0, ""),
            count=_number(snapshot, _FILES),
            bytes=_number(snapshot, _BYTES),
            compression="",
            engine="restic",
            problems=problems,
        )

    def _restic(self, options: Set) -> Restic:
        assert options.password is not None
        password = options.password
        environment = {name: secret.reveal() for name, secret in options.environment.items()}
        if password.file is not None:
            environment["RESTIC_PASSWORD_FILE"] = str(password.file)
        else:
            environment["RESTIC_PASSWORD"] = password.reveal()
        where = options.repository
        # A folder is relative to the config; anything else has a scheme.
        repository = where if ":" in where else str(self._config.resolve(where))
        return Restic(repository, environment, self._config.state / "backup" / "restic-cache")

    def _note(self, saved: Saved) -> None:
        """What restic does not tell again."""
        if saved.problems:
            noted = json.dumps(shortened(list(saved.problems)))
            path = make_folder(self._config.state / "backup" / "snapshots") / f"{saved.id[:8]}.json"
            write_atomic(path, noted.encode(), 0o600)

    def _noted(self, snapshot: Snapshot) -> tuple[str, ...]:
        path = self._config.state / "backup" / "snapshots" / f"{snapshot.original[:8]}.json"
        try:
            return tuple(map(str, json.loads(path.read_bytes())))
        except (OSError, ValueError, TypeError):
            return ()


def _unread(saved: Saved) -> Failed:
    first, *more = saved.problems
    also = f", and {len(more)} more" if more else ""
    fix = "the rest is saved; labtool backup list shows it as not good"
    return Failed(f"{first}{also}", where="not saved", fix=fix, code="unread")


def _told(name: str) -> str:
    """A name of the system's, as restic's JSON has it."""
    return _BYTE.sub(_NO_TEXT, name)


def _odd(root: Path) -> Iterator[_Odd]:
    """What is in a folder and has a name, or leads to one, that is no text."""
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            link = _told(os.readlink(path)) if path.is_symlink() else ""  # noqa: PTH115
            way = _told(str(path.relative_to(root)))
            if _NO_TEXT in way or _NO_TEXT in link:
                yield way, *_kind(path), link


def _kind(path: Path) -> tuple[str, int]:
    """A file's type and size, as restic's list has them."""
    if path.is_symlink():
        return "symlink", 0
    if path.is_dir():
        return "directory", 0
    if path.is_file():
        return "file", path.stat().st_size
    kind = "fifo" if path.is_fifo() else "socket" if path.is_socket() else ""
    return kind or ("dev" if path.is_block_device() else "chardev"), 0


def _number(snapshot: Snapshot, key: str) -> int:
    found = [tag.removeprefix(key) for tag in snapshot.tags if tag.startswith(key)]
    return next((int(one) for one in found if one.isascii() and one.isdigit()), 0)


def _tags(name: str) -> tuple[str, str]:
    return _OURS, f"labtool-set={name}"
