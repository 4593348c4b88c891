"""Parts of a JSON document, picked by JMESPath (jmespath.org)."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator

from labtool.core.config.types import mistake
from labtool.core.errors import Failed
from labtool.core.shapes import listed, real
from labtool.tasks.cache.sources._base import Answer, Question


def _path(text: str) -> str:
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        jmespath.compile(text)
    except JMESPathError as error:
        why = str(error).splitlines()[0]
        raise mistake(
            f"{text!r} is no JMESPath ({why})", "write one such as current.temp"
        ) from None
    return text


Path = Annotated[str, AfterValidator(_path)]


def pick(path: str, document: Any, where: str) -> Any:
    """What a path finds; all of the document for an empty one. Raises Failed for nothing."""
    if not path:
        return document
    found = _search(path, document, where)
    if found is None:
        fix = "look at what it answers, and correct keep:"
        raise Failed(f"has nothing at {path}", where=where, fix=fix, code="nothing_kept")
    try:
        json.dumps(found, allow_nan=False)
    except (TypeError, ValueError):
        raise Failed(
            f"{path} gives no JSON", where=where, fix="correct keep:", code="keep"
        ) from None
    return found


def plotted(paths: Mapping[str, str], data: Any, question: Question, where: str) -> Answer:
    """The data with the numbers that paths find, by name. A path to something that is no number
    is a problem, and so is one to nothing, unless it found a number before or all is empty."""
    found = {name: _search(path, data, where) for name, path in paths.items()}
    numbers = {name: value for name, one in found.items() if (value := real(one)) is not None}
    before = {name for name in listed(question.memory.get("plotted")) if isinstance(name, str)}
    if question.before:
        last = {name: _search(path, question.before, where) for name, path in paths.items()}
        before |= {name for name, one in last.items() if real(one) is not None}
    problems = [
        _astray(name, paths[name], one, where)
        for name, one in found.items()
        if name not in numbers and (one is not None or (data and name not in before))
    ]
    memory = {"plotted": sorted(before | numbers.keys())}
    return Answer(data, numbers, memory, tuple(problems))


def _astray(name: str, path: str, found: Any, where: str) -> Failed:
    kinds = {bool: "true or false", str: "text", list: "a list", dict: "an object"}
    what = (
        "there is nothing at" if found is None else f"{kinds.get(type(found), 'no number')} is at"
    )
    fix = f"look at what it answers, and correct plot: {{{name}: ...}}"
    return Failed(f"plot {name}: {what} {path}", where=where, fix=fix, code=f"plot_{name}")


def _search(path: str, document: Any, where: str) -> Any:
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        return jmespath.search(path, document)
    except (JMESPathError, TypeError, ValueError) as error:
        raise Failed(f"{path} does not fit: {error}", where=where, code="keep") from None
