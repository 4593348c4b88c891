"""`kind: calendar`: ICS feeds, with their recurrences.

Its data: `{"events": [{"calendar", "title", "start", "end"}]}`, of the next days, in order;
days are ISO dates of the lab's zone, both included.
"""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from labtool.core.config.types import Duration, Words
from labtool.services.calendar import events
from labtool.tasks.cache.sources._base import Answer, Question, SourceOptions


class Options(SourceOptions):
    """Calendars by path or URL, by a name of your choice or as a list."""

    kind: Literal["calendar"]
    calendars: Annotated[dict[str, str] | Words, Field(min_length=1)]
    ahead: Duration = Field(default=timedelta(days=60), description="How far to look")

    def prepare(self) -> None:
        """As every kind's."""
        from labtool.services.calendar import ready

        ready()

    def fetch(self, question: Question) -> Answer:
        """Read each calendar."""
        named = self.calendars
        sources = named if isinstance(named, dict) else {source: source for source in named}
        zone = question.config.core.lab.timezone
        today = question.now.astimezone(zone).date()
        found = [
            {"calendar": name, "title": e.summary, "start": str(e.start), "end": str(e.end)}
            for name, source in sources.items()
            for e in events(
                source,
                today,
                today + self.ahead,
                question.config.base,
                timeout=question.seconds / len(sources),
                zone=zone,
            )
        ]
        found.sort(key=lambda event: (event["start"], event["end"], event["title"]))
        return Answer({"events": found}, {"events": float(len(found))})
