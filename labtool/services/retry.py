"""Trying again what may be tried again: what changes nothing, or changes it once."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from labtool.core.errors import Temporary

T = TypeVar("T")

_PAUSES = (0.3, 1.2)


def retrying(call: Callable[[], T], seconds: float) -> T:
    """The result of a call that only reads, tried up to three times within `seconds`.

    Only `Temporary` is tried again, after its `retry_after` if it fits. Raises the last.
    """
    end = time.monotonic() + seconds
    for pause in _PAUSES:
        try:
            return call()
        except Temporary as error:
            wait = (error.retry_after or pause) * random.uniform(1.0, 1.3)  # noqa: S311  (no secret)
            if time.monotonic() + wait >= end:
                raise
        time.sleep(wait)
    return call()


def patiently(call: Callable[[], T], seconds: float) -> T:
    """The result of a call that may be made many times, tried for `seconds` in which it is
    `Temporary`, at a slower and slower pace. Raises the last."""
    end = time.monotonic() + seconds
    pause = 0.3
    while True:
        try:
            return call()
        except Temporary as error:
            wait = (error.retry_after or pause) * random.uniform(1.0, 1.3)  # noqa: S311  (no secret)
            if time.monotonic() + wait >= end:
                raise
        time.sleep(wait)
        pause = min(pause * 2, 20.0)
