"""What is asked once more, and what is said of an answer that makes no sense."""

import errno
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from labtool.core import config
from labtool.core.errors import Failed, StateError, Temporary
from labtool.tasks.cache.sane import sane
from labtool.tasks.cache.sources._base import Answer, Question


def question(folder: Path, before: Any = None) -> Question:
    return Question(
        "x", config.bare(folder), datetime(2026, 11, 25, tzinfo=UTC), 60, {"etag": 1}, before
    )


def test_what_is_not_understood_of_the_last_answer_is_left_out(tmp_path: Path) -> None:
    asked: list[Any] = []

    def fetch(question: Question) -> Answer:
        asked.append(question.before)
        assert question.seconds <= 60
        return Answer(question.before["members"][0]["asked_at"] if question.before else "new")

    assert sane(fetch, question(tmp_path, {"members": [{"id": "U1"}]})).data == "new"
    assert asked == [{"members": [{"id": "U1"}]}, None]


def test_what_makes_no_sense_either_way(tmp_path: Path) -> None:
    asked: list[Any] = []

    def fetch(question: Question) -> Answer:
        asked.append(question.before)
        raise KeyError("secret")

    with pytest.raises(Temporary, match="made no sense") as found:
        sane(fetch, question(tmp_path, {"x": 1}))
    assert asked == [{"x": 1}, None]
    assert "secret" not in str(found.value)
    with pytest.raises(Temporary, match="made no sense"):
        sane(fetch, question(tmp_path))
    assert len(asked) == 3


def test_what_a_vendor_refuses_is_asked_once(tmp_path: Path) -> None:
    asked: list[Any] = []

    def fetch(question: Question) -> Answer:
        asked.append(question.before)
        raise Failed("no")

    with pytest.raises(Failed, match="no"):
        sane(fetch, question(tmp_path, {"x": 1}))
    assert len(asked) == 1


def test_a_date_that_is_none(tmp_path: Path) -> None:
    def fetch(_: Question) -> Answer:
        return Answer(str(datetime.fromtimestamp(1e17, UTC)))

    def overflows(_: Question) -> Answer:
        raise OSError(errno.EOVERFLOW, "Value too large for defined data type")

    for one in (fetch, overflows):
        with pytest.raises(Temporary, match="made no sense"):
            sane(one, question(tmp_path))


def test_what_nobody_could_read(tmp_path: Path) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for data in (deep, float("nan"), {1, 2}):
        with pytest.raises(Temporary, match="made no sense"):
            sane(lambda _, data=data: Answer(data), question(tmp_path))  # type: ignore[misc]


def test_a_file_of_ours(tmp_path: Path) -> None:
    def fetch(_: Question) -> Answer:
        tmp_path.unlink()
        return Answer(None)

    with pytest.raises(StateError, match="move it away"):
        sane(fetch, question(tmp_path))
