"""`kind: dropbox`: a folder of the stand-in's."""

from pathlib import Path
from typing import Any, Self

from labtool.services.dropbox import Credentials
from labtool.services.dropbox_files import DropboxFolder
from labtool.tasks.backup.destinations._base import Destination
from labtool.tasks.backup.destinations.dropbox import InFolder
from tests.servers.dropbox import KEY, REFRESH, SECRET, refusal
from tests.servers.dropbox_files import DropboxFiles
from tests.servers.faults import Fault

FOLDER = "/Backups"


class Stand:
    """A folder of Dropbox."""

    kind = "dropbox"

    def __init__(self) -> None:
        self.proxy = self.server = DropboxFiles()

    def start(self) -> Self:
        self.server.start()
        return self

    def stop(self) -> None:
        self.server.stop()

    def reset(self) -> None:
        self.server.reset()

    def destination(self, folder: Path, *, patience: float = 5.0) -> Destination:
        credentials = Credentials("", REFRESH, KEY, SECRET)
        url = self.server.url
        return InFolder(DropboxFolder(credentials, FOLDER, url, patience=patience, page=3))

    def config(self, folder: Path) -> dict[str, Any]:
        return {
            "kind": "dropbox",
            "folder": FOLDER,
            "refresh_token": "${DROPBOX_REFRESH}",
            "app_key": KEY,
            "app_secret": "${DROPBOX_SECRET}",
            "base_url": self.server.url,
            "patience": "5s",
        }

    def env(self) -> dict[str, str]:
        return {"DROPBOX_REFRESH": REFRESH, "DROPBOX_SECRET": SECRET}

    def content(self, name: str) -> bytes | None:
        return self.server.files.get(f"{FOLDER}/{name}")

    def fill_up(self) -> None:
        self.server.full = True

    def revoked(self) -> Fault:
        return Fault.json(refusal("invalid_access_token"), status=401)

    def leave(self, name: str) -> None:
        """A session that was not finished is no file."""

    def left(self) -> list[str]:
        return []
