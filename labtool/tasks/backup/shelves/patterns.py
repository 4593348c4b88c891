"""Patterns as in .gitignore (git-scm.com/docs/gitignore), as restic has them
(restic.readthedocs.io, Excluding Files). Pure.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from labtool.services.restic import literal

# What restic and tar's side read alike: characters, escaped ones, and simple classes of them;
# classes of what they are not at the beginning alone (elsewhere pathspec takes / for one).
_CLASS = r"(?:[^\\\[\]/^!-](?:-[^\\\[\]/^!-])?)+\]"
_PART = re.compile(rf"(?=.)(?:\[[!^]{_CLASS})?(?:[^\\\[/]|\\[^/]|\[{_CLASS})*")
_NOT = re.compile(r"(\\.)|\[!")
_RANGE = re.compile(r"(.)-(.)")


def for_restic(pattern: str, top: str) -> Iterator[str]:
    """What restic leaves out below the path `top` for a pattern that is not `unfit`. Of a folder
    (`cache/`) restic leaves out what is in it, and keeps the folder itself, empty."""
    text, only_folders, anchored = _read(pattern)
    if not text:
        return
    text = _NOT.sub(lambda found: found[1] or "[^", text)
    base = literal(top).rstrip("/")
    if text.endswith("/**"):
        # Of what is in it: not the folder.
        text = f"{text}/*"
    where = f"{base}/{text}" if anchored else f"{base}/**/{text}"
    yield f"{where}/*" if only_folders else where


def unfit(pattern: str) -> bool:
    """Whether restic has nothing that does what a pattern says, such as `!keep`, which is not
    left out after all; or no two programs agree what it says."""
    text, only_folders, _ = _read(pattern)
    if not text:
        return False
    parts = text.split("/")
    return (
        text.startswith("!")
        or "\0" in text
        or "\n" in text
        or any(part in (".", "..") or not _PART.fullmatch(part) for part in parts)
        or any(low > high or low <= "/" <= high for low, high in _ranges(text))
        # Where pathspec has a reading of its own.
        or (parts[-1] == "**" and len(parts) > 1 and (only_folders or parts[-2] == "**"))
    )


def hidden(exclude: Sequence[str], tops: Sequence[str]) -> str:
    """The path that lies below another, and that patterns of the other's would leave out, or
    something in it: to restic a pattern is one for both. Nothing where there is none."""
    inner = [
        (one, PurePath(one).relative_to(top))
        for one in tops
        for top in tops
        if one != top and PurePath(one).is_relative_to(top)
    ]
    read = [(one, _read(one)) for one in exclude]
    patterns = [(one, anchored) for one, (text, _, anchored) in read if text]
    if not inner or not patterns:
        return ""
    from pathspec import GitIgnoreSpec

    spec = GitIgnoreSpec.from_lines([one for one, _ in patterns])
    anywhere = any(anchored for _, anchored in patterns)
    return next((one for one, way in inner if anywhere or spec.match_file(f"{way}/")), "")


def _read(pattern: str) -> tuple[str, bool, bool]:
    """What a pattern names (nothing where it is none), whether only folders, and whether from
    the top on."""
    text = pattern.rstrip("\n")
    if not text.endswith("\\ "):
        text = text.rstrip(" ")
    if text.startswith("#"):
        return "", False, False
    only_folders = text.endswith("/")
    text = text.removesuffix("/")
    anchored = "/" in text
    return text.removeprefix("/"), only_folders, anchored


def _ranges(text: str) -> Iterator[tuple[str, str]]:
    for found in re.findall(rf"\[[!^]?{_CLASS}", text):
        yield from _RANGE.findall(found)
