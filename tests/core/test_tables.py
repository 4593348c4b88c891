"""Sheets as tables."""

from datetime import UTC, datetime

import pytest

from labtool.core.errors import Failed
from labtool.core.tables import Grid, require

NEEDED = ("task", "main", "backup")


def grid(*header: str) -> Grid:
    cells = ((), header, ("Breakfast", "Ann", "Bob")) if header else ()
    return Grid("duties", "duties.csv", cells, datetime(2026, 11, 22, tzinfo=UTC))


@pytest.mark.parametrize("header", [("Main", " TASK ", "backup", "x"), NEEDED, ()])
def test_columns_that_are_there(header: tuple[str, ...]) -> None:
    require(grid(*header), NEEDED)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (("full task", "main", "backup"), "no column 'task'; rename 'full task' to task"),
        (("task", "mian", "backups"), "no column 'main' and none 'backup'; rename 'mian' to main,"),
        (("job", "main", "backup"), "no column 'task'; its first row must name a column task"),
    ],
)
def test_columns_that_are_missing_are_one_mistake(header: tuple[str, ...], said: str) -> None:
    with pytest.raises(Failed, match=said) as caught:
        require(grid(*header), NEEDED)
    assert caught.value.where == "duties:1"
