"""Dropbox's API, the part that keeps files: upload sessions, ranged downloads, lists, deletes."""

import hashlib
import itertools
import json
import re
from typing import Any

from aiohttp import web

from tests.servers.dropbox import ACCOUNT, KEY, REFRESH, SECRET, TOKEN, answered, refused
from tests.servers.http import HttpServer

_BLOCK = 4 * 1024 * 1024
_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


class DropboxFiles(HttpServer):
    """One account; `full` refuses what is to be kept as Dropbox does without space."""

    def __init__(self) -> None:
        super().__init__(self._serve)
        self._ids = itertools.count(1)
        self.files: dict[str, bytes] = {}
        self.sessions: dict[str, bytearray] = {}
        self.full = self.spoiled = False

    def reset(self) -> None:
        """No files; requests and faults are forgotten."""
        super().reset()
        self.files.clear()
        self.sessions.clear()
        self.full = self.spoiled = False

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/oauth2/token":
            form = await request.post()
            given = [form.get(k) for k in ("refresh_token", "client_id", "client_secret")]
            if given != [REFRESH, KEY, SECRET]:
                return answered({"error": "invalid_grant"}, status=400)
            return answered({"access_token": TOKEN, "expires_in": 14400})
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return refused(401, "invalid_access_token")
        body = await request.read()
        argument = request.headers.get("Dropbox-API-Arg")
        asked = json.loads(argument) if argument else json.loads(body or b"null")
        match request.path:
            case "/2/users/get_current_account":
                return answered(ACCOUNT)
            case "/2/files/upload_session/start":
                return self._start(body)
            case "/2/files/upload_session/append_v2":
                return self._append(asked["cursor"], body)
            case "/2/files/upload_session/finish":
                return self._finish(asked, body)
            case "/2/files/list_folder":
                return self._list(asked["path"], asked["limit"], 0)
            case "/2/files/list_folder/continue":
                path, limit, start = asked["cursor"].split("|")
                return self._list(path, int(limit), int(start))
        return self._file(request, asked)

    def _file(self, request: web.Request, asked: Any) -> web.Response:
        path = asked["path"]
        there = path in self.files
        missing = {".tag": "not_found"}
        match request.path:
            case "/2/files/get_metadata" if there:
                return answered({".tag": "file", **self._metadata(path)})
            case "/2/files/get_metadata":
                return refused(409, {".tag": "path", "path": missing})
            case "/2/files/delete_v2" if there:
                metadata = {".tag": "file", **self._metadata(path)}
                del self.files[path]
                return answered({"metadata": metadata})
            case "/2/files/delete_v2":
                return refused(409, {".tag": "path_lookup", "path_lookup": missing})
            case "/2/files/download" if there:
                span = _RANGE.fullmatch(request.headers.get("Range", ""))
                content = self.files[path]
                data = content[int(span[1]) : int(span[2]) + 1] if span else content
                told = {"Dropbox-API-Result": json.dumps(self._metadata(path))}
                return web.Response(body=data, status=206 if span else 200, headers=told)
        return web.Response(status=404, text="no such route")

    def _start(self, body: bytes) -> web.Response:
        session = f"session-{next(self._ids)}"
        self.sessions[session] = bytearray(body)
        return answered({"session_id": session})

    def _append(self, cursor: Any, body: bytes) -> web.Response:
        has = self.sessions.get(cursor["session_id"])
        if has is None:
            return refused(409, "not_found")
        if cursor["offset"] != len(has):
            return refused(409, _offset(len(has)))
        has += body
        return answered(None)

    def _finish(self, asked: Any, body: bytes) -> web.Response:
        cursor, commit = asked["cursor"], asked["commit"]
        has = self.sessions.get(cursor["session_id"])
        if has is None:
            return refused(409, {".tag": "lookup_failed", "lookup_failed": {".tag": "not_found"}})
        if cursor["offset"] != len(has):
            return refused(409, {".tag": "lookup_failed", "lookup_failed": _offset(len(has))})
        if self.full:
            return refused(409, {".tag": "path", "path": {".tag": "insufficient_space"}})
        assert commit["mode"] in ("overwrite", {".tag": "overwrite"})
        del self.sessions[cursor["session_id"]]
        self.files[commit["path"]] = bytes(has) + body + (b"!" if self.spoiled else b"")
        return answered(self._metadata(commit["path"]))

    def _list(self, folder: str, limit: int, start: int) -> web.Response:
        inside = sorted(p for p in self.files if p.startswith(f"{folder}/"))
        if folder and not inside:
            return refused(409, {".tag": "path", "path": {".tag": "not_found"}})
        entries = [{".tag": "file", **self._metadata(path)} for path in inside]
        end = start + limit
        return answered(
            {
                "entries": entries[start:end],
                "cursor": f"{folder}|{limit}|{end}",
                "has_more": end < len(entries),
            }
        )

    def _metadata(self, path: str) -> dict[str, Any]:
        content = self.files[path]
        blocks = (content[at : at + _BLOCK] for at in range(0, len(content), _BLOCK))
        digest = hashlib.sha256(b"".join(hashlib.sha256(block).digest() for block in blocks))
        return {
            "name": path.rsplit("/", 1)[-1],
            "path_lower": path.lower(),
            "path_display": path,
            "id": f"id:{abs(hash(path)):024d}",
            "client_modified": "2026-11-24T15:30:00Z",
            "server_modified": "2026-11-24T15:30:00Z",
            "rev": "0123456789abcdef0123456",
            "size": len(content),
            "is_downloadable": True,
            "content_hash": digest.hexdigest(),
        }


def _offset(correct: int) -> dict[str, Any]:
    return {".tag": "incorrect_offset", "correct_offset": correct}
