"""What a task that stays needs."""

from pathlib import Path

import pytest

from labtool.core.errors import Failed
from labtool.core.service import Fresh


def test_a_config_is_read_where_it_is_another_and_its_trouble_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "labtool.yaml"

    def read() -> str:
        text = file.read_text()
        if "bad" in text:
            raise Failed(text.strip())
        return text

    def look(text: str) -> tuple[str | None, str]:
        file.write_text(text)
        found = fresh.look()
        return found, capsys.readouterr().err

    fresh = Fresh(file, read)
    assert look("a") == (None, "")
    assert look("a more") == ("a more", "")
    as_it_was = "labtool: the config as it was goes on:"
    assert look("bad") == (None, f"{as_it_was} bad\n")
    assert look(" bad ") == (None, "")
    assert look("bad too") == (None, f"{as_it_was} bad too\n")
    assert look("good") == ("good", "labtool: the config can be read again\n")
    # Whoever writes it may take it away for a moment.
    file.unlink()
    assert fresh.look() is None
    assert capsys.readouterr().err == ""
