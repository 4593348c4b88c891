"""`kind: dropbox`: an account's space, its folders, and what changes a day. The app needs the
permissions account_info.read and files.metadata.read.

Its data:

    {"used", "allotted" (bytes; null where there is no limit),
     "total": {"files", "bytes", "latest"},
     "folders": [{"path", "bytes", "files", "latest"}], down to `depth`, by path,
     "days": [{"day", "added", "changed", "deleted"}], files, the last 30 of the lab's days}

`latest` is when Dropbox got the latest version of a file (ISO 8601, UTC). Changes are counted
from the second refresh on, for the day on which a refresh met them.

Series: `used` (bytes), `files`, `changes` (files a day so far), `bytes/FOLDER`.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from labtool.core.config.secrets import Secret
from labtool.core.config.types import Duration, mistake
from labtool.core.errors import Failed
from labtool.core.text import counted
from labtool.tasks.cache.sources._base import Answer, Question, SourceOptions
from labtool.tasks.cache.sources._listing import Listing, total

if TYPE_CHECKING:
    from labtool.services.dropbox import Dropbox

_DAYS = 30
_MOST_FILES = 500_000
_MOST_LINES = 50


class Options(SourceOptions):
    """The account of an app's token."""

    schema_version: ClassVar[int] = 1
    # Names of folders.
    public_history: ClassVar[bool] = False

    kind: Literal["dropbox"]
    refresh_token: Secret | None = Field(default=None, description="Lasts; needs app_key")
    app_key: str = ""
    app_secret: Secret | None = Field(default=None, description="Unless made with PKCE")
    token: Secret | None = Field(default=None, description="An access token: lasts four hours")
    root: str = Field(
        default="", pattern=r"^(/.*[^/])?$", description="A folder, as /Lab/Data; default: all"
    )
    depth: Annotated[int, Field(ge=1, le=6)] = 1
    timeout: Duration = Field(default=timedelta(minutes=5), description="For all of it")
    base_url: str = Field(default="https://api.dropboxapi.com", pattern=r"^https?://")

    @model_validator(mode="after")
    def _one_way_in(self) -> "Options":
        if (self.token is None) == (self.refresh_token is None):
            raise mistake("needs refresh_token: or token:", "write one of them")
        if self.refresh_token is not None and not self.app_key:
            raise mistake("needs app_key: beside refresh_token:", "copy it from the app's settings")
        return self

    def prepare(self) -> None:
        """As every kind's."""
        from labtool.services.dropbox import ready

        ready()

    def fetch(self, question: Question) -> Answer:
        """Ask for the space, and for what has changed since the last time."""
        from labtool.services.dropbox import Credentials, Dropbox

        given = (self.token, self.refresh_token, self.app_secret)
        token, refresh_token, secret = (one.reveal() if one else "" for one in given)
        credentials = Credentials(token, refresh_token, self.app_key, secret)
        dropbox = Dropbox(credentials, self.base_url, question.seconds)
        space = dropbox.space()
        zone = question.config.core.lab.timezone
        today = question.now.astimezone(zone).date()
        file = question.config.state / "cache" / f"{question.name}.files.gz"
        listing = Listing.load(file, self.root)
        _bring_up_to_date(
            dropbox, listing, today, again=not question.memory, progress=question.progress
        )
        if len(listing.files) > _MOST_FILES:
            fix = "name a folder of it with root:"
            raise Failed(f"has more than {_MOST_FILES} files", where="Dropbox", fix=fix)
        days = listing.recent(today, _DAYS)
        listing.store(file)
        data = {
            "used": space.used,
            "allotted": space.allotted,
            "total": total(listing.files),
            "folders": listing.folders(self.depth),
            "days": days,
        }
        return Answer(data, _numbers(data), {"cursor": listing.cursor})


def _bring_up_to_date(
    dropbox: "Dropbox",
    listing: Listing,
    today: date,
    *,
    again: bool,
    progress: Callable[[str], None],
) -> None:
    """Ask for changes where there is a cursor, else, or to look `again`, for everything."""
    from labtool.services.dropbox import CursorLostError

    if listing.cursor and not again:
        try:
            more = True
            while more:
                page = dropbox.go_on(listing.cursor)
                listing.apply(page.entries, today)
                listing.cursor, more = page.cursor, page.more
        except CursorLostError:
            pass
        else:
            return
    page = dropbox.list(listing.root)
    entries = list(page.entries)
    while page.more and len(entries) <= 2 * _MOST_FILES:
        page = dropbox.go_on(page.cursor)
        entries += page.entries
        progress(f"{counted(len(entries), 'file')} listed")
    listing.replace(entries, today)
    listing.cursor = page.cursor


def _numbers(data: dict[str, Any]) -> dict[str, float]:
    today = data["days"][-1]
    largest = sorted(data["folders"], key=lambda one: (-one["bytes"], one["path"]))
    return {
        "used": float(data["used"]),
        "files": float(data["total"]["files"]),
        "changes": float(today["added"] + today["changed"] + today["deleted"]),
        **{f"bytes{one['path']}": float(one["bytes"]) for one in largest[:_MOST_LINES]},
    }
