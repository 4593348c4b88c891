"""Databases that are there for the time being. Each is in the state for as long, so that the next
run removes what a killed one has left.
"""

import hashlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from labtool.core.config import Config
from labtool.core.errors import LabtoolError
from labtool.core.files import make_folder, write_atomic
from labtool.core.log import complain
from labtool.services.databases import Server
from labtool.tasks.backup.section import Backup
from labtool.tasks.backup.servers import Purpose, server_of_set

_PURPOSES: tuple[Purpose, ...] = ("drill", "restore")


class Beside:
    """A database that goes, unless it is told to stay."""

    def __init__(self, name: str, note: Path, content: bytes) -> None:
        self.name, self._note, self._content = name, note, content
        self.stays = False
        self.go()

    def go(self) -> None:
        """It goes at the end, or with the next run."""
        write_atomic(self._note, self._content, 0o600)
        self.stays = False

    def stay(self) -> None:
        """It stays, whatever happens."""
        self._note.unlink(missing_ok=True)
        self.stays = True


class Aside:
    """The databases that a set's dumps of one kind are put into."""

    def __init__(self, config: Config, set_: str, kind: str) -> None:
        self._folder, self._content = _folder(config), f"{set_} {kind}\n".encode()

    @contextmanager
    def made(
        self, target: Server, purpose: Literal["drill", "restore"], about: str
    ) -> Iterator[Beside]:
        """An empty one. Its name is always the same for what it is `about`."""
        mark = hashlib.sha256(f"{socket.gethostname()}:{about}".encode()).hexdigest()[:8]
        name = f"labtool_{purpose}_{mark}"
        beside = Beside(name, make_folder(self._folder) / name, self._content)
        target.drop(name)
        target.create(name)
        try:
            yield beside
        finally:
            if not beside.stays:
                target.drop(name)
                beside.stay()


def sweep(config: Config, section: Backup) -> None:
    """Remove what runs that were killed have left; on a server that does not answer, another
    time."""
    folder = _folder(config)
    for note in sorted(folder.glob("labtool_*_*")) if folder.is_dir() else ():
        set_, _, kind = note.read_text().strip().partition(" ")
        purpose = next((one for one in _PURPOSES if note.name.startswith(f"labtool_{one}_")), None)
        if purpose is None:
            continue
        try:
            server = server_of_set(section, set_, kind, config, purpose=purpose)
            if server is not None:
                server.drop(note.name)
                server.forget(note.name)
                note.unlink()
        except LabtoolError as error:
            complain(f"the database {note.name} of a run that was killed is still there: {error}")


def _folder(config: Config) -> Path:
    return config.state / "backup" / "aside"
