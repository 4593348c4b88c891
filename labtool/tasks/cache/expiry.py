"""Credentials that run out: the admins hear of it before they do, two weeks and three days."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from labtool.core.messages import Message, Recipient
from labtool.tasks.cache.sources._base import Expiry

# So many days before, the earliest first.
STAGES = (14, 3)


def warnings(
    source: str, expiry: Expiry, admins: Sequence[Recipient], now: datetime, zone: ZoneInfo
) -> Iterator[Message]:
    """What the admins are to hear now; the same keys until the next stage."""
    left = expiry.at - now
    stage = next((days for days in reversed(STAGES) if left <= timedelta(days=days)), None)
    if stage is None or left <= timedelta(0):
        return  # later; or the vendor refuses it already, which is an error of its own
    day = expiry.at.astimezone(zone)
    text = (
        f"{expiry.what[:1].upper()}{expiry.what[1:]} (cache.{source}) runs out on {day:%A}"
        f" {day.day} {day:%B %Y}. Make a new one and put it into .env before then."
    )
    for admin in admins:
        yield Message(
            key=f"expires:{source}:{expiry.at.date()}:{stage}:{admin}",
            to=admin,
            text=text,
            subject=f"{expiry.what} runs out",
            until=expiry.at.date() + timedelta(days=1),
            colour="warning",
            useful_until=expiry.at.date(),
        )
