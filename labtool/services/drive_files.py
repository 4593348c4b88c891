"""Files in a folder of Google Drive, over its REST interface (v3).

Uploads are resumable (developers.google.com/workspace/drive/api/guides/manage-uploads): after a
break Drive says how much it has, and it goes on from there.
"""

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from labtool.core.errors import Failed, LabtoolError, Temporary
from labtool.services.gathered import gathered
from labtool.services.google import DRIVE_SCOPE, Account, explained, refusal
from labtool.services.ranges import in_ranges
from labtool.services.retry import patiently

if TYPE_CHECKING:
    from google.auth.transport.requests import AuthorizedSession
    from requests import Response

# A multiple of 256 kB, as Drive asks for.
_PART = 8 * 1024 * 1024
_SECONDS = 120.0
_FOLDER = "application/vnd.google-apps.folder"
_SHARED = {"supportsAllDrives": "true"}


class DriveFolder:
    """The files of a folder (by its id). `patience` is for how many seconds a part that breaks
    is tried again. Every method raises AccessDenied, Failed and Temporary."""

    def __init__(
        self, key: str, folder: str, base_url: str, *, patience: float = 60.0, page: int = 1000
    ) -> None:
        self._account = Account(key, _SECONDS)
        self._folder = folder
        self._base = base_url.rstrip("/")
        self._patience = patience
        self._page = page
        self._session: AuthorizedSession | None = None

    def files(self) -> Iterator[tuple[str, int]]:
        """The files of the folder, and their bytes; of those that share a name, the newest."""
        seen = set[str]()
        for one in self._files():
            if one["name"] not in seen:
                seen.add(one["name"])
                yield one["name"], int(one.get("size") or 0)

    def read(self, name: str) -> Iterator[bytes]:
        """A file's content."""
        found = next(self._files(name), None)
        if found is None:
            raise Failed("there is no such file", where=f"Google Drive, {name}", code="not_there")
        where = f"Google Drive, {name}"
        path = f"/drive/v3/files/{found['id']}"

        def fetch(start: int, end: int) -> bytes:
            headers = {"Range": f"bytes={start}-{end - 1}"}
            reply = self._call("GET", path, where, {**_SHARED, "alt": "media"}, headers=headers)
            data: bytes = reply.content
            if reply.status_code != 206 and len(data) != end - start:
                raise Temporary("gave another part of it", where=where, code="google")
            return data

        yield from in_ranges(fetch, int(found.get("size") or 0), self._patience, where)

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Put a file there once `chunks` has ended; older ones of its name go."""
        where = f"Google Drive, {name}"
        old = [one["id"] for one in self._files(name)]
        upload = self._start(name, where)
        digest, at = hashlib.md5(usedforsecurity=False), 0
        made: dict[str, Any] | None = None
        for part, last in gathered(chunks, itertools.repeat(_PART)):
            digest.update(part)
            made = self._send(upload, part, at, where, last=last)
            at += len(part)
        if made is None or made.get("md5Checksum") != digest.hexdigest():
            if made is not None:
                self._delete(str(made["id"]), where)
            raise Failed("arrived damaged", where=where, fix="run it again", code="damaged")
        for ident in old:
            self._delete(ident, where)

    def remove(self, name: str) -> None:
        """Take a file away, with all of its name; one that is not there is no error."""
        for one in [*self._files(name)]:
            self._delete(one["id"], f"Google Drive, {name}")

    def _files(self, name: str = "") -> Iterator[dict[str, str]]:
        """The files (of a name), the newest first."""
        query = f"'{_quoted(self._folder)}' in parents and trashed=false"
        query += f" and mimeType != '{_FOLDER}'"
        if name:
            query += f" and name = '{_quoted(name)}'"
        params = {
            **_SHARED,
            "q": query,
            "fields": "nextPageToken,files(id,name,size)",
            "orderBy": "createdTime desc",
            "pageSize": str(self._page),
            "includeItemsFromAllDrives": "true",
        }
        where = f"Google Drive, folder {self._folder}"
        token = ""
        while True:
            asked = {**params, "pageToken": token} if token else params
            reply = patiently(
                lambda a=asked: _document(self._call("GET", "/drive/v3/files", where, a), where),  # type: ignore[misc]  # mypy sees no type in the default
                self._patience,
            )
            for one in reply.get("files") or ():
                yield {key: str(value) for key, value in one.items()}
            token = str(reply.get("nextPageToken") or "")
            if not token:
                return

    def _start(self, name: str, where: str) -> str:
        """The address of a new upload."""
        params = {**_SHARED, "uploadType": "resumable", "fields": "id,size,md5Checksum"}
        body = {"name": name, "parents": [self._folder]}

        def once() -> str:
            reply = self._call("POST", "/upload/drive/v3/files", where, params, json=body)
            address = str(reply.headers.get("Location") or "")
            if urlsplit(address)[:2] != urlsplit(self._base)[:2]:
                raise Temporary("gave no address for the upload", where=where, code="google")
            return address

        return patiently(once, self._patience)

    def _send(
        self, upload: str, part: bytes, at: int, where: str, *, last: bool
    ) -> dict[str, Any] | None:
        """Send a part that begins at a byte of the file; the file, once that was the last."""
        has = at

        def once() -> dict[str, Any] | None:
            nonlocal has
            end = at + len(part)
            total = str(end) if last else "*"
            rest = part[has - at :]
            span = f"bytes {has}-{end - 1}/{total}" if rest else f"bytes */{total}"
            reply = self._call("PUT", upload, where, headers={"Content-Range": span}, data=rest)
            if reply.status_code == 308:
                has = _has(reply)
                if has < end or last:
                    raise Temporary("has not all of it yet", where=where, code="google")
                return None
            return _document(reply, where)

        def again() -> dict[str, Any] | None:
            nonlocal has
            asked = {"Content-Range": f"bytes */{at + len(part) if last else '*'}"}
            reply = self._call("PUT", upload, where, headers=asked)
            if reply.status_code != 308:
                return _document(reply, where)
            has = _has(reply)
            if not at <= has <= at + len(part):
                raise Failed("has lost what it had of it", where=where, code="google_upload")
            return once() if has < at + len(part) or last else None

        tried = False

        def attempt() -> dict[str, Any] | None:
            nonlocal tried
            if tried:
                return again()
            tried = True
            return once()

        return patiently(attempt, self._patience)

    def _delete(self, ident: str, where: str) -> None:
        try:
            patiently(
                lambda: self._call("DELETE", f"/drive/v3/files/{ident}", where, _SHARED),
                self._patience,
            )
        except Failed as error:
            if error.code != "google_404":
                raise

    def _call(
        self,
        method: str,
        path: str,
        where: str,
        params: dict[str, str] | None = None,
        **more: Any,
    ) -> "Response":
        address = path if path.startswith("http") else self._base + path
        with explained(where):
            if self._session is None:
                self._session = self._account.session([DRIVE_SCOPE])
            reply: Response = self._session.request(  # type: ignore[no-untyped-call]  # ships no types
                method, address, params=params, timeout=_SECONDS, allow_redirects=False, **more
            )
            if not reply.ok:
                raise self._refusal(reply, where)
            return reply

    def _refusal(self, reply: "Response", where: str) -> LabtoolError:
        text = reply.text
        if reply.status_code == 403 and "storageQuotaExceeded" in text:
            fix = "name a folder of a shared drive, as a service account has no space of its own"
            fix += "; or use an OAuth token"
            return Failed("there is no space", where=where, fix=fix, code="full")
        if reply.status_code == 403 and "insufficientPermissions" in text:
            fix = "the token needs the scope auth/drive"
            return Failed("a permission is missing", where=where, fix=fix, code="google_403")
        return refusal(reply, where, self._account.email)


def _document(reply: "Response", where: str) -> dict[str, Any]:
    try:
        found = reply.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Temporary("Google's answer makes no sense", where=where, code="google")
    return found


def _has(reply: "Response") -> int:
    """How many bytes an upload has so far."""
    span = str(reply.headers.get("Range") or "")
    last = span.rpartition("-")[2]
    return int(last) + 1 if last.isascii() and last.isdecimal() else 0


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
