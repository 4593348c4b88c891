"""Work in threads that never keep the process: on many things at once; beside who may give up."""

import threading
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
# Seconds between looks.
_LOOK = 0.1


def each(work: Callable[[T], R], items: Iterable[T], at_once: int) -> Iterator[R]:
    """What `work` returns for each item, in the order in which it is done. The first error
    that it raises is raised here, and what was not begun is left."""
    waiting: SimpleQueue[T] = SimpleQueue()
    count = 0
    for item in items:
        waiting.put(item)
        count += 1
    done: SimpleQueue[tuple[R | None, Exception | None]] = SimpleQueue()
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            try:
                item = waiting.get_nowait()
            except Empty:
                return
            try:
                done.put((work(item), None))
            except Exception as error:  # noqa: BLE001  (raised again in the caller's thread)
                done.put((None, error))

    try:
        for _ in range(min(at_once, count)):
            threading.Thread(target=run, daemon=True).start()
        for _ in range(count):
            result, error = done.get()
            if error is not None:
                raise error
            yield result  # type: ignore[misc]  # one of the two is there
    finally:
        stop.set()


def interruptible(
    work: Callable[[], T], check: Callable[[], None], left: Callable[[], object] = lambda: None
) -> T:
    """What `work` returns, or raises, from a thread of its own. While it takes, `check` is called
    again and again, and may raise: the work is left to itself then, and `left` is called in its
    thread when it has ended."""
    done: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()
    lock = threading.Lock()
    given_up = False

    def run() -> None:
        outcome: tuple[T | None, BaseException | None]
        try:
            outcome = (work(), None)
        except BaseException as error:  # noqa: BLE001  (raised again in the caller's thread)
            outcome = (None, error)
        with lock:
            done.put(outcome)
            alone = given_up
        if alone:
            left()

    threading.Thread(target=run, daemon=True).start()
    while True:
        try:
            result, error = done.get(timeout=_LOOK)
        except Empty:
            try:
                check()
            except BaseException:
                with lock:
                    given_up = done.empty()
                if not given_up:
                    left()
                raise
            continue
        if error is not None:
            raise error
        return result  # type: ignore[return-value]  # one of the two is there
