"""`kind: dropbox`: an account with three files."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Self

from tests.servers.dropbox import KEY, REFRESH, SECRET, Dropbox, refusal
from tests.servers.faults import Fault

_LATE = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)


class Stand:
    """A lab's folder and a note beside it."""

    kind = "dropbox"
    odd: ClassVar = [
        Fault.json({}),
        Fault.json(None),
        Fault.json({"entries": None, "cursor": None, "has_more": None}),
        Fault.json({"entries": [{".tag": "file"}], "cursor": "x", "has_more": False}),
        Fault.json({"used": None, "allocation": None}),
        Fault.json({"used": 1, "allocation": {".tag": "of another kind"}}),
        Fault.json(refusal("of another kind"), status=409),
        Fault.json(refusal("of another kind"), status=401),
    ]

    def __init__(self) -> None:
        self.proxy = self._server = Dropbox()

    def start(self) -> Self:
        self.proxy.start()
        return self

    def stop(self) -> None:
        self.proxy.stop()

    def reset(self) -> None:
        self.proxy.reset()
        self._server.put("/Lab/Data/a.csv", 1000)
        self._server.put("/Lab/b.txt", 24, _LATE)
        self._server.put("/note.txt", 6)

    def config(self, folder: Path) -> dict[str, Any]:
        source = {
            "kind": self.kind,
            "base_url": self.proxy.url,
            "refresh_token": "${DROPBOX_REFRESH_TOKEN}",
            "app_key": KEY,
            "app_secret": "${DROPBOX_APP_SECRET}",
            "depth": 2,
        }
        return {"cache": {"source": source}}

    def env(self) -> dict[str, str]:
        return {"DROPBOX_REFRESH_TOKEN": REFRESH, "DROPBOX_APP_SECRET": SECRET}

    def empty(self) -> None:
        self.proxy.reset()

    def many(self) -> int:
        self.proxy.reset()
        self._server.page = 100
        for number in range(250):
            self._server.put(f"/Lab/{number}.csv", 10)
        return 250

    def good(self, data: Any) -> None:
        assert (data["used"], data["allotted"]) == (1030, 2_000_000_000)
        assert data["total"] == {"files": 3, "bytes": 1030, "latest": _LATE.isoformat()}
        assert data["folders"] == [
            {"path": "/Lab", "bytes": 1024, "files": 2, "latest": _LATE.isoformat()},
            {"path": "/Lab/Data", "bytes": 1000, "files": 1,
             "latest": "2026-11-20T09:00:00+00:00"},
        ]  # fmt: skip
        assert len(data["days"]) == 30
        assert all(day["added"] == day["changed"] == day["deleted"] == 0 for day in data["days"])

    def bare(self, data: Any) -> None:
        assert data["used"] == 0
        assert data["total"] == {"files": 0, "bytes": 0, "latest": None}
        assert data["folders"] == []

    def count(self, data: Any) -> int:
        return int(data["total"]["files"])

    def refused(self) -> Fault:
        return Fault.json(refusal("invalid_access_token"), status=401)

    def forbidden(self) -> Fault | None:
        missing = {".tag": "missing_scope", "required_scope": "files.metadata.read"}
        return Fault.json(refusal(missing), status=401)

    def limited(self, seconds: int) -> Fault:
        body = {"reason": {".tag": "too_many_requests"}, "retry_after": seconds}
        return Fault.json({"error_summary": "too_many_requests/..", "error": body}, status=429)
