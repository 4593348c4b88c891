"""What is shown of each kind of source, one file a kind: `TITLE`, and a function `view` from
what is kept to facts, tables and plots. A kind without a file is shown as it is.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from labtool.tasks.cache.views import _plain
from labtool.tasks.cache.views._parts import View


def title(kind: str) -> str:
    """What a kind is called; empty for those that are named by what they ask."""
    return str(getattr(_module(kind), "TITLE", ""))


def view(kind: str, data: Any, *, public: bool) -> View:
    """What is shown of what is kept: to everybody if `public`, else to the lab."""
    found: View = _module(kind).view(data, public=public)
    return found


def _module(kind: str) -> Any:
    name = f"{__name__}.{kind.replace('-', '_')}"
    return import_module(name) if find_spec(name) else _plain
