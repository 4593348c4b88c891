"""Lines of people whose account is not known yet wait here while WHOIS is asked."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from labtool.services.irc.desk import Desk
from labtool.services.irc.settings import Heard
from labtool.services.irc.wire import Line

_EACH = 10
_MOST = 500


@dataclass(slots=True)
class _Asked:
    nick: str
    lines: deque[Heard] = field(default_factory=deque)
    host: str = ""
    account: str | None = None


class Waiting:
    """Holds lines, in order for each nick, until the speaker's account is found; after the
    time limit they are heard without one. At most 10 lines a nick and 500 in all wait, and
    those beyond are left out."""

    def __init__(self, desk: Desk, heard: Callable[[Heard], None]) -> None:
        self._desk = desk
        self._heard = heard
        self._asked: dict[str, _Asked] = {}

    def put(self, said: Heard) -> None:
        """Hold a line, and ask for its speaker if that was not done yet."""
        key = self._key(said.nick)
        asked = self._asked.get(key)
        if asked is None:
            if len(self._asked) >= _MOST:
                return
            asked = self._asked[key] = _Asked(said.nick)
            self._ask(key)
        total = sum(len(one.lines) for one in self._asked.values())
        if len(asked.lines) < _EACH and total < _MOST:
            asked.lines.append(said)

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
        if asked is None:
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
        asked = self._asked.pop(self._key(line.nick), None)
        if asked is None:
            return
        self._desk.timers.cancel(f"whois {self._key(line.nick)}")
        new = line.arg(0)
        self._settle(self._key(new), known=False)  # whoever had it before is gone
        moved = _Asked(new, deque(replace(said, nick=new) for said in asked.lines))
        self._asked[self._key(new)] = moved
        self._ask(self._key(new))

    def _ask(self, key: str) -> None:
        # Each question before this one needs its time to leave.
        queue = len(self._asked) * self._desk.settings.interval
        wait = self._desk.timing.whois + queue
        self._desk.timers.later(f"whois {key}", wait, lambda: self._settle(key, known=False))
        self._desk.outgoing.command(f"WHOIS {self._asked[key].nick}")

    def _settle(self, key: str, *, known: bool) -> None:
        asked = self._asked.pop(key, None)
        if asked is None:
            return
        self._desk.timers.cancel(f"whois {key}")
        for said in asked.lines:
            # Another host: somebody else has the nick by now.
            same = known and asked.host in ("", said.host)
            account = asked.account if same else None
            if same:
                self._desk.members.learn(said.nick, account, self._desk.now())
            self._heard(replace(said, account=account))

    def _key(self, nick: str) -> str:
        return self._desk.features.fold(nick)
