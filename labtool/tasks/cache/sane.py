"""What a vendor answers, held to what can be kept and shown."""

import json
import math
import traceback
from collections.abc import Callable
from dataclasses import replace

from labtool.core.errors import Temporary
from labtool.core.log import write_bug
from labtool.tasks.cache.sources._base import Answer, Question

# What comes of data of another shape than a vendor documents: nobody can foresee all of it.
_NONSENSE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)


def sane(fetch: Callable[[Question], Answer], question: Question) -> Answer:
    """What a source answers, if anybody can read it again; numbers that are none are left
    out. Raises Temporary where its vendor answered something that makes no sense; how it was
    tripped over is kept in a file."""
    try:
        answer = fetch(question)
        json.dumps([answer.data, dict(answer.memory)], allow_nan=False)
        numbers = {name: at for name, at in answer.numbers.items() if math.isfinite(at)}
    except _NONSENSE as error:
        text = "".join(traceback.format_exception(error))
        path = write_bug(question.config.state, text)
        what = f"its answer made no sense ({type(error).__name__})"
        fix = f"if it lasts, report it with {path}" if path else "if it lasts, report it"
        raise Temporary(what, fix=fix, code="shape") from error
    return replace(answer, numbers=numbers)
