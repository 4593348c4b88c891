"""The header of a file in a tar archive (POSIX.1-1988, ustar), where nothing in it is out of the
ordinary: names in ASCII that fit, numbers that fit. Anything else is left to tarfile, which takes
ten times as long.
"""

import tarfile
import zlib
from functools import lru_cache

_NAME, _PREFIX = 100, 155
_LARGEST = 8**11
_LARGEST_ID = 8**7
_BLANK = b" " * 8


def file_header(
    name: str, size: int, mode: int, mtime: int, owner: tuple[int, int, str, str]
) -> bytes:
    """The header of a regular file; `owner` is its user's and group's numbers and names."""
    if name.isascii() and size < _LARGEST and 0 <= mtime < _LARGEST:
        prefix, base = "", name
        if len(name) > _NAME:
            at = name.find("/", len(name) - _NAME - 1)
            prefix, base = name[:at], name[at + 1 :]
            if at < 0 or not base or len(prefix) > _PREFIX:
                return _by_tarfile(name, size, mode, mtime, owner)
        fixed = _fixed(mode, owner)
        if fixed is not None:
            ids, names = fixed
            before = b"%b%b%011o\0%011o\0" % (
                base.encode().ljust(_NAME, b"\0"), ids, size, mtime,
            )  # fmt: skip
            after = names + prefix.encode().ljust(_PREFIX + 12, b"\0")
            # The sum of bytes, which are all below 128, as Adler-32 has it (less its 1).
            total = (zlib.adler32(before + _BLANK + after) & 0xFFFF) - 1
            return b"%b%06o\0 %b" % (before, total, after)
    return _by_tarfile(name, size, mode, mtime, owner)


@lru_cache(maxsize=4096)
def _fixed(mode: int, owner: tuple[int, int, str, str]) -> tuple[bytes, bytes] | None:
    """What many files have in common; None for what does not fit."""
    uid, gid, user, group = owner
    names = f"{user}{group}"
    if not names.isascii() or len(user) > 31 or len(group) > 31:
        return None
    if not (0 <= uid < _LARGEST_ID and 0 <= gid < _LARGEST_ID):
        return None
    ids = b"%07o\0%07o\0%07o\0" % (mode, uid, gid)
    link = bytes(100)
    kind = b"0" + link + b"ustar\x0000"
    devices = b"0000000\0" * 2
    return ids, kind + user.encode().ljust(32, b"\0") + group.encode().ljust(32, b"\0") + devices


def _by_tarfile(
    name: str, size: int, mode: int, mtime: int, owner: tuple[int, int, str, str]
) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, mode, mtime
    info.uid, info.gid, info.uname, info.gname = owner
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
