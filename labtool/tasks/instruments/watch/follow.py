"""`labtool attune-watch --follow`: reading, sending and signs of life, each in a thread of its
own, so that none waits for another.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from labtool.core.errors import LabtoolError, StateError, Temporary
from labtool.core.lock import hold
from labtool.core.run import bug
from labtool.core.service import checkpoint, until_told_to_stop
from labtool.core.task import Run
from labtool.tasks.instruments.watch.sending import Server
from labtool.tasks.instruments.watch.store import Store
from labtool.tasks.instruments.watch.task import Show, Watch, Watched

# Seconds: between looks at the log, the longest rest of who cannot send.
_LOOK, _LONGEST_REST, _LONGEST_ASKED = 0.2, 60.0, 600.0
# Of a look's time, so many are rested: thousands of logs on a share take long to look at.
_IDLE = 9.0
# A look at the log that takes longer hangs; one that fails may be a share that blinks.
_HANGS, _BLINKS = 60.0, 5.0
# How long the end waits for a thread.
_PATIENCE = 10.0


@dataclass(slots=True)
class _Shared:
    """What an instrument's threads share."""

    watched: Watched
    trouble: LabtoolError | None = None
    looked: float = field(default_factory=time.monotonic)
    fresh: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True)
class _Following:
    run: Run
    connect: Callable[[Watched], Server]
    show: Show
    all_of_them: bool = False
    stopped: threading.Event = field(default_factory=threading.Event)
    # A topic and its trouble; None where it is over.
    told: "SimpleQueue[tuple[str, LabtoolError | None]]" = field(default_factory=SimpleQueue)

    def read(self, shared: _Shared) -> None:
        """The log, again and again."""
        topic, failing, before = _topic("log", shared.watched), 0.0, "-"
        with closing(Store(self.run.config.state, shared.watched.key)) as store:
            watch = Watch(shared.watched, store, self.run.clock, self.show, self.all_of_them)
            while not self.stopped.is_set():
                began = time.monotonic()
                try:
                    if watch.read():
                        shared.fresh.set()
                    shared.trouble, failing = None, 0.0
                except StateError:
                    raise
                except LabtoolError as error:
                    shared.fresh.set()  # what was read before it
                    failing = failing or began
                    if began - failing > _BLINKS:
                        shared.trouble = error
                shared.looked = time.monotonic()
                if before != str(shared.trouble) and (shared.trouble or not failing):
                    before = str(shared.trouble)
                    self.told.put((topic, shared.trouble))
                self.stopped.wait(max(_LOOK, _IDLE * (shared.looked - began)))

    def send(self, shared: _Shared) -> None:
        """What waits, as soon as there is some."""
        server = self.connect(shared.watched)
        rest = _LOOK
        with closing(Store(self.run.config.state, shared.watched.key)) as store:
            watch = Watch(shared.watched, store, self.run.clock, self.show)
            while not self.stopped.is_set():
                shared.fresh.clear()
                trouble: LabtoolError | None = None
                try:
                    watch.send(server, lambda: not self.stopped.is_set())
                except StateError:
                    raise
                except LabtoolError as error:
                    trouble = error
                rest = max(min(2 * rest, _LONGEST_REST), _asked(trouble)) if trouble else _LOOK
                self.told.put((_topic("server", shared.watched), trouble))
                if trouble:
                    self.stopped.wait(rest)
                else:
                    shared.fresh.wait(5.0)

    def beat(self, shared: _Shared) -> None:
        """Signs of life, also while nothing can be read or sent."""
        server = self.connect(shared.watched)
        if server is None:
            return
        every = shared.watched.options.heartbeat.total_seconds()
        with closing(Store(self.run.config.state, shared.watched.key)) as store:
            watch = Watch(shared.watched, store, self.run.clock, self.show)
            while not self.stopped.is_set():
                try:
                    watch.beat(server, shared.trouble or _hanging(shared), every)
                    rest = every
                except StateError:
                    raise
                except LabtoolError as error:
                    rest = max(every, _asked(error))  # told by who sends
                self.stopped.wait(rest)

    def kept_on(self, work: Callable[[_Shared], None], shared: _Shared) -> None:
        """Work that ends by what nobody foresaw begins again."""
        while not self.stopped.is_set():
            topic = _topic(work.__name__, shared.watched)
            try:
                work(shared)
                return
            except LabtoolError as error:
                self.told.put((topic, error))
            except Exception as error:  # noqa: BLE001  (a part of the run boundary)
                self.told.put((topic, bug(error, self.run.task)))
            self.stopped.wait(5.0)


def _asked(trouble: LabtoolError) -> float:
    """How long a server wants to be left alone."""
    asked = trouble.retry_after if isinstance(trouble, Temporary) else None
    return min(asked or 0.0, _LONGEST_ASKED)


def _hanging(shared: _Shared) -> LabtoolError | None:
    """Whether reading has not come back, as from a share that is away."""
    age = time.monotonic() - shared.looked
    if age < _HANGS:
        return None
    what = f"has not answered for {age:.0f} s"
    return Temporary(what, where=shared.watched.options.logs, code="log")


def _topic(what: str, watched: Watched) -> str:
    return f"instrument {watched.key} {what}"


def follow(
    run: Run,
    wanted: Sequence[Watched],
    connect: Callable[[Watched], Server],
    show: Show,
    *,
    all_of_them: bool = False,
) -> None:
    """Until told to stop. Raises AlreadyRunning, and KeyboardInterrupt after ^C."""
    following = _Following(run, connect, show, all_of_them)
    with ExitStack() as stack:
        for each in wanted:
            what = f"the watch of {each.key}"
            stack.enter_context(hold(run.config.state, f"watch-{each.key}", what=what))
            with closing(Store(run.config.state, each.key)) as store:
                Watch(each, store, run.clock, show, all_of_them).check()
        threads = [
            # A read from a share that is away never comes back: nobody waits for it at the end.
            threading.Thread(
                target=following.kept_on, args=(work, shared), name=work.__name__, daemon=True
            )
            for shared in map(_Shared, wanted)
            for work in (following.read, following.send, following.beat)
        ]
        run.summary = "stopped"
        with until_told_to_stop(following.stopped.set):
            for thread in threads:
                thread.start()
            _tell(run, following)
            end = time.monotonic() + _PATIENCE
            for thread in threads:
                thread.join(max(0.0, end - time.monotonic()))


def _tell(run: Run, following: _Following) -> None:
    """What the threads meet, to the admins, as the run boundary does."""
    troubles: dict[str, LabtoolError] = {}
    over: set[str] = set()
    while not following.stopped.is_set():
        fresh = False
        try:
            topic, error = following.told.get(timeout=0.5)
        except Empty:
            continue
        known = troubles.get(topic)
        if error is None:
            # The first time too: what a watch before this one told may be over.
            fresh = troubles.pop(topic, None) is not None or topic not in over
            over.add(topic)
        elif str(known) != str(error):
            error.topic = topic
            troubles[topic] = error
            over.discard(topic)
            fresh = True
            run.fail(error)
        if fresh:
            checkpoint(run, *over)
