"""A run gets its parameters where no temporary folder will take them."""

import os
import tempfile
from pathlib import Path

import pytest

from labtool.core.errors import StateError
from labtool.core.shell.process import Plan, run
from labtool.core.shell.template import compiled


def plan(folder: Path, said: str) -> Plan:
    """A run that prints what was said."""
    script = compiled("printf '%s' {x}")
    return Plan(
        ["bash"], script, {"x": said}, {}, folder / "here", folder / "logs", "0123456789abcdef",
        20.0, 10_000_000, "is there a bash?",
    )  # fmt: skip


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder for temporary files that can be used."""
    monkeypatch.setenv("TMPDIR", "/no/such/folder")
    monkeypatch.setattr(tempfile, "tempdir", "/no/such/folder")


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="no files in memory here")
@pytest.mark.usefixtures("nowhere")
def test_a_temporary_folder_is_not_needed(tmp_path: Path) -> None:
    said = "it's $(here) " * 10_000
    ended = run(plan(tmp_path, said), lambda: "")
    assert (ended.status, ended.err) == (0, b"")
    assert (tmp_path / "logs/stdout").read_text() == said


@pytest.mark.usefixtures("nowhere")
def test_without_files_in_memory_it_is_said_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    with pytest.raises(StateError) as caught:
        run(plan(tmp_path, "x"), lambda: "")
    assert "/no/such/folder" in str(caught.value)
    assert "TMPDIR" in str(caught.value)


def test_where_no_folder_at_all_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/no/such/folder"])
    with pytest.raises(StateError, match="TMPDIR"):
        run(plan(tmp_path, "x"), lambda: "")
