"""Google Analytics Data API v1beta: batchRunReports over properties that a test fills.

Answers have the shape of developers.google.com/analytics/devguides/reporting/data/v1/rest:
headers, rows of strings, `rowCount`, no `rows` where there are none. The token endpoint takes
any assertion; who reads a property that is not there is refused as Google does, with 403.
"""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.servers.drive import service_account
from tests.servers.google import TOKEN
from tests.servers.http import HttpServer

_DENIED = "User does not have sufficient permissions for this property."


class Analytics(HttpServer):
    """`properties`: by number, the values of each metric by day."""

    def __init__(self) -> None:
        super().__init__(self._serve)
        self.properties: dict[str, dict[date, dict[str, float]]] = {}
        self.today = date(2026, 11, 25)

    def config(self, folder: Path) -> dict[str, Any]:
        """The sections of a labtool config that reach it; writes the key file they name."""
        key = folder / "analytics.json"
        key.write_text(json.dumps(service_account() | {"token_uri": self.url + "/oauth2/token"}))
        key.chmod(0o600)
        return {"google": {"credentials": {"file": str(key)}}}

    def env(self) -> dict[str, str]:
        """The secrets that `config` names: none."""
        return {}

    def reset(self) -> None:
        """No properties; requests and faults are forgotten."""
        super().reset()
        self.properties.clear()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/oauth2/token":
            token = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3599}
            return web.json_response(token)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return error(401, "Request had invalid authentication credentials.", "UNAUTHENTICATED")
        number = request.path.removeprefix("/v1beta/properties/").removesuffix(":batchRunReports")
        if number not in self.properties:
            return error(403, _DENIED, "PERMISSION_DENIED")
        asked = json.loads(await request.read())["requests"]
        assert len(asked) <= 5
        reports = [self._report(self.properties[number], one) for one in asked]
        return web.json_response({"kind": "analyticsData#batchRunReports", "reports": reports})

    def _report(
        self, values: dict[date, dict[str, float]], asked: dict[str, Any]
    ) -> dict[str, Any]:
        [period] = asked["dateRanges"]
        assert period["endDate"] == "today"
        back = int(period["startDate"].removesuffix("daysAgo"))
        days = sorted(day for day in values if self.today - day <= timedelta(days=back))
        metrics = [metric["name"] for metric in asked["metrics"]]
        by_day = bool(asked.get("dimensions"))
        groups = [[day] for day in days] if by_day else [days] if days else []
        rows = [
            {
                **({"dimensionValues": [{"value": f"{group[0]:%Y%m%d}"}]} if by_day else {}),
                "metricValues": [
                    {"value": str(sum(values[day].get(name, 0) for day in group))}
                    for name in metrics
                ],
            }
            for group in groups
        ]
        return {
            **({"dimensionHeaders": [{"name": "date"}]} if by_day else {}),
            "metricHeaders": [{"name": name, "type": "TYPE_INTEGER"} for name in metrics],
            **({"rows": rows, "rowCount": len(rows)} if rows else {}),
            "metadata": {"currencyCode": "USD", "timeZone": "America/Los_Angeles"},
            "kind": "analyticsData#runReport",
        }


def error(code: int, message: str, status: str) -> web.Response:
    """A refusal as Google writes it."""
    body = {"error": {"code": code, "message": message, "status": status}}
    return web.json_response(body, status=code)
