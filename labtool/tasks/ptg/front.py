"""The desk's front end on IRC: lines to the desk, its answers to who asked."""

import asyncio
from collections.abc import Callable
from typing import Any

from labtool.core.errors import LabtoolError
from labtool.services.irc.client import IrcClient
from labtool.services.irc.settings import Heard
from labtool.tasks.ptg.call import Notice, Outcome, Speaker
from labtool.tasks.ptg.desk import Desk

Fetch = Callable[[str], dict[str, Any] | LabtoolError]


class Front:
    """Hands what is heard to the desk. `changed` is called after each change of the board.
    All of it belongs to the event loop."""

    def __init__(self, desk: Desk, nick: str, fetch: Fetch, changed: Callable[[], None]) -> None:
        self.client: IrcClient | None = None
        self._desk = desk
        self._nick = nick
        self._fetch = fetch
        self._changed = changed
        self._fetching: asyncio.Task[None] | None = None

    def heard(self, heard: Heard) -> None:
        """One line that somebody said."""
        speaker = Speaker(
            heard.nick, heard.host, heard.account, heard.channel or "", heard.op, heard.voice
        )
        outcome = self._desk.hear(speaker, heard.text, self._nick)
        if outcome is None:
            return
        if outcome.fetch and self._fetching is not None:
            self._say(speaker, "another fetch is under way; wait until it is done")
            return
        self._tell(speaker, outcome)
        if outcome.fetch:
            self._fetching = asyncio.create_task(self._fetch_for(speaker, outcome.fetch))

    async def _fetch_for(self, speaker: Speaker, url: str) -> None:
        try:
            found = await asyncio.get_running_loop().run_in_executor(None, self._fetch, url)
            self._tell(speaker, self._desk.fetched(speaker, url, found))
        finally:
            self._fetching = None

    def _tell(self, speaker: Speaker, outcome: Outcome) -> None:
        for answer in outcome.answers:
            self._say(speaker, answer.text, alone=answer.alone)
        for notice in outcome.notices:
            self._notify(notice)
        if outcome.changed:
            self._changed()

    def _say(self, speaker: Speaker, text: str, *, alone: bool = False) -> None:
        assert self.client is not None
        if speaker.channel and not alone:
            self.client.say(speaker.channel, f"{speaker.nick}: {text}")
        else:
            self.client.say(speaker.nick, text)

    def _notify(self, notice: Notice) -> None:
        """Tell a subscriber, if it is still who subscribed: whoever has the nick now."""
        assert self.client is not None
        kind, _, owner = notice.owner.partition(":")
        if kind == "account":
            there = self.client.with_account(owner)
            same = [member for member in there if member.nick.lower() == notice.nick]
            member = next(iter(same or there), None)
        else:
            member = self.client.present(notice.nick)
            if member and kind == "host" and member.host.lstrip("~") != owner:
                return
        if member:
            self.client.say(member.nick, notice.text, bulk=True)
