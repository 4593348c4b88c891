"""`kind: http-json`: a web server."""

import json
from pathlib import Path
from typing import Any, ClassVar

from tests.servers.faults import Fault
from tests.tasks.cache.stands._web import WebStand


class Stand(WebStand):
    """A weather station's readings."""

    kind = "http-json"
    odd: ClassVar = [
        Fault.json({}),
        Fault.json({"current": None}),
        Fault.json(None),
        Fault.json([]),
    ]

    def config(self, folder: Path) -> dict[str, Any]:
        source = {
            "kind": self.kind,
            "url": f"{self.proxy.url}/now.json",
            "keep": "current",
            "plot": {"latest": "[-1].temp"},
        }
        return {"cache": {"source": source}}

    def publish(self, number: int) -> None:
        readings = [{"temp": n + 0.5, "sky": "grey"} for n in range(number)]
        self.proxy.put(
            "/now.json", json.dumps({"current": readings}), content_type="application/json"
        )

    def good(self, data: Any) -> None:
        assert data == [{"temp": 0.5, "sky": "grey"}, {"temp": 1.5, "sky": "grey"}]

    def bare(self, data: Any) -> None:
        assert data == []

    def count(self, data: Any) -> int:
        return len(data)
