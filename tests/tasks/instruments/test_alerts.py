"""What somebody should hear: pure."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from labtool.core.clock import iso
from labtool.tasks.instruments.center.alerts import cancelled, conditions
from labtool.tasks.instruments.center.looking import Life, Look
from labtool.tasks.instruments.center.models import State
from labtool.tasks.instruments.kinds.attune import Options

ZONE = ZoneInfo("America/Los_Angeles")
NOW = datetime(2026, 11, 24, 20, tzinfo=UTC)  # noon there
OPTIONS = Options(kind="attune", closing="18:00")


def ago(**more: float) -> str:
    return iso(NOW - timedelta(**more))


def said(life: Life, now: datetime = NOW, **state: Any) -> list[tuple[str, str]]:
    look = Look("a", "Attune", life, NOW, "why", State(version=1, **state), None, 0)
    return [(c.kind, c.text) for c in conditions(look, OPTIONS, now, ZONE)]


@pytest.mark.parametrize(
    ("life", "state", "told"),
    [
        ("live", {"state": "running"}, []),
        ("live", {"state": "idle", "since": ago(minutes=119)}, []),
        (
            "live",
            {"state": "idle", "since": ago(minutes=121)},
            [("idle", "Attune is on and has done nothing for 2h 1m")],
        ),
        (
            "live",
            {"state": "running", "alerts": {"bubble": ago(minutes=1)}},
            [("alert bubble", "Attune: bubble at 11:59")],
        ),
        (
            "live",
            {"state": "error", "error": "Startup: \x1b[31mFAILED"},
            [("error", "Attune stopped with an error: Startup: [31mFAILED")],
        ),
        ("live", {"state": "waiting", "waiting_for": "x", "waiting_since": ago(minutes=4)}, []),
        (
            "live",
            {"state": "waiting", "waiting_for": "Raise it", "waiting_since": ago(minutes=6)},
            [("waiting", "Attune has waited for 6m for a person: Raise it")],
        ),
        (
            "silent",
            {"state": "idle", "since": ago(days=3)},
            [
                (
                    "silent",
                    "Attune: nothing was heard of its computer since 12:00 on Tuesday; is it on,"
                    " and does labtool attune-watch run there?",
                )
            ],
        ),
        ("silent", {"state": "off"}, []),
        ("quiet", {"state": "off", "since": ago(days=3)}, []),
        (
            "unreadable",
            {"state": "idle"},
            [("unreadable", "Attune: its log cannot be read: why")],
        ),
    ],
)
def test_conditions(life: Life, state: dict[str, Any], told: list[tuple[str, str]]) -> None:
    assert said(life, **state) == told


def test_left_on_when_the_lab_closes() -> None:
    six = datetime(2026, 11, 25, 2, tzinfo=UTC)
    idle = {"state": "idle", "since": iso(six - timedelta(minutes=30))}
    assert said("live", six - timedelta(minutes=1), **idle) == []
    assert [kind for kind, _ in said("live", six + timedelta(minutes=1), **idle)] == ["idle"]
    late = {"state": "idle", "since": iso(six + timedelta(minutes=30))}
    assert said("live", six + timedelta(minutes=40), **late) == []


def test_cancelled() -> None:
    assert cancelled("Attune", "ended Startup", "cancelled") == "Attune: Startup was cancelled"
    assert cancelled("Attune", "ended Startup", "done") == ""
