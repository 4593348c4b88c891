"""`kind: analytics`: two properties of Google Analytics."""

from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Self

from tests.servers.analytics import Analytics
from tests.servers.faults import Fault

_VALUES = {
    "totalUsers": 10,
    "sessions": 12,
    "screenPageViews": 40,
    "userEngagementDuration": 300,
    "engagementRate": 0.5,
}
_OURS = {"users", "sessions", "views", "engagement_seconds", "engagement_rate"}


class Stand:
    """A site and a wiki; the wiki began two days ago."""

    kind = "analytics"
    odd: ClassVar = [
        Fault.json({}),
        Fault.json({"reports": None}),
        Fault.json({"reports": [{}, {}]}),
        Fault.json({"reports": [{"rows": None}, {"rows": [{}]}]}),
        Fault.json({"reports": [{"rows": [{"metricValues": [{"value": None}] * 5}]}, {}]}),
    ]

    def __init__(self) -> None:
        self.proxy = self._server = Analytics()

    def start(self) -> Self:
        self.proxy.start()
        return self

    def stop(self) -> None:
        self.proxy.stop()

    def reset(self) -> None:
        self.proxy.reset()
        self._fill(30)

    def _fill(self, days: int) -> None:
        today = self._server.today
        for number, count in (("1001", days), ("1002", min(2, days))):
            self._server.properties[number] = {
                today - timedelta(days=n): dict(_VALUES) for n in range(count)
            }

    def config(self, folder: Path) -> dict[str, Any]:
        properties = {"site": "1001", "wiki": "1002"}
        source = {"kind": self.kind, "base_url": self.proxy.url, "properties": properties}
        return {**self._server.config(folder), "cache": {"source": source}}

    def env(self) -> dict[str, str]:
        return self._server.env()

    def empty(self) -> None:
        self._fill(0)

    def many(self) -> int:
        """Reports of a month are not paged."""
        return 32

    def good(self, data: Any) -> None:
        site, wiki = data["properties"]
        assert (site["name"], site["id"], site["error"]) == ("site", "1001", "")
        assert site["totals"] == {
            "users": 300, "sessions": 360, "views": 1200, "engagement_seconds": 9000,
            "engagement_rate": 15.0,
        }  # fmt: skip
        assert len(site["days"]) == 30
        assert site["days"][-1]["day"] == str(self._server.today)
        assert site["days"][0].keys() == _OURS | {"day"}
        assert wiki["totals"]["users"] == 20
        assert len(wiki["days"]) == 2

    def bare(self, data: Any) -> None:
        for one in data["properties"]:
            assert one["totals"] == dict.fromkeys(one["totals"], 0.0)
            assert one["totals"].keys() == _OURS
            assert one["days"] == []

    def count(self, data: Any) -> int:
        return sum(len(one["days"]) for one in data["properties"])

    def refused(self) -> Fault:
        return _error(401, "UNAUTHENTICATED", "invalid authentication credentials")

    def forbidden(self) -> Fault | None:
        return _error(403, "PERMISSION_DENIED", "User does not have sufficient permissions")

    def limited(self, seconds: int) -> Fault:
        return Fault.status(429, retry_after=seconds)


def _error(code: int, status: str, message: str) -> Fault:
    return Fault.json({"error": {"code": code, "message": message, "status": status}}, status=code)
