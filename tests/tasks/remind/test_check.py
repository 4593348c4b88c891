"""What `labtool check` says of the reminders."""

from datetime import date
from pathlib import Path

import pytest

from labtool.core.config import load
from labtool.core.errors import ConfigError
from labtool.tasks.remind.check import check_names, check_rules
from labtool.tasks.remind.section import Remind
from tests.tasks.remind.invented import lab

DUTIES = "task,interval,main,backup\nBreakfast,weekly,Ann,Bob\n"


def mistakes(folder: Path, rules: str) -> list[str]:
    """The mistakes that the models find in these rules, one a line."""
    path = folder / "labtool.yaml"
    path.write_text(f"remind:\n  rules:\n{rules}")
    with pytest.raises(ConfigError) as raised:
        load(path, ["remind"]).section("remind", Remind)
    return [str(problem).split("labtool.yaml:")[1] for problem in raised.value.problems]


def test_every_mistake_in_rules_is_told_with_its_line(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        "    Bad Name: {kind: birthdays}\n"
        "    a: {kind: notise}\n"
        "    b:\n"
        "      kind: notice\n"
        "      to: [admins, {persn: x}]\n"
        "      when: fortnightly\n"
        "      text: '{{ a'\n"
        "      txt: b\n"
        "    c: {kind: presenters, when: weekly mon}\n"
        "    d: {kind: notice, to: admins, when: daily, text: x, if: {typ: GM}}\n"
        "    e: [1]\n",
    )
    starts = [
        "3: remind.rules.Bad Name: 'Bad Name' is not a name for a rule",
        "4: remind.rules.a: 'notise' is not a kind; did you mean notice?",
        "7: remind.rules.b.to.1: {'persn': 'x'} is nobody that labtool can ask",
        "8: remind.rules.b.when: 'fortnightly' is not a time",
        "9: remind.rules.b.text: has a '{{' without its other half in line 1",
        "10: remind.rules.b.txt: is not a key that labtool knows here; did you mean text?",
        "11: remind.rules.c.when: 'weekly mon' does not count from meetings",
        "12: remind.rules.d.if.typ: is not a key that labtool knows here; did you mean type?",
        "13: remind.rules.e: is not a mapping",
    ]
    in_order = sorted(found, key=lambda line: (int(line.split(":")[0]), line))
    assert [line.startswith(start) for line, start in zip(in_order, starts, strict=True)] == [
        True
    ] * len(starts), in_order


def test_texts_conditions_and_recipients_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "labtool.yaml"
    path.write_text(
        "remind:\n  rules:\n"
        "    a: {kind: duty, duty: Brekfast, when: daily}\n"
        "    b:\n      kind: notice\n      to: [{person: Zoe}, {role: pope}]\n"
        "      when: meeting day\n      if: {type: XX}\n"
        "      text: 'Hi {{ persn.name }} {{ row.colour }}'\n"
        "    c: {kind: birthdays, channel_text: '{{ celebrating | shout }}'}\n"
    )
    config = load(path, ["remind"])
    remind = config.section("remind", Remind)
    data, _ = lab(remind, duties=DUTIES)
    found = [str(p).split("labtool.yaml:")[1] for p in check_rules(remind, data, config.where)]
    assert [line.split(";")[0] for line in found] == [
        "3: remind.rules.a.duty: the duties sheet has no 'Brekfast'",
        "9: remind.rules.b.text: 'persn' is not defined",
        "8: remind.rules.b.if: 'XX' is not a type of meeting",
        "6: remind.rules.b.to: 'Zoe' matches nobody",
        "6: remind.rules.b.to: nobody has the role 'pope' now",
        "10: remind.rules.c.channel_text: line 1 of the text: No filter named 'shout'.",
    ]


def test_names_of_duties_and_of_meetings_to_come_are_checked() -> None:
    data, _ = lab(
        duties="task,main,backup\nBreakfast,Zoe,Bob\nAWS,Carla,Dvv\n",
        meetings="date,type,presenters\n2026-11-16,GM,Gone\n2026-11-23,GM,Ann / Karla\n"
        "2026-11-30,N/A,who knows\n",
        as_of=date(2026, 11, 22),
    )
    assert [str(problem).split(";")[0] for problem in check_names(data)] == [
        "duties:2:main: 'Zoe' matches nobody",
        "duties:3:backup: 'Dvv' matches nobody (nearest: Dev Rao)",
        "meetings:3:presenters: 'Karla' matches nobody (nearest: Carla Díaz)",
    ]


def test_the_schema_names_every_kind() -> None:
    text = str(Remind.model_json_schema())
    for kind in ("announcement", "birthdays", "duty", "flash-slides", "notice", "presenters"):
        assert f"'const': '{kind}'" in text
