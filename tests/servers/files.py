"""A web server of one file, which can be gone on with, and what goes wrong on the way."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class Files:
    """What is served: `data` at any path, with its marks, where they are not empty. Each entry of
    `statuses` and `cuts` is for one request: a status to answer, bytes after which the connection
    is cut. `held` stops each answer after so many bytes, until `go` is set. `ranges` are honoured,
    ignored, or wrong; `to` is where it redirects."""

    data: bytes = b""
    tag: str = '"one"'
    changed: str = ""
    ranges: str = "honoured"
    statuses: list[int] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    held: int = -1
    to: str = ""
    chunked: bool = False
    url: str = ""
    seen: list[dict[str, str]] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    go: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        files: Files = self.server.files  # type: ignore[attr-defined]
        files.seen.append({"path": self.path, **self.headers})
        files.sent.append(0)
        self.close_connection = True
        status = files.statuses.pop(0) if files.statuses else 200
        if files.to:
            self._head(302, Location=files.to)
            return
        if status != 200:
            said = b"not \x1b[31mnow\n<html>"
            self._head(status, **{"Content-Length": str(len(said))})
            self.wfile.write(said)
            return
        start = self._start(files)
        size = len(files.data)
        if start > 0 and start >= size:
            self._head(416, **{"Content-Range": f"bytes */{size}", "Content-Length": "0"})
            return
        marks = {"ETag": files.tag, "Last-Modified": files.changed}
        given = {name: value for name, value in marks.items() if value}
        if start:
            wrong = files.ranges == "wrong"
            given["Content-Range"] = f"bytes {start - wrong}-{size - 1}/{size}"
            start -= wrong
        if files.chunked:
            given["Transfer-Encoding"] = "chunked"
        else:
            given["Content-Length"] = str(size - start)
        self._head(206 if "Content-Range" in given else 200, **given)
        self._body(files, start)

    def _start(self, files: Files) -> int:
        asked = self.headers.get("Range", "").removeprefix("bytes=").removesuffix("-")
        same = self.headers.get("If-Range") in (None, files.tag, files.changed)
        return int(asked) if asked and files.ranges != "ignored" and same else 0

    def _head(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _body(self, files: Files, start: int) -> None:
        cut = files.cuts.pop(0) if files.cuts else len(files.data)
        number = len(files.sent) - 1
        for at in range(start, min(len(files.data), start + cut), 4096):
            data = files.data[at : min(at + 4096, start + cut)]
            if 0 <= files.held <= at - start:
                files.go.wait(30)
            try:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) if files.chunked else data)
                self.wfile.flush()
            except OSError:
                return
            files.sent[number] += len(data)
        if files.chunked and start + cut >= len(files.data):
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def serving(data: bytes = b"") -> Iterator[Files]:
    """One on a free loopback port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    files = Files(data, url=f"http://127.0.0.1:{server.server_port}")
    server.files = files  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield files
    finally:
        files.go.set()
        server.shutdown()
        server.server_close()
