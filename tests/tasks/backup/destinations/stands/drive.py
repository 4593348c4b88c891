"""`kind: drive`: a folder of the stand-in's."""

from pathlib import Path
from typing import Any, Self

from labtool.services.drive_files import DriveFolder
from labtool.tasks.backup.destinations._base import Destination
from labtool.tasks.backup.destinations.drive import InFolder
from tests.servers.drive_files import FOLDER, DriveFiles, refusal
from tests.servers.faults import Fault


class Stand:
    """A folder of Drive."""

    kind = "drive"

    def __init__(self) -> None:
        self.proxy = self.server = DriveFiles()

    def start(self) -> Self:
        self.server.start()
        return self

    def stop(self) -> None:
        self.server.stop()

    def reset(self) -> None:
        self.server.reset()

    def destination(self, folder: Path, *, patience: float = 5.0) -> Destination:
        key = self.server.key(folder).read_text()
        return InFolder(DriveFolder(key, FOLDER, self.server.url, patience=patience, page=3))

    def config(self, folder: Path) -> dict[str, Any]:
        self.server.key(folder)
        return {
            "kind": "drive",
            "folder": FOLDER,
            "credentials": {"file": "drive.json"},
            "base_url": self.server.url,
            "patience": "5s",
        }

    def env(self) -> dict[str, str]:
        return {}

    def content(self, name: str) -> bytes | None:
        found = [one.content for one in self.server.files.values() if one.name == name]
        assert len(found) < 2
        return found[0] if found else None

    def fill_up(self) -> None:
        self.server.full = True

    def revoked(self) -> Fault:
        return Fault.json(refusal(401, "authError"), status=401)

    def leave(self, name: str) -> None:
        """A session that was not finished is no file."""

    def left(self) -> list[str]:
        return []
