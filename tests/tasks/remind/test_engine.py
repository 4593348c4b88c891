"""Days put together: previews, missed days, each message once."""

from collections.abc import Set as AbstractSet
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labtool.tasks.remind.data import LabData
from labtool.tasks.remind.engine import catch_up, plan_day, preview
from labtool.tasks.remind.plan import DayPlan
from labtool.tasks.remind.section import Remind
from tests.tasks.remind.invented import example, lab, said, section

MEETINGS = "date,type,presenters,note\n2026-11-23,GM,Ann / Bob,\n2026-11-30,ES,Carla,\n"
EXAMPLE = example()
WHENS = [
    "daily", "weekly tue", "monthly 31", "yearly 12-31", "first week of month, wed",
    "first week of quarter, thu", "meeting day", "2 days before meeting", "5 days after meeting",
]  # fmt: skip


def rules(whens: list[str]) -> Remind:
    lines = [
        f"  r{n}: {{kind: notice, to: [admins, '#lab'], when: '{when}', text: x}}"
        for n, when in enumerate(whens)
    ]
    return section("\n".join(["rules:", *lines]))


def never(rule: str, period: str) -> bool:
    return False


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from(WHENS), min_size=1, max_size=5),
    st.dates(date(2026, 10, 1), date(2027, 3, 1)),
    st.integers(0, 80),
)
def test_the_daily_runs_are_the_preview_and_each_key_is_there_once(
    whens: list[str], start: date, days: int
) -> None:
    remind = rules(whens)
    data, _ = lab(remind, meetings=MEETINGS, as_of=start)
    daily = [plan_day(remind, data, start + timedelta(days=n)) for n in range(days)]
    assert list(preview(remind, data, start, days)) == daily
    keys = [item.message.key for plan in daily for item in plan.items]
    assert len(keys) == len(set(keys))


@settings(max_examples=40, deadline=None)
@given(st.sets(st.integers(0, 59)), st.lists(st.sampled_from(WHENS), min_size=1, max_size=4))
def test_days_without_a_run_are_caught_up_once(off: AbstractSet[int], whens: list[str]) -> None:
    """Against the definition: what was due on a missed day is said on the first day that
    has a run, if that is at most two days later and not after the meeting it precedes;
    what is said daily is not."""
    remind = rules(whens)
    start = date(2026, 11, 1)
    data, _ = lab(remind, meetings=MEETINGS, as_of=start)
    sent: dict[str, date] = {}
    settled: set[tuple[str, str]] = set()
    for n in range(60):
        today = start + timedelta(days=n)
        if n in off:
            continue
        late = catch_up(
            remind, data, today, lambda r, p: (r, p) in settled, first_day=lambda _: start
        )
        for plan in [*late, plan_day(remind, data, today)]:
            for item in plan.items:
                assert item.message.key not in sent
                assert today <= item.message.until
                sent[item.message.key] = today
                settled.add((item.rule, item.period))
    for n in range(60):
        due = start + timedelta(days=n)
        runs = [due + timedelta(days=k) for k in range(3) if n + k < 60 and n + k not in off]
        for item in plan_day(remind, data, due).items:
            when = whens[int(item.rule[1:])]
            last = date.fromisoformat(item.period[8:]) if "before" in when else date.max
            last = due if when == "daily" else last
            expected = runs[0] if runs and runs[0] <= last else None
            assert sent.get(item.message.key) == expected


@pytest.mark.parametrize(
    ("late", "days"), [("", [1]), (", late: false", []), (", late: true", [1, 2])]
)
def test_late_says_how_late(late: str, days: list[int]) -> None:
    remind = section(
        f"rules:\n  r: {{kind: presenters, when: 1 day before meeting{late},"
        ' text: "{{ when_word(meeting.date) }}"}'
    )
    data, _ = lab(remind, meetings=MEETINGS)
    sunday = date(2026, 11, 22)
    found = {
        n: [
            text
            for plan in catch_up(remind, data, sunday + timedelta(days=n), never)
            for _, text in said(plan)
        ]
        for n in range(5)
    }
    assert [n for n, texts in found.items() if texts] == days
    assert {text for texts in found.values() for text in texts} <= {"today", "yesterday"}


def test_birthdays_are_never_late() -> None:
    remind = section("rules: {b: {kind: birthdays}}")
    data, _ = lab(remind)
    assert list(catch_up(remind, data, date(2026, 3, 21), never)) == []


def test_catching_up_starts_where_the_lab_began() -> None:
    remind = rules(["weekly fri", "weekly sat"])
    data, _ = lab(remind)
    today = date(2026, 11, 22)
    days = [
        plan.day
        for plan in catch_up(remind, data, today, never, first_day=lambda _: date(2026, 11, 21))
    ]
    assert days == [date(2026, 11, 21)]
    assert len(list(catch_up(remind, data, today, never))) == 2


def test_a_row_that_came_late_is_announced_late() -> None:
    remind = section("rules:\n  a: {kind: announcement}\n  o: {kind: outdated-sheet}")
    monday = date(2026, 12, 7)
    before, _ = lab(remind, meetings=MEETINGS)
    assert [i.rule for i in plan_day(remind, before, monday - timedelta(days=1)).items] == ["o"]
    after, _ = lab(remind, meetings=MEETINGS + "2026-12-07,GM,Ann,\n", as_of=monday)
    (plan,) = catch_up(remind, after, monday, never)
    assert [i.rule for i in plan.items] == ["a"]
    assert "Group meeting today" in plan.items[0].message.text


def test_only_some_kinds() -> None:
    data, _ = lab(EXAMPLE, meetings=MEETINGS)
    found = plan_day(EXAMPLE, data, date(2026, 11, 22), ["announcement", "birthdays"])
    assert {item.kind for item in found.items} == {"announcement"}


def test_a_mistake_is_told_once_for_each_rule_that_meets_it() -> None:
    remind = section(
        "rules:\n  a: {kind: announcement}\n  p: {kind: presenters, when: 1 day before meeting}"
    )
    data, _ = lab(remind, meetings="date,type,presenters\n2026-11-23,GM,Zoe\n")
    found = plan_day(remind, data, date(2026, 11, 22))
    assert [(t.rule, t.where) for t in found.troubles] == [
        ("a", "meetings:2:presenters"),
        ("p", "meetings:2:presenters"),
    ]
    assert [item.rule for item in found.items] == ["a"]


def test_an_empty_lab_has_nothing_to_say() -> None:
    data = LabData(date(2026, 11, 22))
    assert plan_day(Remind(), data, data.as_of) == DayPlan(data.as_of)
