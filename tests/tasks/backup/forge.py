"""Backups made by hand, by somebody who can write to the destination: all of it agrees."""

import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import zstandard

from labtool.tasks.backup import manifest as m

AT = datetime(2026, 11, 1, 9, tzinfo=UTC)
Piece = tuple[tarfile.TarInfo, dict[str, Any], bytes]


def piece(
    path: str, kind: str = "file", content: bytes = b"", link: str = "", **more: Any
) -> Piece:
    """A member and its line in the list; `more` are keys of that line."""
    info = tarfile.TarInfo(path)
    info.type = {"file": tarfile.REGTYPE, "directory": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE,
                 "hardlink": tarfile.LNKTYPE}[kind]  # fmt: skip
    info.linkname, info.size, info.mode = link, len(content), 0o755
    digest = hashlib.sha256(content).hexdigest() if kind == "file" else ""
    line = {"path": path, "type": kind, "size": len(content), "mode": 0o755, "sha256": digest,
            "link": link, **more}  # fmt: skip
    return info, line, content


def forge(disk: Path, host: str, pieces: Sequence[Piece], at: datetime = AT) -> str:
    """Put a backup there; its id."""
    ident = m.new_id("data", at, host)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, _, content in pieces:
            tar.addfile(info, io.BytesIO(content))
    lines = b"".join(json.dumps(line).encode() + b"\n" for _, line, _ in pieces)
    parts = [
        _put(disk / f"{ident}.tar.zst", archive.getvalue()),
        _put(disk / f"{ident}.files.zst", lines),
    ]
    size = sum(len(content) for _, _, content in pieces)
    made = m.Manifest(ident, "data", at, at, host, "0.1", *parts, len(pieces), size, "zstd")
    (disk / f"{ident}.json").write_bytes(m.dump(made))
    return ident


def rewrite(path: Path, **changes: Any) -> None:
    """A manifest with other values, and the right sum."""
    found = json.loads(path.read_bytes())
    del found["sha256"]
    found |= changes
    digest = hashlib.sha256(json.dumps(found, indent=1).encode()).hexdigest()
    path.write_text(json.dumps({**found, "sha256": digest}, indent=1) + "\n")


def _put(path: Path, content: bytes) -> m.Part:
    packed = zstandard.compress(content)
    path.write_bytes(packed)
    return m.Part(path.name, len(packed), hashlib.sha256(packed).hexdigest())
