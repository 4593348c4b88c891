"""`kind: analytics`: properties of Google Analytics 4, read by the service account of google:.

Its data: `{"properties": [{"name", "id", "fetched_at", "error", "totals", "days": [{"day"}]}]}`
in the config's order; `totals` and each day (ISO dates of the property's zone, oldest first)
have `users`, `sessions`, `views`, `engagement_seconds` and `engagement_rate` (0 to 1), each
null where Google gave none. A property that could not be read keeps what it had, with its own
`fetched_at` and `error`.

Series: `users/NAME`, `sessions/NAME`, `views/NAME` (of all the days), `engagement/NAME` (seconds
a user).
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from labtool.core import shapes
from labtool.core.clock import iso
from labtool.core.config.types import Duration
from labtool.core.errors import LabtoolError
from labtool.tasks.cache.sources._base import Answer, Question, SourceOptions
from labtool.tasks.cache.sources._parts import told

METRICS = ("users", "sessions", "views", "engagement_seconds", "engagement_rate")
Number = Annotated[str, StringConstraints(pattern=r"^\d{1,20}$")]


class Options(SourceOptions):
    """Properties by a name of your choice, with their numbers (not the G-... of a stream)."""

    schema_version: ClassVar[int] = 1
    needs: ClassVar[str] = "google"

    kind: Literal["analytics"]
    every: Duration = Field(default=timedelta(minutes=15), description="Its beat")
    properties: dict[str, Number] = Field(min_length=1)
    days: Annotated[int, Field(ge=1, le=400)] = 30
    base_url: str = Field(
        default="https://analyticsdata.googleapis.com", pattern=r"^https?://", description="The API"
    )

    def prepare(self) -> None:
        """As every kind's."""
        from labtool.services.google import ready

        ready()

    def fetch(self, question: Question) -> Answer:
        """A report of each property. Raises the first error where none could be read."""
        from labtool.services.analytics import Analytics

        analytics = Analytics(question.config, self.base_url, question.seconds)
        known = _known(question.before)
        found: list[dict[str, Any]] = []
        errors: dict[str, LabtoolError] = {}
        for name, number in self.properties.items():
            empty: dict[str, Any] = {"fetched_at": None, "totals": None, "days": []}
            entry = {"name": name, "id": number, **(known.get(number) or empty), "error": ""}
            try:
                report = analytics.report(number, self.days)
            except LabtoolError as error:
                errors[name] = error
                entry["error"] = str(error)
            else:
                days = [{"day": str(day), **values} for day, values in report.days.items()]
                entry |= {"fetched_at": iso(question.now), "totals": report.totals, "days": days}
            found.append(entry)
        if len(errors) == len(found):
            raise next(iter(errors.values()))
        problems = told("Google Analytics", errors)
        return Answer({"properties": found}, _numbers(found), problems=problems)


def _known(before: Any) -> dict[str, dict[str, Any]]:
    """What the last answer said of each property, by its number, as far as it is understood."""
    found = {}
    for one in shapes.objects(shapes.mapping(before).get("properties")):
        totals, days = one.get("totals"), shapes.objects(one.get("days"))
        found[str(one.get("id"))] = {
            "fetched_at": shapes.instant(one.get("fetched_at")),
            "totals": _metrics(totals) if isinstance(totals, dict) else None,
            "days": [{"day": day, **_metrics(row)} for row in days
                     if (day := shapes.day(row.get("day")))],
        }  # fmt: skip
    return found


def _metrics(row: Mapping[str, Any]) -> dict[str, float | None]:
    return {name: shapes.real(row.get(name)) for name in METRICS}


def _numbers(properties: list[dict[str, Any]]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for one in properties:
        totals = one["totals"] if not one["error"] else None
        if totals is None:
            continue
        for metric in ("users", "sessions", "views"):
            if totals[metric] is not None:
                numbers[f"{metric}/{one['name']}"] = totals[metric]
        if totals["users"] and totals["engagement_seconds"] is not None:
            each = totals["engagement_seconds"] / totals["users"]
            numbers[f"engagement/{one['name']}"] = each
    return numbers
