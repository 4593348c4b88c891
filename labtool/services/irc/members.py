"""Who is in our channels, with which rights and accounts: kept by feeding it every line."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from labtool.services.irc.features import Features
from labtool.services.irc.settings import Member
from labtool.services.irc.wire import Line

# WHOX's answer is told from others' by this number.
WHOX_MARK = "743"
_MOST_PARAMETERS = 64


@dataclass(slots=True)
class _Person:
    nick: str
    host: str = ""
    account: str | None = None
    known: float | None = None  # when the account was learned
    channels: dict[str, set[str]] = field(default_factory=dict)  # folded name: mode letters


class Members:
    """The people in the channels that `me`, our nick, is in.

    `tagged` and `notified` say that the server puts accounts on each line (account-tag) and
    tells when they change (account-notify); without the latter what is known of an account
    is forgotten after `kept` seconds. `stale` collects channels (as the server writes them)
    whose members must be asked for again, because a MODE could not be understood.
    """

    def __init__(self, features: Features, me: str, kept: float = 600) -> None:
        self.me = me
        self.tagged = self.notified = False
        self.stale: set[str] = set()
        self._features = features
        self._kept = kept
        self._people: dict[str, _Person] = {}
        self._channels: dict[str, set[str]] = {}  # folded names of channels: of people
        self._names: dict[str, dict[str, tuple[set[str], str]]] = {}  # NAMES that are being listed

    def feed(self, line: Line, now: float) -> None:
        """Take a line from the server into account. `now` is monotonic, in seconds."""
        take = self._HANDLERS.get(line.command)
        if take:
            take(self, line, now)
        person = self._find(line.nick) if line.host else None
        if person:
            person.host = line.host
            if self.tagged and line.command != "ACCOUNT":
                person.account, person.known = line.tags.get("account") or None, now

    def is_me(self, nick: str) -> bool:
        """Whether this is our nick."""
        return bool(nick) and self._fold(nick) == self._fold(self.me)

    def inside(self, channel: str) -> bool:
        """Whether we are in the channel."""
        return self._fold(channel) in self._channels

    def present(self, nick: str, now: float) -> Member | None:
        """Somebody in one of our channels."""
        person = self._find(nick)
        return self._member(person, now) if person else None

    def with_account(self, account: str, now: float) -> list[Member]:
        """Those in our channels who are identified as this account."""
        wanted = self._fold(account)
        others = (one for one in self._people.values() if not self.is_me(one.nick))
        everybody = (self._member(person, now) for person in others)
        return [one for one in everybody if one.account and self._fold(one.account) == wanted]

    def account(self, line: Line, now: float) -> tuple[bool, str | None]:
        """Whether the account of the line's speaker is known, and which it is, if any."""
        if self.tagged:
            return True, line.tags.get("account") or None
        person = self._find(line.nick)
        if person is None or not self._fresh(person, now):
            return False, None
        return True, person.account

    def learn(self, nick: str, account: str | None, now: float) -> None:
        """Keep an account that was asked for, for somebody in our channels."""
        person = self._find(nick)
        if person:
            person.account, person.known = account, now

    def rights(self, nick: str, channel: str | None) -> tuple[bool, bool]:
        """Op and voice in a channel, or in any of ours."""
        person = self._find(nick)
        if person is None:
            return False, False
        if channel is None:
            letters = set().union(*person.channels.values())
        else:
            letters = person.channels.get(self._fold(channel), set())
        return self._features.is_op(letters), self._features.is_voice(letters)

    def _fold(self, name: str) -> str:
        return self._features.fold(name)

    def _find(self, nick: str) -> _Person | None:
        return self._people.get(self._fold(nick))

    def _fresh(self, person: _Person, now: float) -> bool:
        if person.known is None:
            return False
        return self.notified or now - person.known < self._kept

    def _member(self, person: _Person, now: float) -> Member:
        account = person.account if self._fresh(person, now) else None
        return Member(person.nick, person.host, account)

    def _enter(self, channel: str, nick: str, letters: set[str]) -> _Person:
        key, name = self._fold(channel), self._fold(nick)
        person = self._people.setdefault(name, _Person(nick))
        person.channels[key] = letters
        self._channels.setdefault(key, set()).add(name)
        return person

    def _leave(self, channel: str, nick: str) -> None:
        key, name = self._fold(channel), self._fold(nick)
        if self.is_me(nick):
            for other in list(self._channels.pop(key, ())):
                self._forget(key, other)
            self._names.pop(key, None)
        elif key in self._channels:
            self._channels[key].discard(name)
            self._forget(key, name)

    def _forget(self, key: str, name: str) -> None:
        person = self._people.get(name)
        if person:
            person.channels.pop(key, None)
            if not person.channels:
                del self._people[name]

    def _join(self, line: Line, now: float) -> None:
        for channel in filter(None, line.arg(0).split(",")):
            if self.is_me(line.nick):
                self._leave(channel, line.nick)
            elif not self.inside(channel):
                continue
            person = self._enter(channel, line.nick, set())
            if len(line.args) > 2:  # extended-join
                person.account = None if line.arg(1) in ("*", "0", "") else line.arg(1)
                person.known = now

    def _part(self, line: Line, now: float) -> None:
        for channel in line.arg(0).split(","):
            self._leave(channel, line.nick)

    def _kick(self, line: Line, now: float) -> None:
        self._leave(line.arg(0), line.arg(1))

    def _quit(self, line: Line, now: float) -> None:
        person = self._find(line.nick)
        for key in list(person.channels) if person else ():
            self._channels.get(key, set()).discard(self._fold(line.nick))
            self._forget(key, self._fold(line.nick))

    def _nick(self, line: Line, now: float) -> None:
        new = line.arg(0)
        if not new:
            return
        old, name = self._fold(line.nick), self._fold(new)
        if self.is_me(line.nick):
            self.me = new
        person = self._people.pop(old, None)
        if person is None:
            return
        if name != old:
            # A server lets nobody take a nick that is there; whoever we thought had it is gone.
            self._quit(Line("QUIT", nick=new), now)
        person.nick = new
        self._people[name] = person
        for key in person.channels:
            self._channels[key].discard(old)
            self._channels[key].add(name)

    def _account(self, line: Line, now: float) -> None:
        account = line.arg(0)
        self.learn(line.nick, None if account in ("*", "0", "") else account, now)

    def _chghost(self, line: Line, now: float) -> None:
        person = self._find(line.nick)
        if person and len(line.args) > 1:
            person.host = f"{line.arg(0)}@{line.arg(1)}"

    def _mode(self, line: Line, now: float) -> None:
        channel, changes, arguments = line.arg(0), line.arg(1), list(line.args[2:])
        if not self.inside(channel):
            return
        wanted = list(self._changes(changes))
        needing = sum(takes is True for _, _, takes in wanted)
        unknown = any(takes is None for _, _, takes in wanted)
        if unknown and needing == len(arguments):
            unknown = False  # what we do not know took nothing
        if unknown or needing != len(arguments):
            # Nobody knows which argument belongs to which mode: ask rather than guess.
            self.stale.add(channel)
            return
        key = self._fold(channel)
        for setting, letter, takes in wanted:
            argument = arguments.pop(0) if takes else ""
            if letter not in self._features.prefixes.values():
                continue
            person = self._find(argument)
            letters = person.channels.get(key) if person else None
            if letters is None:
                self.stale.add(channel)
            elif setting:
                letters.add(letter)
            else:
                letters.discard(letter)

    def _changes(self, changes: str) -> Iterator[tuple[bool, str, bool | None]]:
        setting = True
        for letter in changes[:_MOST_PARAMETERS]:
            if letter in "+-":
                setting = letter == "+"
            else:
                yield setting, letter, self._features.takes_argument(letter, setting=setting)

    def _name_reply(self, line: Line, now: float) -> None:
        """353: `me = #channel :@+nick!user@host ...`, several times until 366."""
        channel = line.arg(2)
        if len(line.args) < 4 or not self.inside(channel):
            return
        listed = self._names.setdefault(self._fold(channel), {})
        for word in line.arg(3).split(" "):
            mask = word.lstrip("".join(self._features.prefixes))
            letters = {self._features.prefixes[c] for c in word[: len(word) - len(mask)]}
            nick, _, host = mask.partition("!")
            if nick:
                listed[nick] = letters, host

    def _names_end(self, line: Line, now: float) -> None:
        key = self._fold(line.arg(1))
        listed = self._names.pop(key, None)
        if listed is None or key not in self._channels:
            return
        there = {self._fold(nick) for nick in listed}
        for gone in self._channels[key] - there - {self._fold(self.me)}:
            self._leave(key, gone)
        for nick, (letters, host) in listed.items():
            person = self._enter(key, nick, letters)
            person.host = host or person.host
        self.stale = {name for name in self.stale if self._fold(name) != key}

    def _whox(self, line: Line, now: float) -> None:
        """354, as asked by `%tnuhaf`: me, token, user, host, nick, flags, account."""
        if len(line.args) < 7 or line.arg(1) != WHOX_MARK:
            return
        person = self._find(line.arg(4))
        if person:
            person.host = f"{line.arg(2)}@{line.arg(3)}"
            person.account = None if line.arg(6) in ("0", "*", "") else line.arg(6)
            person.known = now

    def _who(self, line: Line, now: float) -> None:
        """352: me, channel, user, host, server, nick, flags."""
        person = self._find(line.arg(5))
        if person:
            person.host = f"{line.arg(2)}@{line.arg(3)}"

    _HANDLERS: ClassVar = {
        "JOIN": _join,
        "PART": _part,
        "KICK": _kick,
        "QUIT": _quit,
        "NICK": _nick,
        "MODE": _mode,
        "ACCOUNT": _account,
        "CHGHOST": _chghost,
        "353": _name_reply,
        "366": _names_end,
        "354": _whox,
        "352": _who,
    }
