"""The daily run over a long time: what it says is what the preview showed, each thing once."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labtool.core.alerts import Ledger
from labtool.core.database import Database
from labtool.core.outbox import Outbox
from labtool.tasks.remind.section import Remind
from tests.tasks.remind.routine import Routine, days, rules

SUNDAY = date(2026, 11, 22)  # the eve of a meeting, as `init` moves the example's dates
Due = dict[tuple[str, str], date]


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Europe/Berlin", "Asia/Kolkata"])
def test_four_hundred_days_say_what_the_preview_showed(tmp_path: Path, zone: str) -> None:
    lab = Routine(tmp_path / "lab", zone, SUNDAY)
    expected = lab.expected(SUNDAY, 400)
    for day in days(SUNDAY, 400):
        lab.run(day)
    said = lab.said()
    assert set(said) == set(expected)
    assert set(said.values()) == {1}
    assert rules(said) == set(lab.config.section("remind", Remind).rules)
    made = list((lab.folder / "slides" / "meetings").glob("*.md"))
    assert len(made) == sum(":flash-slides:" in key for key in said)


def due(keys: dict[str, date]) -> Due:
    """When each rule is due for each period; who is asked may change with the day."""
    return {(key.split(":")[1], key.rsplit(":", 1)[1]): day for key, day in keys.items()}


def sensible(lab: Routine, rule: str, day: date, run: date) -> bool:
    """Whether `run` is early enough for what was due on `day`, by the issue's own words:
    a birthday only on its day, what comes before a meeting not after it."""
    late = (run - day).days
    if late == 0 or rule == "birthdays":
        return late == 0
    options = lab.config.section("remind", Remind).rules[rule]
    found = str(getattr(options, "when", ""))
    before = int(found.split(maxsplit=1)[0]) if found.endswith("before meeting") else None
    return late <= 2 and (before is None or late <= before)


def expected_with(lab: Routine, all_due: Due, runs: Iterable[date]) -> set[tuple[str, str]]:
    """What runs on these days are to say."""
    ran = sorted(set(runs))
    found = set()
    for (rule, period), day in all_due.items():
        first = next((run for run in ran if run >= day), None)
        if first and sensible(lab, rule, day, first):
            found.add((rule, period))
    return found


@settings(max_examples=8, deadline=None)
@given(gaps=st.lists(st.sampled_from([0, 1, 1, 1, 2, 3, 3, 5]), min_size=8, max_size=16))
def test_days_off_and_double_runs(gaps: list[int]) -> None:
    """0 is a second run on the same day, 3 two days off: what is lost is only what was too
    late, or made no sense late; nothing is said twice."""
    with TemporaryDirectory() as folder:
        lab = Routine(Path(folder) / "lab", "Europe/Berlin", SUNDAY)
        all_due = due(lab.expected(SUNDAY, sum(gaps) + 1))
        runs = [SUNDAY]
        for gap in gaps:
            runs.append(runs[-1] + timedelta(days=gap))
        for day in runs:
            lab.run(day)
        said = lab.said()
        assert set(said.values()) == {1}
        assert set(due(dict.fromkeys(said, SUNDAY))) == expected_with(lab, all_due, runs)


def test_a_rule_is_not_caught_up_before_its_first_day(tmp_path: Path) -> None:
    lab = Routine(tmp_path / "lab", "Europe/Berlin", SUNDAY)
    lab.run(SUNDAY)
    lab.edit(
        "  rules:\n",
        "  rules:\n    new: {kind: notice, to: admins, when: daily, late: true, text: New}\n",
    )
    lab.run(SUNDAY + timedelta(days=3))
    periods = [key.rsplit(":", 1)[1] for key in lab.said() if ":new:" in key]
    assert periods == ["2026-11-25"]
    lab.run(SUNDAY + timedelta(days=6))
    periods = [key.rsplit(":", 1)[1] for key in lab.said() if ":new:" in key]
    assert periods == ["2026-11-25", "2026-11-26", "2026-11-27", "2026-11-28"]


def test_a_day_that_was_tried_out_hides_no_missed_day(tmp_path: Path) -> None:
    lab = Routine(tmp_path / "lab", "Europe/Berlin", SUNDAY)
    lab.edit(
        "  rules:\n",
        "  rules:\n    new: {kind: notice, to: admins, when: daily, late: true, text: New}\n",
    )
    lab.run(SUNDAY + timedelta(days=100))
    lab.run(SUNDAY)
    lab.run(SUNDAY + timedelta(days=2))
    periods = [key.rsplit(":", 1)[1] for key in lab.said() if ":new:" in key]
    assert sorted(periods) == ["2026-11-22", "2026-11-23", "2026-11-24", "2027-03-02"]


def test_a_sheet_that_is_away_for_a_day(tmp_path: Path) -> None:
    """Its rules are caught up the next day; the others did not wait."""
    lab = Routine(tmp_path / "lab", "Europe/Berlin", SUNDAY)
    expected = lab.expected(SUNDAY, 2)
    duties = lab.folder / "sheets" / "duties.csv"
    text = duties.read_text()
    duties.unlink()
    assert lab.run(SUNDAY) == 1
    kinds = lab.config.section("remind", Remind).rules
    first = {rule for rule in rules(lab.said()) if kinds[rule].kind != "duty"}
    assert "announcement" in first
    assert rules(lab.said()) == first
    duties.write_text(text)
    assert lab.run(SUNDAY + timedelta(days=1)) == 0
    assert "breakfast" in rules(lab.said())
    assert rules(lab.said()) == rules(expected)
    assert set(lab.said().values()) == {1}
    ledger = Ledger(Database.snapshot(lab.config.state), timedelta(0), {})
    assert ledger.open() == []


def test_a_second_run_writes_no_text(tmp_path: Path) -> None:
    """What was said before costs nothing: even a text that became wrong is not read."""
    lab = Routine(tmp_path / "lab", "Europe/Berlin", SUNDAY)
    assert lab.run(SUNDAY) == 0
    text = "Please bring breakfast to the meeting"
    lab.edit(text, "{{ no_such_name }}")
    assert lab.run(SUNDAY) == 0
    assert lab.run(SUNDAY + timedelta(days=7)) == 1


def test_slides_in_a_folder(tmp_path: Path) -> None:
    lab = Routine(tmp_path / "lab", "Europe/Berlin", SUNDAY)
    lab.run(SUNDAY)
    lab.run(SUNDAY)
    [made] = (lab.folder / "slides" / "meetings").glob("*.md")
    assert made.read_text() == (lab.folder / "slides" / "flash-slides.md").read_text()
    entries = Outbox(Database.snapshot(lab.config.state)).entries(("sent",))
    [text] = [e.message.text for e in entries if ":flash-slides:" in e.message.key]
    assert str(made) in text


def test_slides_whose_template_is_missing(tmp_path: Path) -> None:
    """The admins hear at once; once it is there, the next run makes them."""
    lab = Routine(tmp_path / "lab", "Europe/Berlin", SUNDAY)
    template = lab.folder / "slides" / "flash-slides.md"
    content = template.read_text()
    template.unlink()
    assert lab.run(SUNDAY) == 1
    entries = Outbox(Database.snapshot(lab.config.state)).entries(("sent",))
    [alert] = [e.message.text for e in entries if e.message.key.startswith("alert:new:")]
    assert "the presentation 'Flash slides 2026-11-23' was not made" in alert
    assert "flash-slides" not in rules(lab.said())
    template.write_text(content)
    assert lab.run(SUNDAY) == 0
    assert "flash-slides" in rules(lab.said())


def test_a_lab_that_only_tries_makes_no_slides(tmp_path: Path) -> None:
    """With `lab.dry_run` the admins read what would be said, once, and nothing is made."""
    lab = Routine(tmp_path / "lab", "Europe/Berlin", SUNDAY)
    lab.edit("  # dry_run: true # while", "  dry_run: true # while")
    for _ in range(2):
        lab.run(SUNDAY)
        assert not (lab.folder / "slides" / "meetings").exists()
        entries = Outbox(Database.snapshot(lab.config.state)).entries()
        assert {entry.message.to.name for entry in entries} == {"ann-lee"}
        assert all("would have gone to" in entry.message.text for entry in entries)
        assert len({entry.message.key for entry in entries}) == len(entries)
        assert {entry.message.key.rsplit(">", 1)[0] for entry in entries} == set(
            lab.expected(SUNDAY, 1)
        )
