"""The reminders that labtool ships, against a calendar computed in another way."""

import csv
import random
import re
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.easter import easter
from dateutil.rrule import MO, MONTHLY, TU, WE, WEEKLY, rrule

from labtool.core.clock import Clock
from labtool.core.config import load
from labtool.core.messages import Recipient
from labtool.core.people import Person
from labtool.core.roster import read_people
from labtool.tasks.remind.check import check_names, check_rules
from labtool.tasks.remind.data import LabData
from labtool.tasks.remind.engine import plan_day, preview
from labtool.tasks.remind.plan import DayPlan
from labtool.tasks.sections import SECTIONS
from tests.tasks.remind.invented import CONFIG, EVERYBODY, example, grid, lab

MADE = date(2026, 1, 4)
REMIND = example()
FIRST, LAST = date(2024, 1, 1), date(2028, 12, 31)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
DUTIES = (CONFIG / "sheets/duties.csv").read_text()


def sheet(name: str, shift: int = 0) -> str:
    """An example sheet with its dates moved, as making a lab does."""

    def moved(found: re.Match[str]) -> str:
        return str(date.fromisoformat(found[0]) + timedelta(days=shift))

    text = (CONFIG / f"sheets/{name}.csv").read_text(encoding="utf-8")
    return re.sub(r"\d{4}-\d{2}-\d{2}", moved, text)


def people(shift: int = 0) -> list[Person]:
    found, problems = read_people(grid("people", sheet("people", shift)))
    assert problems == []
    return found


def shifted(shift: int) -> LabData:
    everybody = people(shift)
    data, problems = lab(
        REMIND,
        duties=sheet("duties"),
        meetings=sheet("meetings", shift),
        absences=sheet("absences", shift),
        people=everybody,
        as_of=MADE + timedelta(days=shift),
        admins=(Recipient("person", everybody[0].key),),
    )
    assert problems == []
    return data


@pytest.mark.parametrize("shift", [*range(7), 59, 322, 423, 790, 1200])
def test_a_new_lab_has_something_to_say_on_any_day(shift: int) -> None:
    data = shifted(shift)
    plan = plan_day(REMIND, data, data.as_of)
    assert plan.troubles == ()
    said = {(item.rule, item.message.to.name) for item in plan.items}
    assert said >= {
        ("announcement", "#general"),
        ("breakfast", "bob-stone"),
        ("journal-club-paper", "carla-nunes"),
        ("database", "bob-stone"),
        ("rotation-access", "ann-lee"),
        ("birthdays", "grace-park"),
        ("birthdays", "#general"),
        ("flash-slides", "#general"),
    }
    breakfast = next(item for item in plan.items if item.rule == "breakfast")
    assert "because Dev Rao is away until" in breakfast.message.text


@pytest.mark.parametrize("shift", [0, 3])
def test_the_example_has_no_mistakes_and_half_a_year_to_say(shift: int) -> None:
    config = load(CONFIG / "labtool.example.yaml", SECTIONS)
    data = shifted(shift)
    assert check_rules(REMIND, data, config.where) == []
    assert check_names(data) == []
    half_a_year = list(preview(REMIND, data, data.as_of, 100))
    assert [trouble for plan in half_a_year for trouble in plan.troubles] == []
    spoken = {item.rule for plan in half_a_year for item in plan.items}
    assert set(REMIND.rules) - spoken <= {"renewals", "outdated-sheet"}


def five_years() -> dict[date, tuple[str, str]]:
    """Meetings of five years: code and note by date; some in another week's day, some weeks
    without a row."""
    chance = random.Random(7)
    table: dict[date, tuple[str, str]] = {}
    for moment in rrule(WEEKLY, dtstart=datetime(2024, 1, 1), until=datetime(2028, 12, 31)):
        day = moment.date()
        if chance.random() < 0.05:
            continue
        if chance.random() < 0.08:
            day += timedelta(days=chance.randrange(1, 5))
        code = chance.choice(["GM", "GM", "JC", "ES", "FS", "N/A"])
        holiday = abs((day - easter(day.year)).days) < 3
        code = "N/A" if holiday else code
        note = "Rotation talk" if code == "GM" and chance.random() < 0.3 else ""
        table[day] = (code, note)
    return table


TABLE = five_years()


def month_start(day: object, months: object = None) -> set[date]:
    moments = rrule(
        MONTHLY, dtstart=datetime(2024, 1, 1), until=datetime(2028, 12, 31),
        byweekday=day, bymonth=months,
    )  # fmt: skip
    return {moment.date() for moment in moments}


def expected() -> dict[str, set[date]]:
    """On which days each shipped rule is to fire."""
    one = timedelta(days=1)
    real = {day: kind for day, kind in TABLE.items() if kind[0] != "N/A"}
    weeks = {day.isocalendar()[:2] for day in TABLE}
    mondays = {day for day in DAYS if day.weekday() == 0}
    silent = {day for day in mondays if day.isocalendar()[:2] not in weeks}
    # The Monday after the last simulated day: its eve is simulated, and it has no row.
    silent.add(date(2029, 1, 1))
    of = lambda *codes: {day for day, (code, _) in TABLE.items() if code in codes}  # noqa: E731  (a table)
    rotations = {day for day, (_, note) in TABLE.items() if note}
    before = lambda days, number: {day - number * one for day in days}  # noqa: E731  (a table)
    quarters = (1, 4, 7, 10)
    found = {
        "lab-outing": month_start(MO(1), quarters),
        "slack-and-github": month_start(TU(1), quarters),
        "birthday-celebrations": month_start(MO(1)),
        "aws-maintenance": month_start(TU(1)),
        "website": month_start(WE(1)),
        "breakfast": before(real, 1),
        "meeting-schedule": set(real),
        "microphone": before(of("ES"), 1),
        "news-posting": before(of("ES"), 3),
        "broadcast": before(of("ES"), 3),
        "renewals": {date(year, 3, 1) for year in range(2024, 2029)},
        "announcement": before(TABLE, 1),
        "outdated-sheet": before(silent, 1),
        "next-week": before(real, 7),
        "journal-club-paper": before(of("JC"), 3),
        "eterna-special-title": before(of("ES"), 5),
        "rotation-slides": before(rotations, 1),
        "database": before(of("JC", "ES") | rotations, 3),
        "rotation-access": before(rotations, -1),
        "flash-slides": before(real, 1),
        # Ann 20 March, Bob 29 February, Carla 28 February; Dev and Anna have none.
        "birthdays": {date(y, m, d) for y in range(2024, 2029) for m, d in ((2, 28), (3, 20))}
        | {date(2024, 2, 29), date(2028, 2, 29)},
    }
    return {rule: {day for day in days if FIRST <= day <= LAST} for rule, days in found.items()}


@pytest.fixture(scope="module")
def plans() -> dict[date, DayPlan]:
    """The five years, planned day by day."""
    duties = "task,interval,main,backup\n" + "".join(
        f"{row['task']},,Ann,Bob\n" for row in csv.DictReader(DUTIES.splitlines())
    )
    meetings = "date,type,presenters,note\n" + "".join(
        f"{day},{code},{'' if code == 'N/A' else 'Ann / Carla'},{note}\n"
        for day, (code, note) in TABLE.items()
    )
    data, problems = lab(REMIND, duties=duties, meetings=meetings, people=EVERYBODY, as_of=FIRST)
    assert problems == []
    daily = {day: plan_day(REMIND, data, day) for day in DAYS}
    assert list(preview(REMIND, data, FIRST, len(DAYS))) == list(daily.values())
    return daily


def runs(zone: ZoneInfo, at: time) -> list[date]:
    """The lab's day on each run of a timer at this local time, pretended run by run."""
    instants = (datetime.combine(day, at, zone).astimezone(UTC) for day in DAYS)
    return [Clock(zone, pretend=instant).today() for instant in instants]


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Europe/Berlin", "Asia/Kolkata"])
@pytest.mark.parametrize("at", [time(0, 30), time(2, 30), time(23, 30)])
def test_every_shipped_rule_fires_on_exactly_the_right_days(
    zone: str, at: time, plans: dict[date, DayPlan]
) -> None:
    fired: dict[str, set[date]] = defaultdict(set)
    keys: list[str] = []
    for today in runs(ZoneInfo(zone), at):
        plan = plans[today]
        assert plan.troubles == ()
        for item in plan.items:
            fired[item.rule].add(today)
            keys.append(item.message.key)
            assert item.due == today <= item.message.until
    wanted = expected()
    assert set(wanted) == set(REMIND.rules)
    for rule, days in wanted.items():
        assert sorted(fired[rule]) == sorted(days), rule
    assert len(keys) == len(set(keys))
