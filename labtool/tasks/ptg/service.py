"""`labtool ptg-bot`: the event board on IRC, for as long as the event lasts.

IRC has a thread of its own, which answers; it owns the board and the journal. This one, the
main thread, does what may take long: it writes the JSON file, lets the site be built, and
tells the admins.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TypeVar

from labtool.core.errors import LabtoolError, Temporary
from labtool.core.log import complain
from labtool.core.service import checkpoint, tried, until_told_to_stop
from labtool.core.task import Run
from labtool.services.irc.client import IrcClient
from labtool.tasks.ptg import shape
from labtool.tasks.ptg.board import Board
from labtool.tasks.ptg.call import Notice
from labtool.tasks.ptg.desk import Desk, Manners
from labtool.tasks.ptg.entry import Plan
from labtool.tasks.ptg.fetch import fetch
from labtool.tasks.ptg.front import Front
from labtool.tasks.ptg.slack import Elsewhere
from labtool.tasks.ptg.store import Store

T = TypeVar("T")

# Pages are at most 2 s behind the chat: this wait, what writing and building take, and as
# much again where those take long.
_PAUSE = 0.3
_REST = 4
# How often the site is built when nothing is said: its marks of the current slot move.
_EVERY = 60.0
# How soon an edit of the file by hand is seen.
_LOOK = 2.0
_CHECK_LINK = 600.0
_STOP = 8.0
_LINK, _DATABASE, _SITE, _SLACK = "irc", "board", "site", "board in Slack"


@dataclass(slots=True)
class _Mail:
    """What the threads tell the main one."""

    box: "SimpleQueue[LabtoolError | Notice | str]" = field(default_factory=SimpleQueue)

    def changed(self) -> None:
        self.box.put("changed")

    def stop(self) -> None:
        self.box.put("stop")

    def trouble(self, error: LabtoolError) -> None:
        error.topic = error.topic or _DATABASE
        self.box.put(error)


def open_desk(run: Run, chosen: Plan, told: Callable[[LabtoolError], None]) -> tuple[Desk, Store]:
    """The desk over a database file. Raises Failed and StateError."""
    store = Store(chosen.database, told)
    while store.being_edited():
        time.sleep(_PAUSE)
    board = Board(store.load(), run.config.core.lab.timezone)
    section = chosen.section
    manners = Manners(section.prefix, section.help_url, section.identified_only)
    return Desk(board, store, manners, run.clock.now, told), store


def serve(
    run: Run,
    chosen: Plan,
    connect: Callable[..., IrcClient],
    build: Callable[[], None],
) -> None:
    """Be on IRC until told to stop. `connect` makes the client (`Services.irc`), `build` the
    site from the JSON file.

    Raises Failed and StateError when the board cannot be opened, and KeyboardInterrupt
    after ^C.
    """
    mail = _Mail()
    desk, store = open_desk(run, chosen, mail.trouble)
    allow = chosen.section.fetch_allow
    nick, prefix = chosen.settings.nick, chosen.section.prefix
    front = Front(desk, nick, lambda url: fetch(url, allow), mail.changed, prefix)
    link = _Link(front, lambda **calls: connect(chosen.settings, **calls), mail)
    front.told_in_slack = mail.box.put
    slack = Elsewhere(run, lambda who, text: link.ask(lambda: front.elsewhere(who, text)))
    keeper = _Keeper(run, desk, store, link, build, slack)
    run.summary = "stopped; nobody said anything to it"
    with until_told_to_stop(mail.stop):
        link.start()
        try:
            keeper.work(mail)
        finally:
            link.stop()
            keeper.last_words()
            store.close()
    if link.died is not None:
        raise link.died


class _Link:
    """The thread that is on IRC."""

    def __init__(self, front: Front, connect: Callable[..., IrcClient], mail: _Mail) -> None:
        self.died: Exception | None = None
        self._mail = mail
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        front.oops = self._oops
        self._client = front.client = connect(heard=front.heard, told=complain, oops=self._oops)
        self._thread = threading.Thread(target=self._run, name="irc", daemon=True)

    @property
    def connected(self) -> bool:
        """Whether we are there."""
        return self._client.connected

    def start(self) -> None:
        """Connect, in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye."""
        with suppress(RuntimeError):  # it has ended already
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_STOP)

    def ask(self, question: Callable[[], T]) -> T:
        """What `question` answers in the thread of the board."""
        if not self._thread.is_alive():
            return question()

        async def answer() -> T:
            return question()

        try:
            return asyncio.run_coroutine_threadsafe(answer(), self._loop).result(_STOP)
        except TimeoutError:
            raise Temporary("the board did not answer in time", code="busy") from None

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._client.run(self._stop))
        except Exception as error:  # noqa: BLE001  (raised again in the main thread)
            self.died = error
        self._mail.stop()

    def _oops(self, error: Exception) -> None:
        from labtool.core.run import bug

        self._mail.trouble(bug(error))


class _Keeper:
    """Writes the file, has the site built, tells the admins; when there is need."""

    def __init__(
        self,
        run: Run,
        desk: Desk,
        store: Store,
        link: _Link,
        build: Callable[[], None],
        slack: Elsewhere,
    ) -> None:
        self._run, self._desk, self._store, self._link = run, desk, store, link
        self._build, self._slack = build, slack
        self._dirty = True
        self._built = self._told = 0.0
        self._link_checked = time.monotonic()
        self._away_since = ""

    def work(self, mail: _Mail) -> None:
        """Go on until a `stop` comes."""
        self._write()
        rest = 0.0
        while True:
            word = self._next(mail, rest)
            if word == "stop":
                return
            started = time.monotonic()
            if tried(self._run, _SLACK, self._answer_in_slack):
                self._run.looked_at.add(_SLACK)
            late = started - self._built > _EVERY
            if self._dirty or late or self._store.edited_outside():
                self._write()
            self._check_link()
            rest = _PAUSE + min(_REST * (time.monotonic() - started), 1.0)

    def _answer_in_slack(self) -> None:
        self._dirty |= self._slack.answer()

    def last_words(self) -> None:
        """What was accepted to the end is in the file."""
        self._write()

    def _next(self, mail: _Mail, rest: float) -> str:
        """Wait for something to do, at least `rest` seconds, so that what comes close
        together is written together."""
        started = time.monotonic()
        wait, until = _LOOK, started + rest
        while True:
            try:
                word = mail.box.get(timeout=max(0.0, wait))
            except Empty:
                now = time.monotonic()
                if self._dirty or now - started > _EVERY or self._store.edited_outside():
                    return ""
                if self._slack.waits():
                    return ""
                wait = _LOOK
                continue
            if word == "stop":
                return "stop"
            if isinstance(word, LabtoolError):
                self._run.fail(word)
                checkpoint(self._run)
            elif isinstance(word, Notice):
                self._slack.tell(word)
                checkpoint(self._run)
            else:
                self._dirty = True
                self._run.counts["changes"] += 1
            wait = until - time.monotonic()
            if wait <= 0:
                return ""

    def _write(self) -> None:
        """The file, then the site."""
        steps = ((_DATABASE, self._export), (_SITE, self._build))
        done = [topic for topic, step in steps if tried(self._run, topic, step)]
        self._built = time.monotonic()
        # Not after each change: it may wait for another process that sends messages.
        if self._run.errors or self._built - self._told > _EVERY:
            self._told = self._built
            checkpoint(self._run, *done)

    def _export(self) -> None:
        if self._store.being_edited():
            self._dirty = True
            return
        if self._store.edited_outside():
            self._link.ask(self._reload)
            self._dirty = True
        if not self._dirty:
            return
        content, upto = self._link.ask(
            lambda: (shape.dump(self._desk.board.data), self._store.newest())
        )
        self._dirty = not self._store.export(content, upto)

    def _reload(self) -> None:
        self._desk.reload(self._store.load())

    def _check_link(self) -> None:
        now = time.monotonic()
        if now - self._link_checked < _CHECK_LINK:
            return
        self._link_checked = now
        if self._link.connected:
            self._away_since = ""
            checkpoint(self._run, _LINK)
            return
        self._away_since = self._away_since or f"{self._run.clock.local():%H:%M on %A}"
        away = Temporary(f"not on IRC since about {self._away_since}", code="away")
        away.topic = _LINK
        self._run.fail(away)
        checkpoint(self._run)
