"""`kind: local`: a folder."""

from pathlib import Path
from typing import Any, Self

from labtool.tasks.backup.destinations._base import Destination
from labtool.tasks.backup.destinations.local import Folder
from tests.servers.faults import Fault


class Stand:
    """A folder of the test's."""

    kind = "local"
    proxy = None

    def start(self) -> Self:
        return self

    def stop(self) -> None: ...

    def reset(self) -> None:
        self._folder: Path | None = None

    def destination(self, folder: Path, *, patience: float = 5.0) -> Destination:
        self._folder = folder / "disk"
        self._folder.mkdir(exist_ok=True)
        return Folder(self._folder)

    def config(self, folder: Path) -> dict[str, Any]:
        self.destination(folder)
        return {"kind": "local", "path": "disk"}

    def env(self) -> dict[str, str]:
        return {}

    def content(self, name: str) -> bytes | None:
        assert self._folder
        path = self._folder / name
        return path.read_bytes() if path.exists() else None

    def fill_up(self) -> None:
        raise NotImplementedError

    def revoked(self) -> Fault:
        raise NotImplementedError

    def leave(self, name: str) -> None:
        assert self._folder
        (self._folder / f".labtool-part-{name}").write_bytes(b"half")

    def left(self) -> list[str]:
        assert self._folder
        parts = sorted(self._folder.glob(".labtool-part-*"))
        return [part.name.removeprefix(".labtool-part-") for part in parts]
