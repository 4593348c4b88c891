"""Files in a folder of Dropbox, through its own SDK: upload sessions, whose next byte Dropbox
tells after a break (www.dropbox.com/developers/documentation/http/documentation).
"""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from labtool.core.errors import Failed, Temporary
from labtool.services.dropbox import Credentials, connect, explained
from labtool.services.gathered import gathered
from labtool.services.ranges import in_ranges
from labtool.services.retry import patiently

# A multiple of the blocks of the content hash.
_PART = 8 * 1024 * 1024
_BLOCK = 4 * 1024 * 1024
_SECONDS = 120.0


class DropboxFolder:
    """The files of a folder, such as /Backups. `patience` is for how many seconds a part that
    breaks is tried again. Every method raises AccessDenied, Failed and Temporary."""

    def __init__(
        self,
        credentials: Credentials,
        folder: str,
        base_url: str,
        *,
        patience: float = 60.0,
        page: int = 1000,
    ) -> None:
        self._credentials, self._base = credentials, base_url
        self._folder = folder.rstrip("/")
        self._patience, self._page = patience, page
        self._client: Any = None

    def files(self) -> Iterator[tuple[str, int]]:
        """The files of the folder, and their bytes; none where it is not there yet."""
        from dropbox.files import FileMetadata

        where = f"list_folder {self._folder or '/'}"
        page = self._try(
            where, lambda: self._connected().files_list_folder(self._folder, limit=self._page)
        )
        while page is not None:
            for one in page.entries:
                if isinstance(one, FileMetadata):
                    yield str(one.name), int(one.size)
            if not page.has_more:
                return
            cursor = page.cursor
            page = self._try(
                where,
                lambda c=cursor: self._connected().files_list_folder_continue(c),  # type: ignore[misc]  # mypy sees no type in the default
            )

    def read(self, name: str) -> Iterator[bytes]:
        """A file's content."""
        path = self._path(name)
        found = self._try(
            f"get_metadata {path}", lambda: self._connected().files_get_metadata(path)
        )
        if found is None:
            raise Failed("there is no such file", where=f"Dropbox {path}", code="not_there")

        def fetch(start: int, end: int) -> bytes:
            # The SDK's download has no ranges: a header of its own asks for one.
            with explained(f"Dropbox download {path}"):
                client = self._connected()
                before = client._headers  # noqa: SLF001  (the SDK has no other way)
                client._headers = {**(before or {}), "Range": f"bytes={start}-{end - 1}"}  # noqa: SLF001
                try:
                    _, reply = client.files_download(path, rev=found.rev)
                finally:
                    client._headers = before  # noqa: SLF001
                data: bytes = reply.content
                return data[: end - start] if reply.status_code == 206 else data[start:end]

        yield from in_ranges(fetch, int(found.size), self._patience, f"Dropbox {path}")

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Put a file there once `chunks` has ended."""
        from dropbox.files import CommitInfo, UploadSessionCursor, WriteMode

        path = self._path(name)
        where = f"upload {path}"
        started = self._try(where, lambda: self._connected().files_upload_session_start(b""))
        session, at, digest = str(started.session_id), 0, _ContentHash()
        made: Any = None
        for part, last in gathered(chunks, itertools.repeat(_PART)):
            digest.update(part)
            end = at + len(part)

            def send(begin: int, rest: bytes, is_last: bool = last) -> Any:
                cursor = UploadSessionCursor(session_id=session, offset=begin)
                if not is_last:
                    return self._connected().files_upload_session_append_v2(rest, cursor)
                commit = CommitInfo(path=path, mode=WriteMode.overwrite)
                return self._connected().files_upload_session_finish(rest, cursor, commit)

            made = self._send(send, part, at, path, digest.hexdigest() if last else "")
            at = end
        if str(made.content_hash) != digest.hexdigest():
            self.remove(name)
            raise Failed("arrived damaged", where=f"Dropbox {path}", code="damaged")

    def remove(self, name: str) -> None:
        """Take a file away; one that is not there is no error."""
        path = self._path(name)
        self._try(f"delete {path}", lambda: self._connected().files_delete_v2(path))

    def _send(
        self, send: Callable[[int, bytes], Any], part: bytes, at: int, path: str, digest: str
    ) -> Any:
        """Send a part from where Dropbox says that it is; `digest` is what the file has if it
        is there as a whole, for an answer that was lost."""
        from dropbox.exceptions import ApiError

        begin = at

        def once() -> Any:
            nonlocal begin
            with explained(f"Dropbox upload {path}"):
                try:
                    return send(begin, part[begin - at :])
                except ApiError as error:
                    has = _offset(error.error)
                    found = self._finished(path, digest) if digest else None
                    if found is not None:
                        return found
                    if has is None or not at <= has <= at + len(part):
                        raise _refused(error, path) from error
                    begin = has
            if not digest and begin == at + len(part):
                return None
            raise Temporary("has another part of it", where=f"Dropbox {path}", code="dropbox")

        return patiently(once, self._patience)

    def _finished(self, path: str, digest: str) -> Any:
        found = self._try(
            f"get_metadata {path}", lambda: self._connected().files_get_metadata(path)
        )
        return found if found is not None and str(found.content_hash) == digest else None

    def _try(self, what: str, call: Callable[[], Any]) -> Any:
        """What a call gives; None where what it names is not there."""
        from dropbox.exceptions import ApiError

        def once() -> Any:
            with explained(f"Dropbox {what}"):
                try:
                    return call()
                except ApiError as error:
                    if _is_not_there(error.error):
                        return None
                    raise

        return patiently(once, self._patience)

    def _connected(self) -> Any:
        if self._client is None:
            self._client = connect(self._credentials, self._base, _SECONDS)
        return self._client

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name}"


class _ContentHash:
    """Dropbox's hash: the SHA-256 of the SHA-256s of blocks of 4 MB
    (www.dropbox.com/developers/reference/content-hash)."""

    def __init__(self) -> None:
        self._all = hashlib.sha256()

    def update(self, part: bytes) -> None:
        """Take a part that is whole blocks, or the last."""
        for at in range(0, len(part), _BLOCK):
            self._all.update(hashlib.sha256(part[at : at + _BLOCK]).digest())

    def hexdigest(self) -> str:
        """The hash of all so far."""
        return self._all.hexdigest()


def _offset(reason: Any) -> int | None:
    """Where an upload is, by the refusal of a part."""
    if getattr(reason, "is_lookup_failed", lambda: False)():
        reason = reason.get_lookup_failed()
    if getattr(reason, "is_incorrect_offset", lambda: False)():
        return int(reason.get_incorrect_offset().correct_offset)
    return None


def _is_not_there(reason: Any) -> bool:
    for name in ("path", "path_lookup"):
        if getattr(reason, f"is_{name}", lambda: False)():
            inner = getattr(reason, f"get_{name}")()
            return bool(getattr(inner, "is_not_found", lambda: False)())
    return False


def _refused(error: Any, path: str) -> Exception:
    """What the refusal of a part means."""
    reason = error.error
    inner = reason.get_path() if getattr(reason, "is_path", lambda: False)() else reason
    if getattr(inner, "is_insufficient_space", lambda: False)():
        fix = "prune, or get more space"
        return Failed("there is no space", where=f"Dropbox {path}", fix=fix, code="full")
    if getattr(inner, "is_no_write_permission", lambda: False)():
        fix = "choose another folder:"
        return Failed("may not be written to", where=f"Dropbox {path}", fix=fix, code="read_only")
    known: Exception = error
    return known
