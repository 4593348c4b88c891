"""`kind: drive`: a folder of Google Drive, by its id (the end of its address).

`credentials:` is a service account's JSON key, or an OAuth token's ("type": "authorized_user", as
google-auth-oauthlib and gcloud write it); by default google.credentials. A service account has no
space of its own: the folder must be in a shared drive, and be shared with the account.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from labtool.core.config import Config
from labtool.core.config.secrets import SecretDocument
from labtool.core.errors import ConfigError, Problem
from labtool.tasks.backup.destinations._base import RemoteOptions, Stored

if TYPE_CHECKING:
    from labtool.services.drive_files import DriveFolder


class Options(RemoteOptions):
    """A folder of Drive."""

    kind: Literal["drive"]
    folder: str = Field(min_length=1, description="Its id: the end of its address")
    credentials: SecretDocument | None = Field(
        default=None, description="A JSON key or token; default: google.credentials"
    )
    base_url: str = Field(default="https://www.googleapis.com", pattern=r"^https?://")

    def open(self, config: Config) -> "InFolder":
        """As every kind's. Raises ConfigError where there are no credentials."""
        from labtool.services.drive_files import DriveFolder

        given = self.credentials or (config.core.google and config.core.google.credentials)
        if not given:
            fix = "write credentials: {file: PATH} there, or google: in the config"
            where = config.where("backup", "destinations")
            raise ConfigError([Problem(where, "kind: drive needs credentials", fix, "backup")])
        key = given.reveal()
        return InFolder(DriveFolder(key, self.folder, self.base_url, patience=self.seconds))


class InFolder:
    """A folder of Drive as a destination."""

    def __init__(self, folder: "DriveFolder") -> None:
        self._folder = folder

    def stored(self) -> Iterator[Stored]:
        """As every destination's."""
        for name, size in self._folder.files():
            yield Stored(name, size)

    def read(self, name: str) -> Iterator[bytes]:
        """As every destination's."""
        return self._folder.read(name)

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """As every destination's."""
        self._folder.write(name, chunks)

    def remove(self, name: str) -> None:
        """As every destination's."""
        self._folder.remove(name)

    def sweep(self, mine: Callable[[str], bool]) -> int:
        """As every destination's: an upload that was never finished is no file, and Drive
        forgets it after a week."""
        return 0
