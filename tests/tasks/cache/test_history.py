from datetime import UTC, datetime, timedelta
from pathlib import Path

from labtool.core.database import Database
from labtool.tasks.cache.history import History

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


def test_numbers_are_thinned_by_age(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    history = History(database)
    with database.write():
        for minutes in range(0, 500 * 24 * 60, 45):
            history.add("x", {"n": float(minutes)}, NOW - timedelta(minutes=minutes))
        history.add("y", {"n": 1.0}, NOW - timedelta(days=500))
    history.thin("x", timedelta(days=400), NOW)
    points = history.series("x")["n"]
    ages = [(int(NOW.timestamp()) - at) / 86400 for at, _ in points]
    assert max(ages) <= 400
    assert sum(age <= 7 for age in ages) == 7 * 32 + 1
    assert 52 * 24 <= sum(7 < age <= 60 for age in ages) <= 54 * 24
    assert 338 <= sum(age > 60 for age in ages) <= 342
    assert points == sorted(points)
    before = list(points)
    history.thin("x", timedelta(days=400), NOW)
    assert history.series("x")["n"] == before
    assert len(history.series("y")["n"]) == 1
