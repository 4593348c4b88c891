"""The desk's front end on IRC: lines to the desk, its answers to who asked."""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from labtool.core.errors import LabtoolError
from labtool.services.irc.client import IrcClient
from labtool.services.irc.settings import Heard
from labtool.tasks.ptg.call import Notice, Outcome, Speaker
from labtool.tasks.ptg.desk import Desk
from labtool.tasks.ptg.silence import HINT, Silence
from labtool.tasks.ptg.slack import is_in_slack

# Seconds; a nick may change hands where we do not see it.
_REMEMBERED = 12 * 3600.0
_MOST_MET = 5000
_UNSURE_AGAIN = 60.0
# No command is so long, and most answers repeat what was said.
_LONGEST = 2000

Fetched = dict[str, Any] | LabtoolError
Fetch = Callable[[str], Fetched]


class Front:
    """Hands what is heard to the desk. `changed` is called after each change of the board.
    All of it belongs to the event loop."""

    def __init__(
        self, desk: Desk, nick: str, fetch: Fetch, changed: Callable[[], None], prefix: str = "+"
    ) -> None:
        self.client: IrcClient | None = None
        self.oops: Callable[[Exception], None] = lambda error: None
        self.told_in_slack: Callable[[Notice], None] = lambda notice: None
        self._desk = desk
        self._nick = nick
        self._fetch = fetch
        self._changed = changed
        self._fetching: asyncio.Task[None] | None = None
        # Who spoke to us in private, and when: they may be in none of our channels.
        self._met: dict[str, tuple[str, float]] = {}
        self._unsure: dict[str, float] = {}
        self._silence = Silence(prefix)

    def heard(self, heard: Heard) -> None:
        """One line that somebody said."""
        speaker = Speaker(
            heard.nick, heard.host, heard.account, heard.channel or "", heard.op, heard.voice
        )
        if not speaker.channel:
            self._meet(speaker)
        long = len(heard.text) > _LONGEST
        tracks = {t.casefold() for t in self._desk.board.tracks} if not speaker.channel else ()
        text = "?" if long else heard.text
        answers = self._silence.answers(speaker, text, tracks, time.monotonic())
        if not answers or (long and speaker.channel):
            return
        if long:
            self._say(speaker, f"that is too long: {_LONGEST} characters at most")
        else:
            self._hear(speaker, heard)
        if answers == 1:
            self._say(speaker, HINT)

    def elsewhere(self, speaker: Speaker, text: str) -> Outcome | None:
        """One line that was said elsewhere; its answers are for who asks here."""
        outcome = self._desk.hear(speaker, text, self._nick)
        for notice in outcome.notices if outcome else ():
            self._notify(notice)
        return outcome

    def _hear(self, speaker: Speaker, heard: Heard) -> None:
        outcome = self._desk.hear(speaker, heard.text, self._nick)
        if outcome is None:
            return
        if heard.unsure and heard.account is None:
            self._ask_again(speaker)
            return
        if outcome.fetch and self._fetching is not None:
            self._say(speaker, "another fetch is under way; wait until it is done")
            return
        self._tell(speaker, outcome)
        if outcome.fetch:
            self._fetching = asyncio.create_task(self._fetch_for(speaker, outcome.fetch))

    def _ask_again(self, speaker: Speaker) -> None:
        """A command of somebody whose account could not be found; once for all that wait."""
        now = time.monotonic()
        recent = {who: at for who, at in self._unsure.items() if now - at < _UNSURE_AGAIN}
        if speaker.host not in recent:
            self._say(speaker, "services did not tell me in time who you are; try again later")
        self._unsure = {speaker.host: now, **recent}

    async def _fetch_for(self, speaker: Speaker, url: str) -> None:
        try:
            found = await self._in_background(lambda: self._fetch(url))
            self._tell(speaker, self._desk.fetched(speaker, url, found))
        except Exception as error:  # noqa: BLE001  (a task of its own, which nobody awaits)
            self._say(speaker, "that went wrong, and nothing was changed; the admins hear of it")
            self.oops(error)
        finally:
            self._fetching = None

    async def _in_background(self, work: Callable[[], Fetched]) -> Fetched:
        """What `work` returns, in a thread that does not keep the process when it is to end."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Fetched] = loop.create_future()

        def settle(found: Fetched | None, error: Exception | None) -> None:
            if done.cancelled():
                return
            if error is not None:
                done.set_exception(error)
            else:
                assert found is not None
                done.set_result(found)

        def run() -> None:
            found: Fetched | None = None
            failed: Exception | None = None
            try:
                found = work()
            except Exception as error:  # noqa: BLE001  (raised again where it is awaited)
                failed = error
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(settle, found, failed)

        threading.Thread(target=run, name="fetch", daemon=True).start()
        return await done

    def _tell(self, speaker: Speaker, outcome: Outcome) -> None:
        for answer in outcome.answers:
            self._say(speaker, answer.text, alone=answer.alone)
        for notice in outcome.notices:
            self._notify(notice)
        if outcome.changed:
            self._changed()

    def _say(self, speaker: Speaker, text: str, *, alone: bool = False) -> None:
        assert self.client is not None
        turn = speaker.host or speaker.nick
        if speaker.channel and not alone:
            self.client.say(speaker.channel, f"{speaker.nick}: {text}", turn=turn)
        else:
            self.client.say(speaker.nick, text, turn=turn)

    def _notify(self, notice: Notice) -> None:
        """Tell a subscriber, if it is still who subscribed: somebody else may have the nick
        by now, and they another one."""
        if is_in_slack(notice):
            self.told_in_slack(notice)
            return
        assert self.client is not None
        kind, _, owner = notice.owner.partition(":")
        member = self.client.present(notice.nick)
        if kind == "account":
            there = self.client.with_account(owner)
            same = [one for one in there if one.nick.lower() == notice.nick]
            found = next(iter(same or there), None)
        elif member and kind == "host" and member.host.lstrip("~") != owner:
            found = None
        else:
            found = member
        if found:
            self.client.say(found.nick, notice.text, bulk=True, turn=found.host)
        elif member is None and self._is_known(notice):
            self.client.say(notice.nick, notice.text, bulk=True)

    def _meet(self, speaker: Speaker) -> None:
        self._met.pop(speaker.key, None)
        self._met[speaker.key] = (speaker.owner, time.monotonic())
        if len(self._met) > _MOST_MET:
            del self._met[next(iter(self._met))]

    def _is_known(self, notice: Notice) -> bool:
        """Whether who is in none of our channels, and so cannot be seen, subscribed and spoke
        to us not long ago."""
        owner, when = self._met.get(notice.nick, ("", 0.0))
        return bool(owner) and owner == notice.owner and time.monotonic() - when < _REMEMBERED
