"""`kind: sheets`: Google Sheets behind a service account."""

from pathlib import Path
from typing import Any, ClassVar, Self

from tests.servers.faults import Fault
from tests.servers.google import Google

_HEAD = ["week", "who"]


class Stand:
    """A spreadsheet of duties."""

    kind = "sheets"
    odd: ClassVar = [
        Fault.json({}),
        Fault.json({"sheets": None}),
        Fault.json({"values": None, "sheets": [{"properties": {}}]}),
    ]

    def __init__(self) -> None:
        self._google = Google()
        self.proxy = self._google.proxy
        self._key = ""

    def start(self) -> Self:
        self._google.start()
        return self

    def stop(self) -> None:
        self._google.stop()

    def reset(self) -> None:
        self._google.reset()
        self._key = self._google.spreadsheet(duties=[_HEAD, ["2026-11-23", "Ann"]])

    def config(self, folder: Path) -> dict[str, Any]:
        sheet = {"google": self._key, "tab": "duties"}
        return {
            **self._google.config(folder),
            "sheets": {"duties": sheet},
            "cache": {"source": {"kind": self.kind}},
        }

    def env(self) -> dict[str, str]:
        return self._google.env()

    def empty(self) -> None:
        self._google.write(self._key, {"duties": [_HEAD]})

    def many(self) -> int:
        rows = [[f"week {n}", "Ann"] for n in range(3000)]
        self._google.write(self._key, {"duties": [_HEAD, *rows]})
        return 3001

    def good(self, data: Any) -> None:
        assert data["sheets"] == {"duties": [_HEAD, ["2026-11-23", "Ann"]]}
        assert data["read"]["duties"]["error"] == ""
        assert data["read"]["duties"]["fetched_at"]

    def bare(self, data: Any) -> None:
        assert data["sheets"] == {"duties": [_HEAD]}

    def count(self, data: Any) -> int:
        return len(data["sheets"]["duties"])

    def refused(self) -> Fault:
        body = {"error": {"code": 401, "message": "no", "status": "UNAUTHENTICATED"}}
        return Fault.json(body, status=401)

    def forbidden(self) -> Fault | None:
        body = {"error": {"code": 403, "message": "no", "status": "PERMISSION_DENIED"}}
        return Fault.json(body, status=403)

    def limited(self, seconds: int) -> Fault:
        return Fault.status(429, retry_after=seconds)
