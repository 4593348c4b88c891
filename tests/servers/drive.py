"""Google Drive v3, the part that makes presentations: copy, share, list, get, delete.

Files live in `files`, which a test may look into and change. The token endpoint takes any
assertion (the one of the Sheets stand-in verifies it), and every account may do everything
with every file; inject what should be refused.
"""

import functools
import itertools
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.servers.google import TOKEN
from tests.servers.http import HttpServer

PRESENTATION = "application/vnd.google-apps.presentation"
_PROPERTY = re.compile(r"appProperties has \{ *key='([^']*)' and value='((?:[^'\\]|\\.)*)' *\}")
_PARENT = re.compile(r"'([^']*)' in parents")
_PATHS = re.compile(
    r"/drive/v3/files(?:/(?P<id>[^/]+)(?:/(?P<part>copy|permissions)(?:/(?P<sub>[^/]+))?)?)?"
)


@dataclass(slots=True)
class File:
    """A file in the drive. `permissions` are as they were given, with an `id`."""

    id: str
    name: str
    mime_type: str = PRESENTATION
    parents: list[str] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    permissions: list[dict[str, Any]] = field(default_factory=list)
    trashed: bool = False
    copy_of: str = ""

    def reply(self) -> dict[str, Any]:
        """The file as Drive shows it."""
        return {
            "kind": "drive#file",
            "id": self.id,
            "name": self.name,
            "mimeType": self.mime_type,
            "parents": self.parents,
            "appProperties": self.properties,
            "trashed": self.trashed,
            "webViewLink": f"https://docs.google.com/presentation/d/{self.id}/edit",
        }


class Drive(HttpServer):
    """The drive's state and its server; `requests` and `inject` as of any HTTP stand-in."""

    def __init__(self) -> None:
        super().__init__(self._serve)
        self.files: dict[str, File] = {}
        self._ids = itertools.count(1)

    def config(self, folder: Path) -> dict[str, Any]:
        """The sections of a labtool config that reach it; writes the key file they name."""
        key = folder / "drive.json"
        key.write_text(json.dumps(service_account() | {"token_uri": self.url + "/oauth2/token"}))
        key.chmod(0o600)
        return {"google": {"credentials": {"file": str(key)}, "drive_url": self.url}}

    def env(self) -> dict[str, str]:
        """The secrets that `config` names: none."""
        return {}

    def add(self, name: str, **attributes: Any) -> File:
        """Put a file there, such as a template."""
        file = File(f"1file{next(self._ids):04d}", name, **attributes)
        self.files[file.id] = file
        return file

    def reset(self) -> None:
        """An empty drive; requests and faults are forgotten."""
        super().reset()
        self.files.clear()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/oauth2/token":
            return web.json_response(
                {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3599}
            )
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _error(401, "Request had invalid authentication credentials.")
        found = _PATHS.fullmatch(request.path)
        if not found:
            return _error(404, "Not Found")
        if found["id"] is None:
            return self._list(request)
        file = self.files.get(found["id"])
        if file is None:
            return _error(404, f"File not found: {found['id']}.")
        body = json.loads(await request.read() or b"{}")
        return self._act(request, file, found["part"], found["sub"], body)

    def _act(
        self,
        request: web.Request,
        file: File,
        part: str | None,
        sub: str | None,
        body: dict[str, Any],
    ) -> web.Response:
        match request.method, part, sub:
            case "GET", None, None:
                return _shown(request, file.reply())
            case "DELETE", None, None:
                del self.files[file.id]
                return web.Response(status=204)
            case "POST", "copy", None:
                return _shown(request, self._copy(file, body).reply())
            case "POST", "permissions", None:
                return self._share(request, file, body)
            case "GET", "permissions", None:
                return web.json_response({"permissions": file.permissions})
            case "DELETE", "permissions", str():
                file.permissions = [p for p in file.permissions if p["id"] != sub]
                return web.Response(status=204)
        return _error(404, "Not Found")

    def _copy(self, file: File, body: dict[str, Any]) -> File:
        return self.add(
            body.get("name", f"Copy of {file.name}"),
            mime_type=file.mime_type,
            parents=list(body.get("parents", file.parents)),
            properties={**file.properties, **body.get("appProperties", {})},
            copy_of=file.id,
        )

    def _share(self, request: web.Request, file: File, body: dict[str, Any]) -> web.Response:
        if "role" not in body or "type" not in body:
            return _error(400, "The permission role and type fields are required.")
        if body["type"] in ("user", "group") and "@" not in body.get("emailAddress", ""):
            return _error(400, "The specified emailAddress is invalid or not applicable.")
        permission = {**body, "id": f"{next(self._ids):020d}"}
        file.permissions.append(permission)
        return _shown(request, {"kind": "drive#permission", **permission})

    def _list(self, request: web.Request) -> web.Response:
        query = request.query.get("q", "")
        found = list(self.files.values())
        for key, value in _PROPERTY.findall(query):
            wanted = re.sub(r"\\(.)", r"\1", value)
            found = [f for f in found if f.properties.get(key) == wanted]
        for parent in _PARENT.findall(query):
            found = [f for f in found if parent in f.parents]
        if re.search(r"trashed *= *false", query):
            found = [f for f in found if not f.trashed]
        return web.json_response({"kind": "drive#fileList", "files": [f.reply() for f in found]})


def _shown(request: web.Request, whole: dict[str, Any]) -> web.Response:
    """The fields that were asked for; a few by default, as Drive does."""
    asked = request.query.get("fields", "kind,id,name,mimeType,type,role")
    names = {name.strip() for name in asked.split(",")}
    shown = whole if "*" in names else {k: v for k, v in whole.items() if k in names}
    return web.json_response(shown)


def _error(code: int, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=code)


@functools.cache
def service_account() -> dict[str, str]:
    """A service account's key without its token endpoint."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    private = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "type": "service_account",
        "project_id": "lab",
        "private_key_id": "1",
        "private_key": private.decode(),
        "client_email": "labtool@lab.iam.gserviceaccount.com",
        "client_id": "1",
    }
