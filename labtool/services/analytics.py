"""Google Analytics 4, read through the Data API (v1beta, batchRunReports).

Google's own client for it brings gRPC, 19 MB; the account's session asks the same endpoint.
Metrics and dimensions: developers.google.com/analytics/devguides/reporting/data/v1/api-schema.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from labtool.core.config import Config
from labtool.core.errors import AccessDenied, Failed, LabtoolError, Temporary
from labtool.core.masking import retold
from labtool.core.text import one_line
from labtool.services.google import Account, explained, refusal
from labtool.services.retry import retrying

if TYPE_CHECKING:
    from google.auth.transport.requests import AuthorizedSession
    from requests import Response

SCOPE = "https://www.googleapis.com/auth/analytics.readonly"
# Ours: Google's.
_METRICS = {
    "users": "totalUsers",
    "sessions": "sessions",
    "views": "screenPageViews",
    "engagement_seconds": "userEngagementDuration",
    "engagement_rate": "engagementRate",
}
_BAD = "made no sense"


@dataclass(frozen=True, slots=True)
class Report:
    """A property's numbers: in all, and of each day that has any, oldest first. A number that
    Google did not give is None."""

    totals: Mapping[str, float | None]
    days: Mapping[date, Mapping[str, float | None]]


class Analytics:
    """Reads properties as the config's service account, for at most so many seconds in all."""

    def __init__(self, config: Config, base_url: str, seconds: float) -> None:
        settings = config.core.google
        if settings is None:
            fix = (
                "add google: {credentials: {file: PATH}} with a service account's key, and let its"
                " address into the property: Admin, Property access management, viewer"
            )
            raise Failed("the config has no section google", fix=fix, code="no_google")
        self._end = time.monotonic() + seconds
        self._call_seconds = min(seconds, settings.timeout / timedelta(seconds=1))
        self._account = Account(settings.credentials.reveal(), self._call_seconds)
        self._base = base_url.rstrip("/")
        self._session: AuthorizedSession | None = None

    def report(self, number: str, days: int) -> Report:
        """The last so many days of a property, today included. Raises AccessDenied, Failed
        (no such property, not shared) and Temporary."""
        where = f"Google Analytics property {number}"
        left = self._end - time.monotonic()
        if left <= 0:
            raise Temporary("there was not time enough", where=where, code="late")
        reports = retrying(lambda: self._ask(number, days, where), left)
        try:
            totals, by_day = reports
            rows = [_numbers(row) for row in totals.get("rows") or ()]
            return Report(
                rows[0] if rows else dict.fromkeys(_METRICS, 0.0),
                {_day(row): _numbers(row) for row in by_day.get("rows") or ()},
            )
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            raise Temporary(f"Google's answer {_BAD}", where=where, code="google") from None

    def _ask(self, number: str, days: int, where: str) -> list[dict[str, Any]]:
        period = {"startDate": f"{days - 1}daysAgo", "endDate": "today"}
        metrics = [{"name": name} for name in _METRICS.values()]
        totals = {"dateRanges": [period], "metrics": metrics}
        by_day = {
            **totals,
            "dimensions": [{"name": "date"}],
            "orderBys": [{"dimension": {"dimensionName": "date"}}],
            "limit": days + 1,
        }
        url = f"{self._base}/v1beta/properties/{quote(number, safe='')}:batchRunReports"
        with explained(where):
            if self._session is None:
                self._session = self._account.session([SCOPE])
            response = self._session.post(url, json={"requests": [totals, by_day]})
        if not response.ok:
            raise self._refusal(response, where)
        try:
            reports: list[dict[str, Any]] = response.json()["reports"]
        except (ValueError, KeyError, TypeError):
            raise Temporary(f"Google's answer {_BAD}", where=where, code="google") from None
        return reports

    def _refusal(self, response: "Response", where: str) -> LabtoolError:
        status, said = response.status_code, _message(response)
        if status == 403 and "has not been used in project" in said:
            fix = "enable the Google Analytics Data API in the account's Google Cloud project"
            return Failed("the API is switched off", where=where, fix=fix, code="google_api")
        if status == 403:
            fix = f"add {self._account.email} as a viewer: Admin, Property access management"
            what = "the service account may not read it (analytics.readonly)"
            return AccessDenied(what, where=where, fix=fix, code="google_403")
        if status in (400, 404):
            fix = "check the property's number: Admin, Property details"
            return Failed(said or "does not exist", where=where, fix=fix, code=f"google_{status}")
        return refusal(response, where, self._account.email)


def _numbers(row: Mapping[str, Any]) -> dict[str, float | None]:
    values = [value.get("value") for value in row["metricValues"]]
    return {
        name: None if value is None else _finite(value)
        for name, value in zip(_METRICS, values, strict=True)
    }


def _finite(value: Any) -> float:
    found = float(value)
    if not math.isfinite(found):
        raise ValueError(value)
    return found


def _day(row: Mapping[str, Any]) -> date:
    return datetime.strptime(row["dimensionValues"][0]["value"], "%Y%m%d").date()  # noqa: DTZ007  (a day)


def _message(response: "Response") -> str:
    try:
        return one_line(retold(str(response.json()["error"]["message"])), 200)
    except (ValueError, KeyError, TypeError):
        return ""
