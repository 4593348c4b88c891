"""What people say: which of it is heard, and as what."""

from collections.abc import Callable

from labtool.services.irc.accounts import Waiting
from labtool.services.irc.channels import Channels
from labtool.services.irc.desk import Desk
from labtool.services.irc.lines import readable
from labtool.services.irc.outgoing import Bucket
from labtool.services.irc.settings import Heard
from labtool.services.irc.wire import Line

_CTCP = "\x01"
_LONGEST_PING = 60


class Speech:
    """Turns PRIVMSG into what is heard. NOTICEs never are, so that bots do not talk to one
    another for ever; CTCP is not, but a few questions a minute are answered."""

    def __init__(self, desk: Desk, channels: Channels, heard: Callable[[Heard], None]) -> None:
        self._desk = desk
        self._channels = channels
        self._heard = heard
        self._waiting = Waiting(desk, heard)
        self._ctcp = Bucket(3, 20)

    def feed(self, line: Line) -> None:
        """Take a line from the server. Called after the members took it."""
        if line.command == "PRIVMSG":
            self._said(line)
        else:
            self._waiting.feed(line)

    def _said(self, line: Line) -> None:
        target, text = line.arg(0), line.arg(1)
        members = self._desk.members
        if not line.host or members.is_me(line.nick):
            return  # a server or a service, or our own words
        channel = None
        if not members.is_me(target):
            channel = self._channels.ours(target)
            if channel is None and target and target[0] in self._statuses():
                channel = self._channels.ours(target[1:])
            if channel is None:
                return
        if text.startswith(_CTCP):
            if channel is None:
                self._answer(line.nick, text.strip(_CTCP))
            return
        words = readable(text)
        if words:
            self._hear(line, channel, words)

    def _statuses(self) -> str:
        """What stands before a channel's name in what is said to its operators alone."""
        return self._desk.features.statusmsg or "".join(self._desk.features.prefixes)

    def _hear(self, line: Line, channel: str | None, words: str) -> None:
        known, account = self._desk.members.account(line, self._desk.now())
        op, voice = self._desk.members.rights(line.nick, channel)
        said = Heard(line.nick, line.host, account, channel, words, op, voice)
        asks = self._desk.settings.identified_only and not known
        if asks or self._waiting.holds(line.nick):
            self._waiting.put(said)
        else:
            self._heard(said)

    def _answer(self, nick: str, question: str) -> None:
        verb, _, rest = question.partition(" ")
        answers = {
            "VERSION": "VERSION labtool",
            "PING": f"PING {readable(rest)[:_LONGEST_PING]}".rstrip(),
        }
        answer = answers.get(verb.upper())
        if answer and self._ctcp.wait(self._desk.now()) == 0:
            self._ctcp.take()
            self._desk.outgoing.command(f"NOTICE {nick} :{_CTCP}{answer}{_CTCP}")
