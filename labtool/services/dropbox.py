"""Dropbox, read through its own SDK over a bounded transfer.

The SDK retries by itself without limit where it is limited, and lets what is not Dropbox's
answer through as whatever it trips over: neither reaches the caller.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import requests

from labtool.core.errors import AccessDenied, Failed, LabtoolError, Temporary
from labtool.core.masking import retold
from labtool.services import http
from labtool.services.retry import retrying

if TYPE_CHECKING:
    from dropbox import Dropbox as Client

T = TypeVar("T")

_API, _CONTENT = "https://api.dropboxapi.com", "https://content.dropboxapi.com"
_LARGEST = 32 * 1024 * 1024
_PAGE = 2000
_CONSOLE = "dropbox.com/developers/apps"
# What the SDK raises about answers that are not Dropbox's.
_NONSENSE = (AssertionError, ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A refresh token with its app's key (and secret, unless it was made with PKCE), or an
    access token, which lasts four hours."""

    token: str = ""
    refresh_token: str = ""
    app_key: str = ""
    app_secret: str = ""


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes; `allotted` is None where there is no limit that Dropbox tells."""

    used: int
    allotted: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """What the listing says of a path (lower case): a file with its size in bytes and when
    Dropbox got it, a folder (`size` None), or that it is `gone`. `shown` is the path as it is
    written."""

    path: str
    shown: str
    size: int | None = None
    modified: datetime | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the listing; `cursor` is where to go on, now (if there is `more`) or the next
    time."""

    entries: tuple[Entry, ...]
    cursor: str
    more: bool


class CursorLostError(Exception):
    """Dropbox does not know where we were; the listing begins anew."""


class Dropbox:
    """An account, for at most so many seconds in all. Every method raises AccessDenied, Failed
    and Temporary."""

    def __init__(self, credentials: Credentials, base_url: str, seconds: float) -> None:
        self._credentials = credentials
        self._base = base_url.rstrip("/")
        self._end = time.monotonic() + seconds
        self._seconds = seconds
        self._client: Client | None = None

    def space(self) -> Space:
        """How much is used, and how much may be."""

        def ask() -> Space:
            usage = self._connected().users_get_space_usage()
            kind = usage.allocation
            if kind.is_individual():
                return Space(int(usage.used), int(kind.get_individual().allocated))
            if kind.is_team():
                team = kind.get_team()
                return Space(int(usage.used), int(team.allocated) or None)
            return Space(int(usage.used), None)

        return self._call("get_space_usage", ask)

    def list(self, path: str) -> Page:
        """The first part of all that is below a folder (`""` for everything)."""
        where = f"list_folder {path or '/'}"
        return self._call(
            where,
            lambda: _page(self._connected().files_list_folder(path, recursive=True, limit=_PAGE)),
        )

    def go_on(self, cursor: str) -> Page:
        """The next part, or what has changed since. Raises CursorLostError as well."""
        return self._call(
            "list_folder/continue",
            lambda: _page(self._connected().files_list_folder_continue(cursor)),
        )

    def _call(self, what: str, ask: Callable[[], T]) -> T:
        where = f"Dropbox {what}"

        def once() -> T:
            with explained(where):
                return ask()

        left = self._end - time.monotonic()
        if left <= 0:
            raise Temporary("there was not time enough", where=where, code="late")
        return retrying(once, left)

    def _connected(self) -> "Client":
        if self._client is None:
            self._client = connect(self._credentials, self._base, self._seconds)
        return self._client


def connect(credentials: Credentials, base_url: str, seconds: float) -> "Client":
    """The SDK's client of an account, each of whose calls takes so many seconds at most and is
    made once. Raises what `explained` explains."""
    from dropbox import Dropbox as Client
    from dropbox.common import PathRoot

    session = _Session(base_url.rstrip("/"))
    http.bounded(session, seconds, _LARGEST)
    client = Client(
        oauth2_access_token=credentials.token or None,
        oauth2_refresh_token=credentials.refresh_token or None,
        app_key=credentials.app_key or None,
        app_secret=credentials.app_secret or None,
        session=session,
        timeout=seconds,
        max_retries_on_error=0,
        max_retries_on_rate_limit=0,
    )
    root = client.users_get_current_account().root_info
    if root.root_namespace_id != root.home_namespace_id:
        # A team's space: its folders stand beside the member's own.
        client = client.with_path_root(PathRoot.root(root.root_namespace_id))
    return client


class _Session(requests.Session):
    """Asks another server than Dropbox's where told to: the SDK's addresses are constants."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> Any:
        address = str(url)
        if self._base != _API:
            address = address.replace(_API, self._base, 1).replace(_CONTENT, self._base, 1)
        return super().request(method, address, *args, **kwargs)


def _page(found: Any) -> Page:
    return Page(tuple(_entries(found.entries)), str(found.cursor), bool(found.has_more))


def _entries(entries: Any) -> Iterator[Entry]:
    from dropbox.files import DeletedMetadata, FileMetadata

    for one in entries:
        path, shown = str(one.path_lower or ""), str(one.path_display or one.path_lower or "")
        if not path:
            continue  # in a shared folder that is not mounted
        if isinstance(one, DeletedMetadata):
            yield Entry(path, shown, gone=True)
        elif isinstance(one, FileMetadata):
            modified = one.server_modified.replace(tzinfo=UTC)
            yield Entry(path, shown, int(one.size), modified)
        else:
            yield Entry(path, shown)


@contextmanager
def explained(where: str) -> Iterator[None]:
    """What goes wrong on the way to Dropbox, as our errors."""
    from dropbox.dropbox_client import BadInputException
    from dropbox.exceptions import DropboxException
    from stone.backends.python_rsrc.stone_validators import ValidationError

    try:
        yield
    except DropboxException as error:
        raise _refused(error, where) from error
    except requests.JSONDecodeError as error:
        raise Temporary("Dropbox's answer made no sense", where=where, code="dropbox") from error
    except requests.RequestException as error:
        with http.explained(where):
            raise error  # noqa: TRY201  (as the transfer's error, explained)
    except (*_NONSENSE, BadInputException, ValidationError) as error:
        raise Temporary("Dropbox's answer made no sense", where=where, code="dropbox") from error


def _refused(error: Any, where: str) -> LabtoolError | CursorLostError:
    from dropbox import exceptions as dx

    if isinstance(error, dx.AuthError):
        return _denied(error.error, where)
    if isinstance(error, dx.RateLimitError):
        wait = None if error.backoff is None else float(error.backoff)
        return Temporary(
            "Dropbox asks us to wait", where=where, code="ratelimited", retry_after=wait
        )
    if isinstance(error, dx.ApiError):
        reason = error.error
        if getattr(reason, "is_reset", lambda: False)():
            return CursorLostError()
        if getattr(reason, "is_path", lambda: False)():
            fix = "check root: in the config; it is written as /Lab/Data"
            return Failed("there is no such folder", where=where, fix=fix, code="dropbox_path")
        return Failed(retold(repr(reason)[:200]), where=where, code="dropbox")
    status = getattr(error, "status_code", 0)
    said = retold(str(getattr(error, "body", ""))[:200])
    if isinstance(error, dx.BadInputError) and "scope" in said:
        fix = f"tick it at {_CONSOLE}, Permissions, and make a new token"
        return AccessDenied(f"a permission is missing ({said})", where=where, fix=fix, code="scope")
    if status == 400:
        return AccessDenied(
            f"Dropbox refuses: {said}", where=where, fix="check the token", code="dropbox_400"
        )
    return Temporary(f"Dropbox answered {status}", where=where, code="dropbox")


def _denied(reason: Any, where: str) -> LabtoolError:
    def has(name: str) -> bool:
        return bool(getattr(reason, f"is_{name}", lambda: False)())

    if has("missing_scope"):
        scope = reason.get_missing_scope().required_scope
        fix = f"tick {scope} at {_CONSOLE}, Permissions, and make a new token"
        return AccessDenied(
            f"the permission {scope} is missing", where=where, fix=fix, code="scope"
        )
    if has("expired_access_token"):
        fix = "access tokens last four hours; write refresh_token: and app_key: instead"
        return AccessDenied("the token has run out", where=where, fix=fix, code="token")
    fix = f"make a new one at {_CONSOLE}"
    return AccessDenied("the token is wrong, or was revoked", where=where, fix=fix, code="token")


def ready() -> None:
    """Import what an account needs, before many threads do."""
    import stone.backends.python_rsrc.stone_validators  # noqa: F401
