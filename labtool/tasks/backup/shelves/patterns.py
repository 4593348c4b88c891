"""Patterns as in .gitignore (git-scm.com/docs/gitignore), as restic has them
(restic.readthedocs.io, Excluding Files). Pure.
"""

from collections.abc import Iterator

from labtool.services.restic import literal


def for_restic(pattern: str, top: str) -> Iterator[str]:
    """What restic leaves out below the path `top` for a pattern. Of a folder (`cache/`) restic
    leaves out what is in it, and keeps the folder itself, empty."""
    text = pattern.rstrip("\n")
    if not text.endswith("\\ "):
        text = text.rstrip(" ")
    if not text or text.startswith("#"):
        return
    only_folders = text.endswith("/")
    text = text.rstrip("/")
    anchored = "/" in text
    text = text.lstrip("/").replace("[!", "[^")
    base = literal(top).rstrip("/")
    if text.endswith("/**"):
        # Of what is in it: not the folder.
        text = f"{text}/*"
    where = f"{base}/{text}" if anchored else f"{base}/**/{text}"
    yield f"{where}/*" if only_folders else where
