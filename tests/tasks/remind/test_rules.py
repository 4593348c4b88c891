"""What each kind of rule says, and to whom."""

from datetime import date

import pytest

from labtool.core.text import link, plain
from labtool.tasks.remind.engine import plan_day
from labtool.tasks.remind.plan import DayPlan
from labtool.tasks.remind.section import Remind
from tests.tasks.remind.invented import ANN, BOB, EVERYBODY, lab, said, section

SUNDAY = date(2026, 11, 22)


def plan(rule: str, day: date = SUNDAY, more: str = "", **sheets: object) -> DayPlan:
    remind = section(f"{more}\nrules:\n  r: {rule}")
    data, problems = lab(remind, as_of=day, **sheets)  # type: ignore[arg-type]  # text of sheets
    assert problems == []
    return plan_day(remind, data, day)


MEETINGS = """date,type,presenters,note,start,end,place
2026-11-23,GM,Ann / Bob,Bring cake,9:30,11:00,Room 5
2026-11-30,JC,Carla,,,,
2026-12-07,N/A,,Lab retreat,,,
2026-12-14,ES,Zoe / Ann,,,,
"""


def test_a_duty_names_the_meeting_that_it_counts_from() -> None:
    sheets = {"meetings": MEETINGS, "duties": "task,main,backup\nBreakfast,Bob,Ann\n"}
    rule = "{kind: duty, duty: Breakfast, when: 1 day before meeting}"
    hi = "Hi Bob! You are down for: Breakfast"
    when = "tomorrow (Monday 23 November, 9:30 to 11:00)"
    assert said(plan(rule, **sheets)) == [(BOB.key, f"{hi}, for the meeting {when}.")]
    rule = "{kind: duty, duty: Breakfast, when: daily}"
    assert said(plan(rule, **sheets)) == [(BOB.key, f"{hi}.")]


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (
            SUNDAY,
            "Group meeting tomorrow (Monday 23 November), 9:30 to 11:00, Room 5.\n"
            "Presenting: Ann Lee and Bob Stone.\nBring cake\n"
            "Monday 30 November: Journal Club by Carla Díaz.",
        ),
        (
            date(2026, 11, 29),
            "Journal Club tomorrow (Monday 30 November).\nPresenting: Carla Díaz.\n"
            "Monday 7 December: no meeting (Lab retreat).",
        ),
        (
            date(2026, 12, 6),
            "No meeting tomorrow (Monday 7 December): Lab retreat.\n"
            "Monday 14 December: Eterna Special by Ann Lee and Zoe.",
        ),
        (
            date(2026, 12, 13),
            "Eterna Special tomorrow (Monday 14 December).\nPresenting: Ann Lee and Zoe.\n"
            "Monday 21 December: not in the sheet yet.",
        ),
    ],
)
def test_announcement(day: date, text: str) -> None:
    found = plan("{kind: announcement}", day, meetings=MEETINGS)
    assert said(found) == [("#general", text)]
    assert [t.where for t in found.troubles] == (
        ["meetings:5:presenters"] if "Zoe" in text and day.day == 13 else []
    )


def test_an_outdated_sheet_silences_the_announcement_and_tells_the_admins() -> None:
    day = date(2026, 12, 20)
    assert said(plan("{kind: announcement}", day, meetings=MEETINGS)) == []
    ((name, text),) = said(plan("{kind: outdated-sheet}", day, meetings=MEETINGS))
    assert name == ANN.key
    assert "it has no row for the week of Monday 21 December" in text
    assert said(plan("{kind: outdated-sheet}", SUNDAY, meetings=MEETINGS)) == []


def test_a_sheet_that_marks_another_week_is_outdated() -> None:
    sheet = ",,,,,Mon @ 9 - 10 @ x,\n,11/9/2026,GM,,,,[THIS WEEK]\n,11/23/2026,GM,,,,\n"
    options = {"meetings": sheet, "layout": "daslab"}
    assert said(plan("{kind: announcement}", **options)) == []
    ((_, text),) = said(plan("{kind: outdated-sheet}", **options))
    assert "it marks Monday 9 November as this week's" in text


def test_presenters() -> None:
    found = plan("{kind: presenters, when: 1 day before meeting}", meetings=MEETINGS)
    assert said(found) == [
        ("ann-lee", "Hi Ann! You present tomorrow (Group meeting)."),
        ("bob-stone", "Hi Bob! You present tomorrow (Group meeting)."),
    ]
    message = found.items[0].message
    assert message.key == "remind:r:person:ann-lee:meeting-2026-11-23"
    assert message.until == date(2026, 11, 25)
    assert message.subject == "R"


@pytest.mark.parametrize(
    ("condition", "fires"),
    [
        ("{}", True),
        ("{meeting: true}", True),
        ("{meeting: false}", False),
        ("{type: gm}", True),
        ("{type: [JC, ES]}", False),
        ("{note: CAKE}", True),
        ("{note: [pie, cake]}", True),
        ("{note: pie}", False),
        ("{type: GM, note: pie}", False),
        ("[{type: JC}, {note: cake}]", True),
        ("[{type: JC}, {note: pie}]", False),
    ],
)
@pytest.mark.parametrize("when", ["1 day before meeting", "weekly sun"])
def test_conditions(when: str, condition: str, fires: bool) -> None:
    rule = f'{{kind: notice, to: "#lab", when: "{when}", if: {condition}, text: x}}'
    assert bool(plan(rule, meetings=MEETINGS).items) is fires


@pytest.mark.parametrize(
    ("condition", "fires"),
    [("", False), (", if: {meeting: false}", True), (", if: {type: N/A}", True)],
)
def test_a_week_without_a_meeting(condition: str, fires: bool) -> None:
    rule = f'{{kind: notice, to: "#lab", when: meeting day{condition}, text: x}}'
    assert bool(plan(rule, date(2026, 12, 7), meetings=MEETINGS).items) is fires


@pytest.mark.parametrize(
    ("condition", "fires"),
    [
        ("{meeting: true}", False),
        ("{meeting: false}", True),
        ("{type: GM}", False),
        ("{note: a}", False),
    ],
)
def test_conditions_where_no_meeting_is_near(condition: str, fires: bool) -> None:
    rule = f'{{kind: notice, to: "#lab", when: daily, if: {condition}, text: x}}'
    assert bool(plan(rule).items) is fires


def test_a_recipient_of_several_targets_is_told_once() -> None:
    to = '[admins, {person: Ann}, {role: pi}, "#lab"]'
    rule = f'{{kind: notice, to: {to}, when: daily, text: "{{{{ people | names }}}}"}}'
    assert said(plan(rule)) == [("ann-lee", "Ann Lee"), ("#lab", "Ann Lee")]


@pytest.mark.parametrize(
    ("day", "setting", "names"),
    [
        (date(2026, 2, 28), "28 february", ["carla-diaz", "bob-stone"]),
        (date(2026, 2, 28), "1 march", ["carla-diaz"]),
        (date(2026, 3, 1), "1 march", ["bob-stone"]),
        (date(2026, 3, 1), "28 february", []),
        (date(2028, 2, 28), "28 february", ["carla-diaz"]),
        (date(2028, 2, 29), "28 february", ["bob-stone"]),
        (date(2028, 2, 29), "1 march", ["bob-stone"]),
        (date(2028, 3, 1), "1 march", []),
    ],
)
def test_birthdays(day: date, setting: str, names: list[str]) -> None:
    found = plan("{kind: birthdays}", day, f"birthday_29_february: {setting}")
    assert [item.message.to.name for item in found.items] == names + ["#general"] * bool(names)
    by_key = {person.key: person for person in EVERYBODY}
    for item in found.items[:-1]:
        person = by_key[item.message.to.name]
        assert plain(item.message.text) == (
            f"Happy birthday, {person.first_name}! All the best from Example Lab."
        )
    if names:
        assert all(by_key[name].name in plain(found.items[-1].message.text) for name in names)


def test_who_left_is_not_wished_well() -> None:
    left = [ANN.__class__("eve", "Eve", birthday=(11, 22), end=date(2026, 11, 21))]
    assert said(plan("{kind: birthdays}", people=left)) == []


def test_flash_slides() -> None:
    rule = "{kind: flash-slides, template: a.odp, folder: out, share_with: [staff, PI]}"
    found = plan(rule, meetings=MEETINGS)
    (item,) = found.items
    slides = item.slides
    assert slides
    assert slides.key == "remind:r:meeting-2026-11-23"
    assert (slides.title, slides.template, slides.folder) == (
        "Flash slides 2026-11-23",
        "a.odp",
        "out",
    )
    assert slides.share == ("bob-stone", "ann-lee")
    linked = slides.with_link(item.message, "https://example.org/1")
    assert link("https://example.org/1", slides.title) in linked.text
    assert "labtool:" not in linked.text
    assert linked.key == "remind:r:channel:#general:meeting-2026-11-23"


def test_slides_for_nobody_are_a_trouble() -> None:
    found = plan("{kind: flash-slides, template: a, share_with: pope}", meetings=MEETINGS)
    assert [t.code for t in found.troubles] == ["nobody"]
    assert len(found.items) == 1


@pytest.mark.parametrize(
    "text", ["{{ oops }}", "{% if meeting.type == 'x' %}y{% endif %}", "{{ duty.task }}"]
)
def test_a_text_that_cannot_be_written_stops_no_other_rule(text: str) -> None:
    remind = section(
        f'rules:\n  bad: {{kind: notice, to: admins, when: daily, text: "{text}"}}\n'
        "  good: {kind: notice, to: admins, when: daily, text: fine}"
    )
    data, _ = lab(remind, meetings=MEETINGS)
    found = plan_day(remind, data, SUNDAY)
    assert said(found) == [("ann-lee", "fine")]
    assert [(t.rule, t.code, t.where) for t in found.troubles] == [
        ("bad", "bad_text", "remind.rules.bad")
    ]


def test_what_sheets_say_is_text() -> None:
    hostile = "{{ lab }} <@U1> *x* \ue000mention\ue001a\ue001b\ue002"
    found = plan(
        "{kind: announcement}",
        meetings=f'date,type,presenters,note\n2026-11-23,GM,,"{hostile}"',
    )
    text = found.items[0].message.text
    assert "{{ lab }} <@U1> *x* mentionab" in text
    assert "\ue000" not in text


def test_the_defaults_of_the_section() -> None:
    remind = Remind()
    assert (remind.channel, remind.catch_up_days, remind.rules) == ("#general", 2, {})
    assert remind.type_name("gm") == "Group meeting"
    assert remind.type_name("XX") == "XX"
    assert remind.type_name("") == "Meeting"
