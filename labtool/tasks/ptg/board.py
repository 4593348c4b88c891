"""The board in memory. A change is a list of edits, each of one place in the document, so
that it costs what it changes, can be appended to a journal, and can be taken back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from labtool.tasks.ptg import shape
from labtool.tasks.ptg.timetable import Day, Slot, timetable, today

_UTC = ZoneInfo("UTC")
# What an edit's value is when it removes its place.
GONE = None


@dataclass(frozen=True, slots=True)
class Edit:
    """One place (keys from the top of the document, at most three) and what is to be there;
    `there` is false for nothing."""

    path: tuple[str, ...]
    value: Any = GONE
    there: bool = True

    @classmethod
    def remove(cls, *path: str) -> "Edit":
        """Take a place away."""
        return cls(path, GONE, there=False)


@dataclass(frozen=True, slots=True)
class Change:
    """One accepted command: what it was called, who gave it, when (UTC, ISO 8601), its edits
    and those that take them back. One that is not `undoable` (a check-in, a subscription)
    is its giver's own."""

    label: str
    by: str
    at: str
    edits: tuple[Edit, ...]
    inverse: tuple[Edit, ...]
    undoable: bool = True


class Board:
    """The document, read by everybody and changed by `apply` alone."""

    def __init__(self, document: dict[str, Any], zone: ZoneInfo = _UTC) -> None:
        self.data = shape.complete(document)
        self.zone = zone
        # The timetable as it was worked out last: of which slots, on which day.
        self._days: tuple[Any, date, list[Day]] | None = None

    def get(self, *path: str) -> Any:
        """What is at a place; None where nothing is."""
        at: Any = self.data
        for key in path:
            if not isinstance(at, dict) or key not in at:
                return None
            at = at[key]
        return at

    def holds(self, edit: Edit) -> bool:
        """Whether an edit would change nothing."""
        if self._has(edit.path):
            return edit.there and self.get(*edit.path) == edit.value
        return not edit.there

    def inverse(self, edits: Iterable[Edit]) -> tuple[Edit, ...]:
        """The edits that take these back, as the document is before them; the last first."""
        before: dict[tuple[str, ...], Edit] = {}
        for edit in edits:
            path = edit.path
            # A place that is not there yet may need its parent, which goes with it.
            while len(path) > 1 and not isinstance(self.get(*path[:-1]), dict):
                path = path[:-1]
            there = self._has(path)
            before.setdefault(path, Edit(path, self.get(*path) if there else GONE, there=there))
        return tuple(reversed(before.values()))

    def apply(self, edits: Iterable[Edit]) -> None:
        """Carry out edits. What was there before is not changed but replaced, so that who
        holds it still has it."""
        for edit in edits:
            if edit.path[0] == "slots":
                self._days = None
            *parents, last = edit.path
            at = self.data
            for key in parents:
                inner = at.get(key)
                if not isinstance(inner, dict):
                    if not edit.there:
                        break
                    inner = at[key] = {}
                at = inner
            else:
                if edit.there:
                    at[last] = edit.value
                else:
                    at.pop(last, None)

    def _has(self, path: Sequence[str]) -> bool:
        parent = self.get(*path[:-1])
        return isinstance(parent, dict) and path[-1] in parent

    # What is on the board, by name

    @property
    def tracks(self) -> list[str]:
        """The known tracks, sorted."""
        found: list[str] = self.data["tracks"]
        return found

    def track(self, name: str) -> str | None:
        """The known track of this name, whatever its case."""
        wanted = name.casefold()
        return next((track for track in self.tracks if track.casefold() == wanted), None)

    def nearest(self, name: str) -> list[str]:
        """The tracks that were probably meant."""
        return get_close_matches(name.casefold(), self.tracks, n=3, cutoff=0.6)

    def days(self, now: datetime) -> list[Day]:
        """The event's days."""
        slots, here = self.data["slots"], now.astimezone(self.zone).date()
        if self._days is None or self._days[0] is not slots or self._days[1] != here:
            self._days = (slots, here, timetable(slots, self.zone, now))
        return self._days[2]

    def today(self, now: datetime) -> Day | None:
        """The event's day that is today."""
        return today(self.days(now), self.zone, now)

    def delay(self, track: str, slot: str) -> int:
        """By how many minutes a track's slot is later than the timetable says."""
        return int(self.get("delays", track, slot) or 0)

    def slots_today(self, track: str, now: datetime) -> list[tuple[Slot, str]]:
        """The slots of today in which a track is scheduled, as late as they are, with the
        room; in the order of the day."""
        day, wanted = self.today(now), track.casefold()
        if day is None:
            return []
        return [
            (slot.shifted(self.delay(track, slot.name)), room)
            for slot in day.slots
            for room, plan in self.data["schedule"].items()
            if (plan.get(slot.name) or "").casefold() == wanted
        ]

    def room_now(self, track: str, now: datetime) -> str | None:
        """The room that today's schedule has for a track: the one it is in, else the next
        one, else the last."""
        found = self.slots_today(track, now)
        for slot, room in found:
            if slot.end is None or now < slot.end:
                return room
        return found[-1][1] if found else None

    def location(self, track: str, now: datetime) -> str:
        """Where a track is: as set by hand, else today's room; empty where neither is."""
        return str(self.get("location", track) or self.room_now(track, now) or "")

    def by_hand(self, track: str, now: datetime) -> bool:
        """Whether a moderator said where a track is: it is in none of its rooms of today."""
        said = self.get("location", track)
        rooms = {room for _, room in self.slots_today(track, now)}
        return bool(said) and said not in rooms

    def slot(self, code: str) -> tuple[str, str] | None:
        """The room and slot of a code, `ROOM-SLOT`. Both may hold spaces and hyphens, and
        case and spaces do not matter."""
        wanted = _squeezed(code)
        for room, plan in self.data["schedule"].items():
            for name in shape.bookable(plan):
                if _squeezed(f"{room}-{name}") == wanted:
                    return room, name
        return None


def _squeezed(code: str) -> str:
    return "".join(code.split()).casefold()
