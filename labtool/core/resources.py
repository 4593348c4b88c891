"""The folders of files that labtool ships: templates and the example lab."""

from pathlib import Path

from labtool.core.errors import Failed

_PACKAGE = Path(__file__).parents[1]


def folder(name: str) -> Path:
    """`html` or `config`: inside the installed package, or beside it in a checkout.

    Raises Failed when the installation has lost it.
    """
    for place in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise Failed(
        f"labtool's folder {name} is missing", where=str(_PACKAGE), fix="install labtool again"
    )
