"""The package index: which version of a package is the newest."""

import time
from collections.abc import Iterator, Sequence

from labtool.core import strictjson
from labtool.core.errors import Failed
from labtool.services.http import get, shown

_SECONDS = 10.0


def newest(base: str, names: Sequence[str], seconds: float) -> Iterator[tuple[str, str]]:
    """Each package with its newest released version, as far as the index at `base` has it. All
    together take `seconds` at most. Raises Temporary and Failed."""
    end = time.monotonic() + seconds
    for name in names:
        left = end - time.monotonic()
        if left <= 0:
            raise Failed(f"gave not all answers in {seconds:g} s", where=shown(base))
        url = f"{base.rstrip('/')}/{name}/json"
        try:
            body = get(url, min(left, _SECONDS)).body
        except Failed as error:
            if error.code == "http_404":
                continue
            raise
        yield name, _version(body, url)


def _version(body: bytes, url: str) -> str:
    try:
        return str(strictjson.parse(body)["info"]["version"])
    except (ValueError, KeyError, TypeError):
        fix = "check report.index"
        raise Failed("gave no answer that can be read", where=shown(url), fix=fix) from None
