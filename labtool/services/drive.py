"""Presentations in Google Drive, over its REST interface (v3)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from labtool.core.config.models import Google
from labtool.core.errors import Failed, LabtoolError, Temporary
from labtool.services.google import DRIVE_SCOPE, Account, explained, refusal
from labtool.services.presentations import Role, SharedFile
from labtool.services.retry import retrying

if TYPE_CHECKING:
    from google.auth.transport.requests import AuthorizedSession

_FIELDS = "id,webViewLink"
_PROPERTY = "labtool"
# What Google takes for a property's name and value together, in bytes.
_LONGEST_PROPERTY = 124


class Drive:
    """Google Drive as the config's service account sees it. Files made by labtool carry
    their key in `appProperties`, so that a killed run finds them again. They go to the
    folder with the id `folder`, or beside their template.
    """

    def __init__(self, settings: Google, folder: str = "") -> None:
        self._folder = folder
        self._seconds = settings.timeout / timedelta(seconds=1)
        self._account = Account(settings.credentials.reveal(), self._seconds)
        self._files = settings.drive_url.rstrip("/") + "/drive/v3/files"
        self._session: AuthorizedSession | None = None

    def copy(self, template: str, name: str, key: str) -> SharedFile:
        """A copy of the template (a file id) called `name`; the one for `key` if there is one.

        Raises Failed (no such template, not shared) and Temporary.
        """
        found = self.find(key)
        if found:
            return found
        body: dict[str, Any] = {"name": name, "appProperties": {_PROPERTY: _value(key)}}
        if self._folder:
            body["parents"] = [self._folder]
        try:
            reply = self._call(
                "POST", f"/{quote(template, safe='')}/copy", f"template {template}", json=body
            )
        except Temporary as error:
            # The answer may have been lost after the copy was made.
            found = self._find_after(error, key)
            if found is None:
                raise
            return found
        return self._file(reply)

    def _find_after(self, error: Temporary, key: str) -> SharedFile | None:
        try:
            return self.find(key)
        except LabtoolError:
            raise error from None

    def find(self, key: str) -> SharedFile | None:
        """The file that was made for this key and is not in the bin."""
        value = _value(key).replace("\\", "\\\\").replace("'", "\\'")
        query = f"appProperties has {{ key='{_PROPERTY}' and value='{value}' }} and trashed=false"
        params = {
            "q": query,
            "fields": f"files({_FIELDS})",
            "orderBy": "createdTime",
            "includeItemsFromAllDrives": "true",
        }
        reply = retrying(lambda: self._call("GET", "", "files", params=params), self._seconds)
        files = reply.get("files") or []
        return self._file(files[0]) if files else None

    def share(self, file: str, emails: Sequence[str], role: Role = "writer") -> None:
        """Give each address access, without a mail to them. Raises Failed with the address
        that Google does not take, and Temporary.
        """
        for email in emails:
            body = {"type": "user", "role": role, "emailAddress": email}
            params = {"sendNotificationEmail": "false"}
            path = f"/{quote(file, safe='')}/permissions"
            self._call("POST", path, f"sharing with {email}", params=params, json=body)

    def delete(self, file: str) -> None:
        """Remove a file for good; one that is gone already is no error."""
        try:
            path = f"/{quote(file, safe='')}"
            retrying(lambda: self._call("DELETE", path, f"file {file}"), self._seconds)
        except Failed as error:
            if error.code != "google_404":
                raise

    def _file(self, reply: dict[str, Any]) -> SharedFile:
        number = str(reply["id"])
        link = f"https://drive.google.com/file/d/{number}/view"
        return SharedFile(number, str(reply.get("webViewLink") or link))

    def _call(
        self,
        method: str,
        path: str,
        what: str,
        *,
        params: dict[str, str] | None = None,
        json: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        where = f"Google Drive, {what}"
        query = {"supportsAllDrives": "true", **(params or {})}
        if "fields" not in query and method == "POST":
            query["fields"] = _FIELDS if path.endswith("/copy") else "id"
        with explained(where):
            response = self._authorized().request(  # type: ignore[no-untyped-call]  # ships no types
                method, self._files + path, params=query, json=json, timeout=self._seconds
            )
            if not response.ok:
                raise refusal(response, where, self._account.email)
            reply = response.json() if response.content else {}
        if not isinstance(reply, dict):
            raise Temporary("Google's answer makes no sense", where=where, code="google")
        return reply

    def _authorized(self) -> "AuthorizedSession":
        if self._session is None:
            self._session = self._account.session([DRIVE_SCOPE])
        return self._session


def _value(key: str) -> str:
    """A key as a property's value: Google limits its length."""
    if len(_PROPERTY) + len(key.encode()) <= _LONGEST_PROPERTY:
        return key
    import hashlib

    return hashlib.sha256(key.encode()).hexdigest()
