"""What was revealed is not repeated."""

from pathlib import Path

import pytest

from labtool.core.log import complain, write_bug
from labtool.core.masking import conceal, mask, retold


def test_a_secret_and_each_of_its_lines_are_hidden() -> None:
    conceal('{\n  "private_key": "-----BEGIN\\nMIIEvQIBADANBg"\n}')
    conceal("xoxb-0123456789")
    assert mask("Bearer xoxb-0123456789!") == "Bearer ***!"
    assert "MIIEvQ" not in mask("MIIEvQIBADANBg")
    assert mask('{"type": "x"}') == '{"type": "x"}'


def test_short_ones_would_be_found_in_words() -> None:
    conceal("a")
    conceal("")
    assert mask("a banana") == "a banana"


def test_what_others_said_is_masked_before_it_is_cut() -> None:
    conceal("correct  horse battery")
    assert retold("so: correct  horse battery\n!", 10) == "so: *** !"
    assert "corr" not in retold("x" * 190 + "correct  horse battery")


def test_complaints_and_tracebacks_are_masked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conceal("correct horse")
    complain("it said correct horse")
    assert capsys.readouterr().err == "labtool: it said ***\n"
    file = write_bug(tmp_path, "ValueError: b'correct horse'")
    assert file is not None
    assert file.read_text() == "ValueError: b'***'"
