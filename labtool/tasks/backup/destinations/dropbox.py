"""`kind: dropbox`: a folder of Dropbox, such as /Backups; the first backup makes it.

The app (dropbox.com/developers/apps) needs files.content.write, files.content.read,
files.metadata.read and account_info.read; its refresh token lasts, an access token four hours.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from labtool.core.config import Config
from labtool.core.config.secrets import Secret
from labtool.core.config.types import mistake
from labtool.tasks.backup.destinations._base import RemoteOptions, Stored

if TYPE_CHECKING:
    from labtool.services.dropbox_files import DropboxFolder


class Options(RemoteOptions):
    """A folder of Dropbox."""

    kind: Literal["dropbox"]
    folder: str = Field(pattern=r"^(/.*[^/])?$", description="Such as /Backups")
    refresh_token: Secret | None = Field(default=None, description="Lasts; needs app_key")
    app_key: str = ""
    app_secret: Secret | None = Field(default=None, description="Unless made with PKCE")
    token: Secret | None = Field(default=None, description="An access token: lasts four hours")
    base_url: str = Field(default="https://api.dropboxapi.com", pattern=r"^https?://")

    @model_validator(mode="after")
    def _one_way_in(self) -> "Options":
        if (self.token is None) == (self.refresh_token is None):
            raise mistake("needs refresh_token: or token:", "write one of them")
        if self.refresh_token is not None and not self.app_key:
            raise mistake("needs app_key: beside refresh_token:", "copy it from the app's settings")
        return self

    def open(self, config: Config) -> "InFolder":
        """As every kind's."""
        from labtool.services.dropbox import Credentials
        from labtool.services.dropbox_files import DropboxFolder

        given = (self.token, self.refresh_token, self.app_secret)
        token, refresh_token, secret = (one.reveal() if one else "" for one in given)
        credentials = Credentials(token, refresh_token, self.app_key, secret)
        return InFolder(
            DropboxFolder(credentials, self.folder, self.base_url, patience=self.seconds)
        )


class InFolder:
    """A folder of Dropbox as a destination."""

    def __init__(self, folder: "DropboxFolder") -> None:
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
        """As every destination's: an upload that was never finished is no file, and Dropbox
        forgets it after a week."""
        return 0
