"""A web server for published files: CSV sheets and ICS calendars."""

import asyncio
import hashlib
from dataclasses import dataclass

from aiohttp import web

from tests.servers.http import HttpServer

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Page:
    """What is served at a path. `size` repeats the body up to so many bytes, streamed
    without a Content-Length; `drip` waits so many seconds before each byte."""

    body: bytes
    content_type: str
    status: int = 200
    size: int = 0
    drip: float = 0.0
    etag: bool = True


class Web(HttpServer):
    """Pages by path, with ETag and 304."""

    def __init__(self) -> None:
        super().__init__(self._serve)
        self._pages: dict[str, Page] = {}

    def put(
        self,
        path: str,
        body: str | bytes,
        *,
        content_type: str = "text/csv; charset=utf-8",
        encoding: str = "utf-8",
        status: int = 200,
        size: int = 0,
        drip: float = 0.0,
        etag: bool = True,
    ) -> str:
        """Serve `body` at `path` (`/people.csv`); returns its URL. `encoding` is the one that
        text is written in, whatever `content_type` says."""
        raw = body.encode(encoding) if isinstance(body, str) else body
        self._pages[path] = Page(raw, content_type, status, size, drip, etag)
        return self.url + path

    def remove(self, path: str) -> None:
        """Answer 404 there from now on."""
        self._pages.pop(path, None)

    def reset(self) -> None:
        """No pages; requests and faults are forgotten."""
        super().reset()
        self._pages.clear()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        page = self._pages.get(request.path)
        if page is None:
            return web.Response(status=404, text="404: Not Found")
        headers = {"Content-Type": page.content_type}
        if page.etag:
            headers["ETag"] = f'"{hashlib.sha256(page.body).hexdigest()[:16]}"'
            if request.headers.get("If-None-Match") == headers["ETag"]:
                return web.Response(status=304, headers={"ETag": headers["ETag"]})
        if not page.size and not page.drip:
            return web.Response(status=page.status, headers=headers, body=page.body)
        response = web.StreamResponse(status=page.status, headers=headers)
        await response.prepare(request)
        try:
            await _stream(response, page)
            await response.write_eof()
        except ConnectionError:
            pass  # the reader had enough, which is what such a page is for
        return response


async def _stream(response: web.StreamResponse, page: Page) -> None:
    if page.drip:
        for byte in page.body:
            await asyncio.sleep(page.drip)
            await response.write(bytes([byte]))
        return
    chunk = page.body * (_CHUNK // max(1, len(page.body)) + 1)
    left = page.size
    while left > 0:
        await response.write(chunk[:left])
        left -= len(chunk)
