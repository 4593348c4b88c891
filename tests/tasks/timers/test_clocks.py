"""Whether cron keeps the lab's time."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tzdata import zoneinfo as tzdata

from labtool.tasks.timers.clocks import cron_keeps

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ZONES = Path(tzdata.__path__[0])


@pytest.mark.parametrize(
    ("machine", "environment", "lab", "kept"),
    [
        ("Europe/Berlin", {}, "Europe/Berlin", True),
        ("Europe/Berlin", {}, "Europe/Paris", True),  # another name of the same clock
        ("Europe/Berlin", {}, "UTC", False),
        ("Europe/London", {}, "UTC", False),  # the same in winter
        ("Europe/Berlin", {"TZ": "Europe/Berlin"}, "Europe/Berlin", True),
        ("Europe/Berlin", {"TZ": ":Europe/Berlin"}, "Europe/Berlin", True),
        ("Europe/Berlin", {"TZ": f"{ZONES}/Europe/Berlin"}, "Europe/Berlin", True),
        ("Europe/Berlin", {"TZ": "UTC"}, "Europe/Berlin", False),  # which one cron has, who knows
        ("UTC", {"TZ": "Europe/Berlin"}, "Europe/Berlin", False),
        ("UTC", {"TZ": ""}, "Etc/UTC", True),
        ("Europe/Berlin", {"TZ": "CET-1CEST"}, "Europe/Berlin", False),  # cannot be read
        ("Europe/Berlin", {"TZ": "../../etc/passwd"}, "Europe/Berlin", False),
        ("Europe/Berlin", {"TZ": "/nowhere"}, "Europe/Berlin", False),
        (None, {}, "UTC", True),
        (None, {}, "Europe/Berlin", False),
    ],
)
def test_clocks(
    machine: str | None, environment: Mapping[str, str], lab: str, kept: bool, tmp_path: Path
) -> None:
    localtime = tmp_path / "localtime"
    if machine:
        localtime.symlink_to(ZONES / machine)
    found = cron_keeps(ZoneInfo(lab), NOW, environment=environment, localtime=localtime)
    assert found is kept


def test_a_file_that_is_no_zone_does_not_agree(tmp_path: Path) -> None:
    (tmp_path / "localtime").write_text("no zone")
    assert not cron_keeps(ZoneInfo("UTC"), NOW, environment={}, localtime=tmp_path / "localtime")
    assert not cron_keeps(ZoneInfo("UTC"), NOW, environment={}, localtime=tmp_path)
