"""Tokens that change where the config does not."""

import os
from pathlib import Path

import pytest

from labtool.core.errors import ConfigError, Problem
from labtool.tasks.instruments.center.tokens import Tokens


def test_a_token_that_is_changed_elsewhere_is_out_within_a_minute() -> None:
    seconds, token = 0.0, "old"
    tokens = Tokens([], lambda: {"a": token}, lambda: seconds)
    token = "new"
    assert (tokens.owner("old"), tokens.owner("new")) == ("a", "")
    seconds = 61.0
    assert (tokens.owner("old"), tokens.owner("new")) == ("", "a")


def test_a_token_that_is_taken_out_of_the_config_is_out_at_once(tmp_path: Path) -> None:
    file, known = tmp_path / "labtool.yaml", {"a": "one", "b": ""}
    file.write_text("one")
    tokens = Tokens([file], lambda: known, lambda: 0.0)
    assert (tokens.owner("one"), tokens.owner("")) == ("a", "")
    known = {}
    os.utime(file, (1, 1))
    assert tokens.owner("one") == ""


def test_tokens_stay_while_they_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    seconds, broken = 0.0, False

    def load() -> dict[str, str]:
        if broken:
            raise ConfigError([Problem("labtool.yaml:1", "is broken", "mend it")])
        return {"a": "one"}

    tokens = Tokens([], load, lambda: seconds)
    broken = True
    for seconds in (61.0, 122.0, 183.0):  # noqa: B007  (read by the clock above)
        assert tokens.owner("one") == "a"
    assert capsys.readouterr().err.count("the tokens stay as they were") == 1
