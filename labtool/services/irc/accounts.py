"""Lines of people whose account is not known yet wait here while WHOIS is asked."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from labtool.services.irc.desk import Desk
from labtool.services.irc.settings import Heard
from labtool.services.irc.wire import Line

_EACH = 10
_MOST = 500
_AT_ONCE = 10


@dataclass(slots=True)
class _Asked:
    nick: str
    place: str
    lines: deque[Heard] = field(default_factory=deque)
    asked: bool = False
    host: str = ""
    account: str | None = None


class Waiting:
    """Holds lines, in order for each nick, until the speaker's account is found; after the
    time limit they are heard as of somebody `unsure`. At most 10 lookups are under way, and
    one for each `user@host`. At most 10 lines of one `user@host` and 500 in all wait; where
    those are too many, the newest of who has most of them are left out."""

    def __init__(self, desk: Desk, heard: Callable[[Heard], None]) -> None:
        self._desk = desk
        self._heard = heard
        self._asked: dict[str, _Asked] = {}  # in the order in which they are asked

    def put(self, said: Heard) -> None:
        """Hold a line, and ask for its speaker if that was not done yet."""
        held = Counter(one.host for asked in self._asked.values() for one in asked.lines)
        own = held[said.host]
        if own >= _EACH:
            return
        if held.total() >= _MOST:
            place, most = held.most_common(1)[0]
            if most <= own + 1:
                return
            self._shorten(place)
        key = self._key(said.nick)
        if key not in self._asked:
            self._enter(key, _Asked(said.nick, said.host))
        self._asked[key].lines.append(said)
        self._ask()

    def holds(self, nick: str) -> bool:
        """Whether lines of this nick wait: a later one must not pass them."""
        return self._key(nick) in self._asked

    def feed(self, line: Line) -> None:
        """Take answers to WHOIS, and people who change or go, into account."""
        if line.command in ("QUIT", "PART", "KICK"):
            nick = line.arg(1) if line.command == "KICK" else line.nick
            gone = line.command == "QUIT" or not self._desk.members.present(nick, 0)
            if gone:
                # Whoever takes the nick now is somebody else.
                self._settle(self._key(nick), known=False)
        elif line.command == "NICK":
            self._renamed(line)
        else:
            self._answer(line)

    def _answer(self, line: Line) -> None:
        key = self._key(line.arg(1))
        asked = self._asked.get(key)
        if asked is None or not asked.asked:
            return
        if line.command == "311":
            asked.host = f"{line.arg(2)}@{line.arg(3)}"
        elif line.command == "330":
            asked.account = line.arg(2) or None
        elif line.command == "307" and asked.account is None:
            asked.account = line.arg(1)  # identified for the nick that they use
        elif line.command == "318":
            self._settle(key, known=True)
        elif line.command == "401":
            self._settle(key, known=False)

    def _renamed(self, line: Line) -> None:
        asked = self._pop(self._key(line.nick))
        if asked is None:
            return
        new = line.arg(0)
        self._settle(self._key(new), known=False)  # whoever had it before is gone
        lines = deque(replace(said, nick=new) for said in asked.lines)
        self._enter(self._key(new), _Asked(new, asked.place, lines))
        self._ask()

    def _enter(self, key: str, one: _Asked) -> None:
        """Let somebody wait for their turn to be asked about, but not for ever."""
        self._asked[key] = one
        self._desk.timers.later(f"whois {key}", self._desk.timing.stale, partial(self._late, key))

    def _ask(self) -> None:
        """Ask about those whose turn it is."""
        busy = {one.place for one in self._asked.values() if one.asked}
        for key, one in self._asked.items():
            if len(busy) >= _AT_ONCE:
                return
            if not one.asked and one.place not in busy:
                busy.add(one.place)
                one.asked = True
                # The questions before it, and as many replies between them, leave first.
                wait = self._desk.timing.whois + 2 * _AT_ONCE * self._desk.settings.interval
                self._desk.timers.later(f"whois {key}", wait, partial(self._late, key))
                self._desk.outgoing.ask(f"WHOIS {one.nick}")

    def _late(self, key: str) -> None:
        self._settle(key, known=False, unsure=True)

    def _settle(self, key: str, *, known: bool, unsure: bool = False) -> None:
        asked = self._pop(key)
        if asked is None:
            return
        self._ask()
        for said in asked.lines:
            # Another host: somebody else has the nick by now.
            same = known and asked.host in ("", said.host)
            account = asked.account if same else None
            if same:
                self._desk.members.learn(said.nick, account, self._desk.now())
            self._heard(replace(said, account=account, unsure=unsure))

    def _pop(self, key: str) -> _Asked | None:
        one = self._asked.pop(key, None)
        if one is not None:
            self._desk.timers.cancel(f"whois {key}")
            self._desk.outgoing.withdraw(f"WHOIS {one.nick}")
        return one

    def _shorten(self, place: str) -> None:
        """Leave out the newest line of a `user@host`."""
        for key, one in reversed(self._asked.items()):
            if one.place == place and one.lines:
                one.lines.pop()
                if not one.lines and not one.asked:
                    self._pop(key)
                return

    def _key(self, nick: str) -> str:
        return self._desk.features.fold(nick)
