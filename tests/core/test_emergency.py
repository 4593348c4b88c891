"""Where it is remembered that the admins were told, without a state folder."""

import os
import tempfile
from pathlib import Path

import pytest

from labtool.core.emergency import _folder


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where everybody may write; the user's home is beside it."""
    for name in ("shared", "home"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "shared"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "shared"


def test_one_folder_serves_again(shared: Path) -> None:
    folder = _folder()
    assert folder.parent == shared
    assert folder.stat().st_mode & 0o777 == 0o700
    assert _folder() == folder


def test_a_folder_that_others_may_write_to_is_not_used(shared: Path) -> None:
    _folder().chmod(0o777)
    folder = _folder()
    assert folder == shared.parent / "home" / ".cache" / "labtool"
    assert _folder() == folder


def test_a_link_that_somebody_laid_is_not_followed(shared: Path) -> None:
    (shared / f"labtool-{os.getuid()}").symlink_to(shared.parent / "home")
    (shared.parent / "home" / ".cache").write_text("in the way")
    folder = _folder()
    assert (folder.parent, folder.stat().st_mode & 0o777) == (shared, 0o700)
