"""Telling people what an answer means for them, each thing once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from labtool.core.clock import iso
from labtool.core.credentials import remember
from labtool.core.database import Marks
from labtool.core.errors import LabtoolError
from labtool.core.messages import Message, Recipient
from labtool.core.task import Run
from labtool.tasks.cache.balance import Look, State, end, looked, outage
from labtool.tasks.cache.expiry import warnings
from labtool.tasks.cache.sources._base import Answer, Watched

# Longer than any alarm lasts: its key must not become free while it does.
_KEEP = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Who:
    """Whom to tell: the admins, and who has a duty; asked only when there is something."""

    admins: Callable[[], Sequence[Recipient]]
    on_duty: Callable[[str], Sequence[Recipient]]


def tell(run: Run, source: str, answer: Answer, who: Who) -> None:
    """Put into the outbox what is to be said; what was said is not said again."""
    ends = answer.expires.at if answer.expires else None
    remember(run.database, f"the credential of cache.{source}", ends)
    if answer.expires:
        zone = run.config.core.lab.timezone
        for message in warnings(source, answer.expires, who.admins(), run.clock.now(), zone):
            run.outbox.add(message)
    if answer.watched:
        _tell_of_balancers(run, source, answer.watched, who)


def _tell_of_balancers(run: Run, source: str, watched: Watched, who: Who) -> None:
    """Whoever has the duty hears that a balancer is down; whoever heard it hears of its end."""
    book = _Book(run, source)
    duty: Sequence[Recipient] | None = None
    for kind, name, look in _every(book, watched):
        before = book.read(kind, name)
        state = looked(before, look, run.clock.now())
        messages: list[Message] = []
        if state.is_down and look:
            duty = _on_duty(run, who, watched.duty) if duty is None else duty
            key = _key(source, kind, name, state.since)
            new = [to for to in duty if str(to) not in before.told]
            messages = [_message(run, f"{key}:{to}", to, outage(look), "danger") for to in new]
            state = replace(state, told=(*before.told, *map(str, new)))
        elif before.told and not state.since:
            key = _key(source, kind, name, before.since)
            messages = [
                _message(run, f"{key}:over:{to}", _recipient(to), end(name, look), "good")
                for to in before.told
            ]
        # What is told and that it was told: both, or neither.
        with run.database.write():
            for message in messages:
                run.outbox.add(message)
            book.write(kind, name, state, gone=look is None)


def _every(book: "_Book", watched: Watched) -> "Iterator[tuple[str, str, Look | None]]":
    """Each balancer that was seen, and those that were known and are not there any more; none of
    a kind that nobody could look at."""
    looks: dict[tuple[str, str], Look] = {(one.kind, one.name): one for one in watched.looks}
    for (kind, name), look in looks.items():
        yield kind, name, look
    for kind, name in book.known():
        if kind in watched.kinds and (kind, name) not in looks:
            yield kind, name, None


class _Book:
    """What is known of a source's balancers, in the database: a cache file may be lost."""

    def __init__(self, run: Run, source: str) -> None:
        self._marks = Marks(run.database, f"balancers {source}")
        self._now = iso(run.clock.now())

    def known(self) -> list[tuple[str, str]]:
        """Kinds and names."""
        pairs = (name.partition("/") for name in self._marks.names())
        return [(kind, name) for kind, _, name in pairs]

    def read(self, kind: str, name: str) -> State:
        return State.read(self._marks.get(f"{kind}/{name}"))

    def write(self, kind: str, name: str, state: State, *, gone: bool) -> None:
        """Keep it; forget one that is gone."""
        if gone:
            self._marks.remove(f"{kind}/{name}")
        else:
            self._marks.put(f"{kind}/{name}", state.write(), self._now)


def _key(source: str, kind: str, name: str, since: str) -> str:
    return f"balancer:{source}:{kind}:{name}:{since}"


def _recipient(text: str) -> Recipient:
    """Who stands in what was told: `KIND:NAME`, as `str` writes a recipient."""
    kinds: dict[str, Literal["person", "channel", "address"]] = {
        "person": "person",
        "channel": "channel",
    }
    kind, _, name = text.partition(":")
    return Recipient(kinds.get(kind, "address"), name)


def _on_duty(run: Run, who: Who, duty: str) -> Sequence[Recipient]:
    """Who has a duty; the admins where nobody has, or nobody can tell."""
    try:
        return who.on_duty(duty) or who.admins()
    except LabtoolError as error:
        run.fail(error)
        return who.admins()


def _message(
    run: Run, key: str, to: Recipient, text: str, colour: Literal["good", "danger"]
) -> Message:
    return Message(
        key=key,
        to=to,
        text=text,
        subject=text.partition(":")[0],
        until=run.clock.today() + _KEEP,
        colour=colour,
        urgent=colour == "danger",
    )
