"""A lab whose backups go to a disk, and what tests ask of them."""

import hashlib
import os
import random
import shutil
import stat
from pathlib import Path
from typing import Any

from tests.lab import Lab, Result


class House:
    """A lab with a folder to save and a disk to save it to."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.source, self.disk = lab.folder / "data", lab.folder / "disk"
        self.source.mkdir()
        self.disk.mkdir()
        self.configure()

    def configure(
        self, *, disks: tuple[str, ...] = ("disk",), section: Any = None, **more: Any
    ) -> None:
        """One set, `data`, with these options; `section` are keys beside sets."""
        options = {"paths": ["data"], "to": list(disks), **more}
        backup = {
            "sets": {"data": {key: value for key, value in options.items() if value}},
            "destinations": {name: {"kind": "local", "path": name} for name in disks},
            **(section or {}),
        }
        self.lab.configure({"backup": backup})

    def fill(self, files: int = 5, seed: int = 1) -> None:
        """Some files to save."""
        random.seed(seed)
        for number in range(files):
            folder = self.source / f"f{number % 3}"
            folder.mkdir(exist_ok=True)
            (folder / f"{number}.bin").write_bytes(random.randbytes(2000))

    def run(self, *arguments: str | Path, **more: Any) -> Result:
        """Run `labtool backup`."""
        return self.lab.run("backup", *arguments, **more)

    def save(self, *arguments: str) -> str:
        """The id of a new backup."""
        done = self.run("run", "--json", *arguments)
        assert done.status == 0, done
        found: str = done.json()["saved"][0]
        return found

    def list(self) -> Any:
        """What `backup list` knows."""
        return self.run("list", "--json").json()

    def restored(self, ident: str, *paths: str) -> Path:
        """The folder that a backup was restored into, at the place of the source."""
        to = self.out(ident, *paths)
        return to / str(self.source).lstrip("/")

    def out(self, ident: str, *paths: str) -> Path:
        """The folder that a backup was restored into."""
        to = self.lab.folder / "out"
        shutil.rmtree(to, ignore_errors=True)
        done = self.run("restore", ident, *paths, "--to", to)
        assert done.status == 0, done
        return to


def tree(folder: Path) -> dict[str, tuple[Any, ...]]:
    """What is in a folder, by path."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        kind = stat.S_IFMT(status.st_mode)
        # As it is written: Path would tidy it.
        content: Any = os.readlink(path) if path.is_symlink() else None  # noqa: PTH115
        if path.is_file() and not path.is_symlink():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        times = None if path.is_symlink() else (stat.S_IMODE(status.st_mode), int(status.st_mtime))
        found[str(path.relative_to(folder))] = (kind, content, times)
    return found
