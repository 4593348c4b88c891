"""Which backups stay: never without the newest good one, and the more the policy says."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from labtool.tasks.backup.retention import AHEAD, Dated, Keep, staying

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ZONE = ZoneInfo("America/Los_Angeles")
COUNTS = ("last", "daily", "weekly", "monthly", "yearly")

STATES: tuple[Any, ...] = ("good", "incomplete", "broken")
# Some are from the future: a clock was wrong once.
BACKUPS = st.lists(
    st.tuples(st.integers(-50 * 24, 3 * 365 * 24), st.sampled_from(STATES)),
    max_size=60,
    unique_by=lambda b: b[0],
).map(lambda found: [Dated(f"b{h}", NOW - timedelta(hours=h), state) for h, state in found])
KEEPS = st.builds(
    Keep,
    **dict.fromkeys(COUNTS, st.integers(0, 6)),
    younger_than=st.none() | st.integers(0, 400).map(lambda days: timedelta(days=days)),
)


def counted(backups: list[Dated]) -> list[Dated]:
    """Those that rules are about: the good ones, or if there are none the incomplete ones."""
    now = [one for one in backups if one.created - NOW <= AHEAD]
    good = [one for one in now if one.state == "good"]
    return good or [one for one in now if one.state == "incomplete"]


@given(BACKUPS, KEEPS)
def test_the_newest_good_one_stays(backups: list[Dated], keep: Keep) -> None:
    stay = staying(backups, keep, NOW, ZONE)
    assert stay <= {one.id for one in backups}
    assert {one.id for one in backups if one.created - NOW > AHEAD} <= stay
    own = counted(backups)
    if own:
        assert max(own, key=lambda one: one.created).id in stay
    else:
        assert stay == {one.id for one in backups}


@given(BACKUPS, KEEPS)
def test_what_is_broken_or_to_come_takes_no_place(backups: list[Dated], keep: Keep) -> None:
    """What stays of the good ones is what stays of them alone."""
    own = counted(backups)
    if own:
        ids = {one.id for one in own}
        assert staying(backups, keep, NOW, ZONE) & ids == staying(own, keep, NOW, ZONE)


@given(BACKUPS, KEEPS, st.sampled_from(COUNTS), st.integers(1, 5))
def test_who_keeps_more_keeps_what_stayed(
    backups: list[Dated], keep: Keep, which: str, more: int
) -> None:
    # That no rule at all means sixty days is no rule's business here.
    keep = keep.model_copy(update={"younger_than": keep.within})
    larger = keep.model_copy(update={which: getattr(keep, which) + more})
    assert staying(backups, keep, NOW, ZONE) <= staying(backups, larger, NOW, ZONE)
    longer = keep.model_copy(update={"younger_than": keep.within + timedelta(days=more)})
    assert staying(backups, keep, NOW, ZONE) <= staying(backups, longer, NOW, ZONE)


@given(BACKUPS, KEEPS)
def test_what_stays_stays_once_the_rest_is_gone(backups: list[Dated], keep: Keep) -> None:
    stay = staying(backups, keep, NOW, ZONE)
    left = [one for one in backups if one.id in stay]
    assert staying(left, keep, NOW, ZONE) == stay


@given(BACKUPS, KEEPS)
def test_one_that_is_not_good_goes_once_a_newer_one_is(backups: list[Dated], keep: Keep) -> None:
    stay = staying(backups, keep, NOW, ZONE)
    own = counted(backups)
    newest = max((one.created for one in own), default=None)
    for one in backups:
        if newest is not None and one not in own:
            assert (one.id in stay) == (one.created > newest)


def daily(days: int) -> list[Dated]:
    return [Dated(f"d{n}", NOW - timedelta(days=n), "good") for n in range(days)]


def test_a_usual_policy() -> None:
    keep = Keep(last=3, daily=7, weekly=4, monthly=12)
    stay = staying(daily(400), keep, NOW, ZONE)
    assert {f"d{n}" for n in range(7)} <= stay
    assert 7 + 3 <= len(stay) <= 7 + 4 + 12
    months = {(NOW - timedelta(days=int(one[1:]))).month for one in stay}
    assert len(months) == 12


def test_days_are_the_labs() -> None:
    # 01:00 and 09:00 UTC are two days in Los Angeles.
    both = [
        Dated("early", datetime(2026, 11, 24, 1, tzinfo=UTC), "good"),
        Dated("late", datetime(2026, 11, 24, 9, tzinfo=UTC), "good"),
    ]
    assert staying(both, Keep(daily=2), NOW, ZONE) == {"early", "late"}
    assert staying(both, Keep(daily=2), NOW, ZoneInfo("UTC")) == {"late"}


def test_without_a_rule_sixty_days() -> None:
    assert len(staying(daily(100), Keep(), NOW, ZONE)) == 60
    assert len(staying(daily(100), Keep(last=2), NOW, ZONE)) == 2
