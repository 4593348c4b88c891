"""What a vendor answers, held to what can be kept and shown."""

import errno
import json
import math
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from labtool.core.errors import LabtoolError, Temporary
from labtool.core.files import unusable
from labtool.core.log import write_bug
from labtool.tasks.cache.sources._base import Answer, Question

# What comes of data of another shape than a vendor documents: nobody can foresee all of it.
_NONSENSE = (
    ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError
)  # fmt: skip
# What a date that is none, of a vendor's number, raises (time.h's functions).
_NO_DATE = (errno.EOVERFLOW, errno.EINVAL)

Fetch = Callable[[Question], Answer]


def sane(fetch: Fetch, question: Question) -> Answer:
    """What a source answers, if anybody can read it again; numbers that are none are left out.
    Where it is tripped over, what was kept may be as odd as what a vendor says: it is asked
    once more without. Raises Temporary where that makes no sense either; how it was tripped
    over is kept in a file."""
    began = time.monotonic()
    try:
        return _readable(fetch, question)
    except _NONSENSE as error:
        left = question.seconds - (time.monotonic() - began)
        if question.before is None or left < 1:
            raise _told(error, question) from error
    again = replace(question, before=None, seconds=left)
    try:
        return _readable(fetch, again)
    except _NONSENSE as error:
        raise _told(error, question) from error


def _readable(fetch: Fetch, question: Question) -> Answer:
    try:
        answer = fetch(question)
    except OSError as error:
        if error.errno in _NO_DATE and error.filename is None:
            raise ValueError("a date that is none") from error
        if error.filename is None:
            raise
        # One of our own files beside the cache file.
        raise unusable(Path(str(error.filename)), error, "move it away") from error
    json.dumps([answer.data, dict(answer.memory)], allow_nan=False)
    numbers = {name: at for name, at in answer.numbers.items() if math.isfinite(at)}
    return replace(answer, numbers=numbers)


def _told(error: Exception, question: Question) -> LabtoolError:
    text = "".join(traceback.format_exception(error))
    path = write_bug(question.config.state, text)
    what = f"its answer made no sense ({type(error).__name__})"
    fix = f"if it lasts, report it with {path}" if path else "if it lasts, report it"
    return Temporary(what, fix=fix, code="shape")
