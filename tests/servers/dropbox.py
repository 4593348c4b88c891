"""Dropbox's API, the part that is read: account, space, the listing of files with its cursor.

Shapes are those of www.dropbox.com/developers/documentation/http/documentation. Unlike
Dropbox, a cursor never runs out by itself: `forget` makes all of them unknown.
"""

import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.servers.http import HttpServer

TOKEN = "sl.access-token-of-dropbox"
REFRESH, KEY, SECRET = "refresh-token-of-dropbox", "appkey", "app-secret-of-dropbox"
_ROOT, _HOME = "1001", "1001"


@dataclass(slots=True)
class File:
    """A file: bytes, and when Dropbox got it."""

    size: int
    modified: datetime = field(default=datetime(2026, 11, 20, 9, tzinfo=UTC))


class Dropbox(HttpServer):
    """One account; a test changes its files with `put` and `remove`."""

    def __init__(self) -> None:
        super().__init__(self._serve)
        self._ids = itertools.count(1)
        self._clear()

    def _clear(self) -> None:
        self.files: dict[str, File] = {}
        self.allotted: int | None = 2_000_000_000
        self.page = 2000
        self._log: list[tuple[str, File | None]] = []
        self._cursors: dict[str, tuple[str, int, list[tuple[str, File | None]]]] = {}

    def reset(self) -> None:
        """No files; requests and faults are forgotten."""
        super().reset()
        self._clear()

    def put(self, path: str, size: int, modified: datetime | None = None) -> None:
        """A file at a path, such as /Lab/a.txt."""
        self.files[path] = File(size, modified) if modified else File(size)
        self._log.append((path, self.files[path]))

    def remove(self, path: str) -> None:
        """A file, or a folder with all that is in it; the log names what was asked for."""
        for name in [n for n in self.files if n == path or n.startswith(f"{path}/")]:
            del self.files[name]
        self._log.append((path, None))

    def forget(self) -> None:
        """Know no cursor any more."""
        self._cursors.clear()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/oauth2/token":
            form = await request.post()
            given = [form.get(k) for k in ("refresh_token", "client_id", "client_secret")]
            if given != [REFRESH, KEY, SECRET]:
                return answered({"error": "invalid_grant"}, status=400)
            return answered({"access_token": TOKEN, "expires_in": 14400})
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return refused(401, "invalid_access_token")
        raw = await request.read()
        asked = json.loads(raw) if raw else None
        match request.path:
            case "/2/users/get_current_account":
                return answered(ACCOUNT)
            case "/2/users/get_space_usage":
                return answered(self._usage())
            case "/2/files/list_folder":
                return self._list(asked)
            case "/2/files/list_folder/continue":
                return self._continue(asked["cursor"])
        return web.Response(status=404, text="no such route")

    def _usage(self) -> dict[str, Any]:
        used = sum(file.size for file in self.files.values())
        if self.allotted is None:
            return {"used": used, "allocation": {".tag": "other"}}
        return {"used": used, "allocation": {".tag": "individual", "allocated": self.allotted}}

    def _list(self, asked: dict[str, Any]) -> web.Response:
        root = asked["path"]
        assert asked["recursive"]
        found = [(p, f) for p, f in self.files.items() if p.startswith(f"{root}/")]
        if root and not found:
            return refused(409, {".tag": "path", "path": {".tag": "not_found"}})
        return self._part(root, len(self._log), found)

    def _continue(self, cursor: str) -> web.Response:
        if cursor not in self._cursors:
            return refused(409, "reset")
        root, seen, waiting = self._cursors[cursor]
        if not waiting:
            waiting = [one for one in self._log[seen:] if one[0].startswith(f"{root}/")]
            seen = len(self._log)
        return self._part(root, seen, waiting)

    def _part(self, root: str, seen: int, waiting: list[tuple[str, File | None]]) -> web.Response:
        cursor = f"cursor-{next(self._ids)}"
        self._cursors[cursor] = (root, seen, waiting[self.page :])
        return answered(
            {
                "entries": [_entry(path, file) for path, file in waiting[: self.page]],
                "cursor": cursor,
                "has_more": len(waiting) > self.page,
            }
        )


def _entry(path: str, file: File | None) -> dict[str, Any]:
    names = {
        "name": path.rsplit("/", 1)[-1],
        "path_lower": path.lower(),
        "path_display": path,
    }
    if file is None:
        return {".tag": "deleted", **names}
    at = f"{file.modified:%Y-%m-%dT%H:%M:%SZ}"
    return {
        ".tag": "file",
        **names,
        "id": f"id:{abs(hash(path)):024d}",
        "client_modified": at,
        "server_modified": at,
        "rev": "0123456789abcdef0123456",
        "size": file.size,
        "is_downloadable": True,
        "content_hash": "0" * 64,
    }


def answered(value: Any, status: int = 200) -> web.Response:
    """An answer; the SDK wants the content type to the letter."""
    return web.Response(
        body=json.dumps(value).encode(), status=status, content_type="application/json"
    )


def refused(status: int, error: Any) -> web.Response:
    """A refusal as Dropbox writes it."""
    return answered(refusal(error), status=status)


def refusal(error: Any) -> dict[str, Any]:
    """Its body."""
    tagged = error if isinstance(error, dict) else {".tag": error}
    return {"error_summary": f"{tagged['.tag']}/...", "error": tagged}


ACCOUNT = {
    "account_id": "dbid:" + "A" * 35,
    "name": {
        "given_name": "Ann",
        "surname": "Lee",
        "familiar_name": "Ann",
        "display_name": "Ann Lee",
        "abbreviated_name": "AL",
    },
    "email": "ann@lab.example",
    "email_verified": True,
    "disabled": False,
    "locale": "en",
    "referral_link": "https://db.tt/1",
    "is_paired": False,
    "account_type": {".tag": "pro"},
    "root_info": {".tag": "user", "root_namespace_id": _ROOT, "home_namespace_id": _HOME},
}
