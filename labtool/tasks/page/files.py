"""The site's files over HTTP: each whole, as it was at one instant."""

import asyncio
import hashlib
from pathlib import Path, PurePosixPath

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".ics": "text/calendar; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".txt": "text/plain; charset=utf-8",
}
_LARGEST = 64 * 1024 * 1024
# These have their content's digest in their name.
_FOREVER = "public, max-age=31536000, immutable"


class Files:
    """A folder's files. One that begins with a dot, or leads out of the folder, is not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def answer(self, request: Request) -> Response:
        """The file that a request names, or that it has not changed."""
        path = self._path(request.path_params["path"])
        content = await asyncio.to_thread(_read, path) if path else None
        if path is None or content is None:
            raise HTTPException(404)
        tag = f'W/"{hashlib.sha256(content).hexdigest()[:24]}"'
        assets = request.path_params["path"].startswith("assets/")
        headers = {"ETag": tag, "Cache-Control": _FOREVER if assets else "no-cache"}
        known = request.headers.get("if-none-match", "")
        if known == "*" or tag in (part.strip() for part in known.split(",")):
            return Response(status_code=304, headers=headers)
        kind = _TYPES.get(path.suffix.lower(), "application/octet-stream")
        return Response(content, headers={**headers, "Content-Type": kind})

    def _path(self, asked: str) -> Path | None:
        parts = PurePosixPath(asked or "index.html").parts
        if "\0" in asked or "\\" in asked or any(part.startswith(".") for part in parts):
            return None
        try:
            root = self._folder.resolve()
            path = root.joinpath(*(part for part in parts if part != "/")).resolve()
            if path.is_dir():
                path = (path / "index.html").resolve()
        except (OSError, ValueError, RuntimeError):
            return None
        return path if path.is_relative_to(root) and path.is_file() else None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.stat().st_size <= _LARGEST else None
    except OSError:
        return None
