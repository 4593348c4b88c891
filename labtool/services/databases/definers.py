r"""A dump of MySQL without the accounts that its views, triggers and routines belong to: they then
belong to who fills it in. To name others needs a right (SET USER) by which a dump could act as any
of them.

Only the beginnings of lines are looked at, and mysqldump writes no row that begins so: it writes
the newlines of values as \n. Text within a routine may, and changes in a drill's copy alone.
"""

import re
from collections.abc import Iterable, Iterator

_NAME = rb"""(?:`(?:[^`\n]|``)*`|"(?:[^"\n]|"")*")"""
# CREATE DEFINER=`root`@`localhost` PROCEDURE, and of triggers and views:
# /*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER
# /*!50013 DEFINER=`root`@`localhost` SQL SECURITY DEFINER */
_DEFINER = re.compile(
    rb"^((?:CREATE(?: OR REPLACE)?|/\*M?!\d+ CREATE\*/ /\*M?!\d+|/\*M?!\d+)) "
    rb"DEFINER=" + _NAME + rb"(?:@" + _NAME + rb")?",
    re.MULTILINE,
)
# No beginning of a line that matters is longer: bytes.
_LONGEST = 4096


def without_definers(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same dump, wherever it is cut."""
    rest, within = b"", False  # what is not passed on yet; whether it is the middle of a line
    for chunk in chunks:
        rest += chunk
        cut = rest.rfind(b"\n") + 1
        if not cut and (within or len(rest) < _LONGEST):
            if within:
                yield rest
                rest = b""
            continue
        if len(rest) - cut >= _LONGEST:
            cut = len(rest)
        yield _without(rest[:cut], within=within)
        within = not rest[:cut].endswith(b"\n")
        rest = rest[cut:]
    if rest:
        yield _without(rest, within=within)


def _without(text: bytes, *, within: bool) -> bytes:
    begin = text.find(b"\n") + 1 if within else 0
    if within and not begin:
        return text
    return text[:begin] + _DEFINER.sub(rb"\1", text[begin:])
