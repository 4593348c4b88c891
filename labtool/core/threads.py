"""The same work on many things at once, by threads that never keep the process."""

import threading
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


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
