"""The board's commands in Slack: `slack-bot` keeps what is said, `ptg-bot`, which has the board,
carries it out and answers in the thread. They meet in the state.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta

from labtool.core.clock import iso
from labtool.core.database import Marks
from labtool.core.lock import held
from labtool.core.messages import Message, Recipient
from labtool.core.outbox import Outbox
from labtool.core.people import fold
from labtool.core.said import Hear, Spoken
from labtool.core.service import checkpoint
from labtool.core.task import Run
from labtool.core.text import clean
from labtool.tasks.ptg.call import Notice, Outcome, Speaker
from labtool.tasks.ptg.section import Ptg

_SPACE = "ptg-said"
_KEPT = timedelta(days=7)
_ACCOUNT = "slack:"
_LONGEST = 2000
# Words before what is said to the board; a moderator's command begins with its track anyway.
_WORD, _MARKS = "board", ("#", "~")


def hears(run: Run) -> Hear | None:
    """What hears the board's commands in Slack, where the config has a board. Raises
    ConfigError."""
    if not run.config.has("ptg"):
        return None
    section = run.config.section("ptg", Ptg)

    def hear(spoken: Spoken) -> str | None:
        text = _for_board(spoken.text, section.prefix)
        if text is None:
            return None
        if len(text) > _LONGEST:
            return f"that is too long: {_LONGEST} characters at most"
        if not held(run.config.state, "ptg-bot"):
            return "the event board does not run now; start: labtool ptg-bot"
        value = {
            "nick": _nick(spoken),
            "user": spoken.user,
            "member": spoken.member,
            "operator": _is_operator(spoken, section),
            "text": text,
            "channel": spoken.channel,
            "thread": spoken.thread,
        }
        now = iso(run.clock.now())
        Marks(run.database, _SPACE).put(f"{now} {spoken.ident}", json.dumps(value), now)
        return ""

    return hear


def _for_board(said: str, prefix: str) -> str | None:
    """What is said to the board; None where it is not for it."""
    first, _, rest = said.partition(" ")
    if first.casefold() == _WORD:
        return rest.strip() or "help"
    if said.startswith(_MARKS):
        return said
    return said.removeprefix(prefix) if prefix and said.startswith(prefix) else None


def _nick(spoken: Spoken) -> str:
    """Who it is on the board: as on IRC where that is known, and else a name that nobody can have
    there, whatever they call themselves."""
    person = spoken.person
    if person and person.irc:
        return "-".join(person.irc.split())[:60]
    name = "-".join((person.name if person else spoken.name).split())[:50]
    return f"{name or spoken.user}@slack"


def _is_operator(spoken: Spoken, section: Ptg) -> bool:
    person = spoken.person
    if person is None:
        return False
    names = {fold(name) for name in (person.key, person.name, person.role) if name}
    return any(fold(one) in names for one in section.slack_operators)


class Elsewhere:
    """What was said in Slack, for the one who has the board. `hear` carries out a line, in the
    thread of the board."""

    def __init__(self, run: Run, hear: Callable[[Speaker, str], Outcome | None]) -> None:
        self._run, self._hear = run, hear
        self._marks = Marks(run.database, _SPACE)

    def waits(self) -> bool:
        """Whether there is something."""
        return bool(self._marks.all())

    def answer(self) -> bool:
        """Carry out what there is; whether the board was changed."""
        waiting = sorted(self._marks.all().items())
        changed = False
        for name, value in waiting:
            said = json.loads(value)
            if said.get("begun"):
                # What was killed in its middle may have been done; twice would be worse.
                text = "labtool was ended while it did that; look, and say it again if it is not"
                with self._run.database.write():
                    self._say(name, said["channel"], text, said["thread"])
                    self._marks.remove(name)
                continue
            self._marks.put(name, json.dumps({**said, "begun": True}), iso(self._run.clock.now()))
            speaker = Speaker(
                said["nick"], account=f"{_ACCOUNT}{said['user']}", op=said["operator"],
                voice=said["member"],
            )  # fmt: skip
            outcome = self._hear(speaker, said["text"])
            texts = [answer.text for answer in outcome.answers] if outcome else ["say: board help"]
            if outcome and outcome.fetch:
                texts = ["say that on IRC"]
            changed |= bool(outcome and outcome.changed)
            with self._run.database.write():
                self._say(name, said["channel"], "\n".join(texts), said["thread"])
                self._marks.remove(name)
        if waiting:
            checkpoint(self._run)
        return changed

    def tell(self, notice: Notice) -> None:
        """What a subscriber wants to hear who subscribed in Slack; in the main thread."""
        user = notice.owner.rpartition(_ACCOUNT)[2]
        when = iso(self._run.clock.now())
        self._say(f"{when} {notice.text}", user, notice.text, "")

    def _say(self, name: str, channel: str, text: str, thread: str) -> None:
        digest = hashlib.sha256(f"{name} {channel}".encode("utf-8", "replace")).hexdigest()[:24]
        until = self._run.clock.today() + _KEPT
        to = Recipient("channel", channel)
        message = Message(f"ptg:{digest}", to, clean(text), until, under=thread)
        Outbox(self._run.database).add(message)


def is_in_slack(notice: Notice) -> bool:
    """Whether who is to be told subscribed in Slack."""
    return notice.owner.startswith(f"account:{_ACCOUNT}")
