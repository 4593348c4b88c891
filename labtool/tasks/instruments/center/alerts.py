"""What somebody should hear of an instrument: pure, from how it is now."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zlib import crc32
from zoneinfo import ZoneInfo

from labtool.core.clock import iso
from labtool.core.config.types import show_duration
from labtool.core.text import one_line
from labtool.tasks.instruments.center.looking import Look
from labtool.tasks.instruments.kinds._base import InstrumentOptions

_LONGEST = 200
# A clock that is off by more is told of.
_WRONG = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is not as it should be. `kind` is its sort (a log's own alerts begin with
    "alert"), `since` which time it is that it happens; `text` says it, `over` that it has ended;
    `personal`: who is logged in hears of it too."""

    kind: str
    since: str
    text: str
    over: str
    personal: bool = True


def conditions(
    found: Look, options: InstrumentOptions, now: datetime, zone: ZoneInfo
) -> Iterator[Condition]:
    """What is not as it should be now. Times are told by the server's clock."""
    name = one_line(found.name, 100)
    state = found.state
    if state is None or found.heard is None:
        return
    if found.life == "silent":
        if state.state != "off":  # who switches all off in the evening hears nothing
            since = f"{found.heard.astimezone(zone):%H:%M on %A}"
            text = (
                f"{name}: nothing was heard of its computer since {since}; is it on, and does"
                " labtool attune-watch run there?"
            )
            yield Condition("silent", iso(found.heard), text, f"{name} is heard of again", False)
        return
    if found.life == "unreadable":
        text = f"{name}: its log cannot be read: {one_line(found.why, _LONGEST)}"
        yield Condition("unreadable", "", text, f"{name}: its log is read again", False)
    if abs(found.skew) > _WRONG:
        way = "behind" if found.skew > timedelta(0) else "ahead"
        text = (
            f"{name}: its computer's clock is {_long(abs(found.skew))} {way}; set it, and its"
            " time zone (what is told here is by the server's clock)"
        )
        yield Condition("clock", "", text, f"{name}: its computer's clock is right again", False)
    for what, since in state.alerts.items():
        called = one_line(what, 100)
        text = f"{name}: {called}{_at(found, since, zone)}"
        yield Condition(f"alert {called}", since, text, f"{name}: no {called} any more")
    if state.state == "error":
        text = f"{name} stopped with an error: {one_line(state.error, _LONGEST)}"
        # A second error is another one, also where nothing went on in between.
        which = f"{state.since}/{crc32(state.error.encode()):08x}"
        yield Condition("error", which, text, f"{name} goes on after its error")
    if state.waiting_for and state.waiting_since:
        waited = now - found.moment(state.waiting_since)
        if waited > options.tell_waiting:
            what = one_line(state.waiting_for, _LONGEST)
            text = f"{name} has waited for {_long(waited)} for a person: {what}"
            yield Condition("waiting", state.waiting_since, text, f"{name} waits no longer")
    yield from _idle(found, name, options, now, zone)


def _idle(
    found: Look, name: str, options: InstrumentOptions, now: datetime, zone: ZoneInfo
) -> Iterator[Condition]:
    """Left on: for long, or when the lab closes."""
    state = found.state
    if state is None or state.state != "idle" or not state.since:
        return
    since = found.moment(state.since)
    if now - since > options.tell_idle or _closes_between(options.closing, since, now, zone):
        text = f"{name} is on and has done nothing for {_long(now - since)}"
        yield Condition("idle", state.since, text, f"{name} is in use, or off")


def _closes_between(closing: str, since: datetime, now: datetime, zone: ZoneInfo) -> bool:
    """Whether the lab's closing time has come since it was idle."""
    if not closing:
        return False
    at = time.fromisoformat(closing)
    local = now.astimezone(zone)
    last = datetime.combine(local.date(), at, zone)
    if last > local:
        last = datetime.combine(local.date() - timedelta(days=1), at, zone)
    return since < last


def cancelled(name: str, event: str, outcome: str) -> str:
    """What is said of a procedure that did not come to its end; empty for others."""
    if outcome != "cancelled":
        return ""
    what = one_line(event.removeprefix("ended "), 100)
    return f"{one_line(name, 100)}: {what} was cancelled"


def _at(found: Look, since: str, zone: ZoneInfo) -> str:
    return f" at {found.moment(since).astimezone(zone):%H:%M}" if since else ""


def _long(age: timedelta) -> str:
    return show_duration(age - age % timedelta(minutes=1)) if age > timedelta(minutes=1) else "1m"
