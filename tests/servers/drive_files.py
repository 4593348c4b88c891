"""Google Drive v3, the part that keeps files: resumable uploads, ranged downloads, lists, deletes.

Shapes are those of developers.google.com/workspace/drive/api: 308 with Range for an upload that
has not ended, 404 for what is not there. `files` is what a test may look into.
"""

import hashlib
import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.servers.drive import service_account
from tests.servers.google import TOKEN
from tests.servers.http import HttpServer

FOLDER = "0folder"
_NAME = re.compile(r"name = '((?:[^'\\]|\\.)*)'")
_PARENT = re.compile(r"'((?:[^'\\]|\\.)*)' in parents")
_SPAN = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")
_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


@dataclass(slots=True)
class File:
    """A file in a folder."""

    id: str
    name: str
    parent: str
    content: bytes
    number: int

    def reply(self) -> dict[str, Any]:
        """As Drive shows it."""
        digest = hashlib.md5(self.content).hexdigest()
        size = str(len(self.content))
        return {"id": self.id, "name": self.name, "size": size, "md5Checksum": digest}


@dataclass(slots=True)
class Upload:
    """An upload that has not ended."""

    name: str
    parent: str
    content: bytearray
    made: str = ""


class DriveFiles(HttpServer):
    """One folder; `full` refuses uploads as Drive does where there is no space."""

    def __init__(self) -> None:
        super().__init__(self._serve)
        self._ids = itertools.count(1)
        self.files: dict[str, File] = {}
        self.uploads: dict[str, Upload] = {}
        self.full = self.spoiled = False

    def key(self, folder: Path) -> Path:
        """Write a service account's key; its file."""
        import json

        path = folder / "drive.json"
        path.write_text(json.dumps(service_account() | {"token_uri": self.url + "/oauth2/token"}))
        path.chmod(0o600)
        return path

    def reset(self) -> None:
        """An empty drive; requests and faults are forgotten."""
        super().reset()
        self.files.clear()
        self.uploads.clear()
        self.full = self.spoiled = False

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/oauth2/token":
            return web.json_response(
                {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3599}
            )
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return refused(401, "authError")
        path, method = request.path, request.method
        if path == "/upload/drive/v3/files" and method == "POST":
            return await self._start(request)
        if path.startswith("/upload/session/") and method == "PUT":
            return await self._put(request, path.rpartition("/")[2])
        if path == "/drive/v3/files":
            return self._list(request)
        file = self.files.get(path.removeprefix("/drive/v3/files/"))
        if file is None:
            return refused(404, "notFound")
        if method == "DELETE":
            del self.files[file.id]
            return web.Response(status=204)
        if request.query.get("alt") == "media":
            return _part(request, file)
        return web.json_response(file.reply())

    async def _start(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["parents"] != [FOLDER]:
            return refused(404, "notFound")
        if self.full:
            return refused(403, "storageQuotaExceeded")
        ident = f"upload{next(self._ids)}"
        self.uploads[ident] = Upload(body["name"], FOLDER, bytearray())
        return web.Response(headers={"Location": f"{self.url}/upload/session/{ident}"})

    async def _put(self, request: web.Request, ident: str) -> web.Response:
        upload = self.uploads.get(ident)
        if upload is None:
            return refused(404, "notFound")
        if upload.made:
            return web.json_response(self.files[upload.made].reply())
        span = _SPAN.fullmatch(request.headers["Content-Range"])
        assert span, request.headers["Content-Range"]
        data = await request.read()
        if span[1] is not None:
            start, end = int(span[1]), int(span[2])
            if start != len(upload.content) or end - start + 1 != len(data):
                return refused(400, "badContent")
            if span[3] == "*" and len(data) % (256 * 1024):
                return refused(400, "badContent")
            upload.content += data
        if span[3] == "*" or int(span[3]) != len(upload.content):
            has = {"Range": f"bytes=0-{len(upload.content) - 1}"} if upload.content else {}
            return web.Response(status=308, headers=has)
        number = next(self._ids)
        content = bytes(upload.content) + (b"!" if self.spoiled else b"")
        file = File(f"file{number}", upload.name, upload.parent, content, number)
        self.files[file.id] = file
        upload.made = file.id
        return web.json_response(file.reply())

    def _list(self, request: web.Request) -> web.Response:
        query = request.query["q"]
        parent = _PARENT.search(query)
        if not parent or parent[1] != FOLDER:
            return refused(404, "notFound")
        name = _NAME.search(query)
        wanted = re.sub(r"\\(.)", r"\1", name[1]) if name else None
        found = [f for f in self.files.values() if wanted is None or f.name == wanted]
        found.sort(key=lambda file: -file.number)
        start, size = int(request.query.get("pageToken", 0)), int(request.query["pageSize"])
        reply: dict[str, Any] = {"files": [f.reply() for f in found[start : start + size]]}
        if start + size < len(found):
            reply["nextPageToken"] = str(start + size)
        return web.json_response(reply)


def _part(request: web.Request, file: File) -> web.Response:
    span = _RANGE.fullmatch(request.headers.get("Range", ""))
    if not span:
        return web.Response(body=file.content)
    return web.Response(status=206, body=file.content[int(span[1]) : int(span[2]) + 1])


def refused(code: int, reason: str) -> web.Response:
    """A refusal as Google writes it."""
    return web.json_response(refusal(code, reason), status=code)


def refusal(code: int, reason: str) -> dict[str, Any]:
    """Its body."""
    return {"error": {"code": code, "message": reason, "errors": [{"reason": reason}]}}
