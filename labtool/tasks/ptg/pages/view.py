"""What the pages show, worked out: plain values that templates only lay out."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from labtool.core.clock import from_iso
from labtool.core.text import clean, one_line
from labtool.tasks.ptg import shape
from labtool.tasks.ptg.board import Board
from labtool.tasks.ptg.pages.badges import css_class
from labtool.tasks.ptg.timetable import Day, Slot
from labtool.tasks.ptg.verbs.track import is_web_address

_LONGEST = 600
_NAMES = 12
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PLACES = 30
_WORD = re.compile(r"(\s+)")
_TRAILING = re.compile(r"[^\w/=&#+%-]+$")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of what somebody wrote: `text`, a `track` (with its badge's class), a `link`."""

    kind: str
    text: str
    extra: str = ""


@dataclass(frozen=True, slots=True)
class Badge:
    """A track, as it is shown everywhere."""

    name: str
    css: str


@dataclass(frozen=True, slots=True)
class People:
    """Who is somewhere: how many, some of the names, how many more."""

    count: int
    names: tuple[str, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Topic:
    """A track that is at work."""

    badge: Badge
    place: str
    url: str
    now: list[Part]
    following: list[list[Part]]
    people: People | None


@dataclass(frozen=True, slots=True)
class Cell:
    """A slot of a room: the track that has it, or the code to book it by; neither where the
    room does not have the slot. `late` in minutes."""

    badge: Badge | None = None
    code: str = ""
    late: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A room on one day."""

    room: str
    desc: str
    url: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class DayView:
    """One day's schedule."""

    id: str
    name: str
    is_today: bool
    slots: tuple[Slot, ...]
    on: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class BoardView:
    """The board's page."""

    event: str
    changed: datetime | None
    changed_text: str
    topics: list[Topic]
    motd: list[dict[str, Any]]
    days: list[DayView]
    shown_day: str
    places: list[tuple[str, People]] = field(default_factory=list)
    more_places: int = 0
    is_empty: bool = False


def board(board: Board, now: datetime) -> BoardView:
    """The board's page, as it is now."""
    data = board.data
    known = {track.casefold(): track for track in board.tracks}
    there = _check_ins(board)
    busy = sorted({*data["now"], *data["next"]})
    topics = [_topic(board, track, known, there, now) for track in busy]
    days = [_day(board, day, n, there, now) for n, day in enumerate(board.days(now))]
    shown = next((day.id for day in days if day.is_today), days[0].id if days else "")
    elsewhere = sorted(
        ((place, who) for place, who in there.items() if not place.startswith("#")),
        key=lambda found: (-len(found[1]), found[0]),
    )
    return BoardView(
        event=one_line(str(data["eventid"]), 100),
        changed=_moment(data["timestamp"]),
        changed_text=one_line(str(data["timestamp"]), 60),
        topics=topics,
        motd=[{"level": m["level"], "parts": parts(m["message"], known)} for m in data["motd"]],
        days=days,
        shown_day=shown,
        places=[(one_line(place, 100), people(who)) for place, who in elsewhere[:_PLACES]],
        more_places=max(0, len(elsewhere) - _PLACES),
        is_empty=not data["tracks"] and not days,
    )


@dataclass(frozen=True, slots=True)
class Sign:
    """The big screen: what is on, and what each track has next today."""

    topics: list[Topic]
    soon: list[tuple[Slot, list[tuple[Badge, str]]]]


def sign(board: Board, now: datetime) -> Sign:
    """The big screen, as it is now: topics, and the slot that is on and the one after."""
    known = {track.casefold(): track for track in board.tracks}
    topics = [_topic(board, track, known, {}, now) for track in sorted(board.data["now"])]
    day = board.today(now)
    slots = [s for s in day.slots if s.end and s.end > now][:2] if day else []
    rooms = board.data["schedule"].items()
    soon = [
        (slot, [(badge(t), one_line(room, 60)) for room, plan in rooms if (t := _in(plan, slot))])
        for slot in slots
    ]
    return Sign(topics, soon)


def etherpad(board: Board, track: str, pattern: str) -> str:
    """Where a track's notes are; empty for nowhere."""
    own = web_address(board.get("etherpads", track))
    if own or not pattern:
        return own
    event = quote(str(board.data["eventid"] or "event"), safe="")
    made = pattern.replace("{event}", event).replace("{track}", quote(track, safe=""))
    return web_address(made)


def links(board: Board) -> list[tuple[str, str]]:
    """The useful links: title and address."""
    found = ((one_line(title, 200), web_address(url)) for title, url in board.data["links"].items())
    return [(title, url) for title, url in found if url]


def web_address(url: Any) -> str:
    """The address if it may be linked to, else nothing."""
    return url if isinstance(url, str) and is_web_address(url) else ""


def badge(track: str) -> Badge:
    """A track's badge."""
    return Badge(one_line(track, 60), css_class(track))


def parts(text: str, known: dict[str, str]) -> list[Part]:
    """What somebody wrote, with known tracks (`known`: small letters to name) and addresses
    found in it."""
    found: list[Part] = []
    for word in _WORD.split(one_line(clean(str(text)), _LONGEST)):
        ending = _TRAILING.search(word)
        core = word[: ending.start()] if ending else word
        track = known.get(core[1:].casefold()) if core.startswith("#") else None
        if track:
            part = Part("track", one_line(track, 60), css_class(track))
        elif is_web_address(core):
            part = Part("link", core, core)
        else:
            _add(found, word)
            continue
        found.append(part)
        _add(found, word[len(core) :])
    return found


def people(names: Iterable[str]) -> People:
    """Names in order, as many as there is room for."""
    everyone = sorted(names, key=str.casefold)
    shown = tuple(one_line(name, 40) for name in everyone[:_NAMES])
    return People(len(everyone), shown, len(everyone) - len(shown))


def _add(found: list[Part], text: str) -> None:
    if text and found and found[-1].kind == "text":
        found[-1] = Part("text", found[-1].text + text)
    elif text:
        found.append(Part("text", text))


def _topic(
    board: Board, track: str, known: dict[str, str], there: dict[str, list[str]], now: datetime
) -> Topic:
    place = board.location(track, now)
    plan = board.get("schedule", board.room_now(track, now) or "") or {}
    who = there.get(f"#{track}".casefold())
    return Topic(
        badge=badge(track),
        place=one_line(place, 200),
        url=web_address(board.get("urls", track)) or web_address(plan.get("url")),
        now=parts(board.get("now", track) or "", known),
        following=[parts(text, known) for text in board.get("next", track) or ()],
        people=people(who) if who else None,
    )


def _day(board: Board, day: Day, count: int, there: dict[str, list[str]], now: datetime) -> DayView:
    names = [slot.name for slot in day.slots]
    on = next((n for n, slot in enumerate(day.slots) if slot.is_on(now)), -1)
    rows = []
    for room, plan in board.data["schedule"].items():
        slots = shape.bookable(plan)
        if not any(name in slots for name in names):
            continue
        cells = tuple(
            _cell(board, room, slots, name, there if number == on else {})
            for number, name in enumerate(names)
        )
        desc = one_line(str(plan.get("desc") or ""), 200)
        rows.append(Row(one_line(room, 100), desc, web_address(plan.get("url")), cells))
    is_today = day is board.today(now)
    name = one_line(day.name, 60)
    if day.date and not any(weekday in name for weekday in _WEEKDAYS):
        name = f"{name} ({day.date:%A})"
    return DayView(f"day-{count + 1}", name, is_today, day.slots, on, tuple(rows))


def _cell(
    board: Board, room: str, slots: dict[str, str], name: str, there: dict[str, list[str]]
) -> Cell:
    track = slots.get(name)
    if track is None:
        return Cell()
    if not track:
        return Cell(code=one_line(f"{room}-{name}", 100))
    count = len(there.get(f"#{track}".casefold(), ()))
    return Cell(
        badge=badge(track),
        late=board.delay(track, name),
        title=f"{count} here" if count else "",
    )


def _in(plan: dict[str, Any], slot: Slot) -> str:
    return shape.bookable(plan).get(slot.name) or ""


def _check_ins(board: Board) -> dict[str, list[str]]:
    """Who is where: a place (a track's with its #, in small letters) to nicks."""
    found: dict[str, list[str]] = defaultdict(list)
    for key, entry in board.data["last_check_in"].items():
        place = entry.get("location")
        if place and entry.get("in") and not entry.get("out"):
            name = place.casefold() if place.startswith("#") else place
            found[name].append(str(entry.get("nick") or key))
    return found


def _moment(text: Any) -> datetime | None:
    try:
        return from_iso(str(text)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
