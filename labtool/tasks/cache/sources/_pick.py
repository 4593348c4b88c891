"""Parts of a JSON document, picked by JMESPath (jmespath.org)."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator

from labtool.core.config.types import mistake
from labtool.core.errors import Failed


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
# A whole number may have more digits than a plot has room for.
_LARGEST = 1e300


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


def numbers(paths: Mapping[str, str], data: Any, where: str) -> dict[str, float]:
    """The numbers that paths find, by name; what is none is left out."""
    found = {name: _search(path, data, where) for name, path in paths.items()}
    return {
        name: float(value)
        for name, value in found.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST
    }


def _search(path: str, document: Any, where: str) -> Any:
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        return jmespath.search(path, document)
    except (JMESPathError, TypeError, ValueError) as error:
        raise Failed(f"{path} does not fit: {error}", where=where, code="keep") from None
