"""Texts: what a template may do, and what sheets cannot."""

import subprocess
import sys
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from labtool.core.people import Person
from labtool.core.text import mention, plain
from labtool.tasks.remind import words
from labtool.tasks.remind.texts import MAX_TEMPLATE, Text, TextError, mistakes, render
from tests.tasks.remind.invented import CONFIG

TEXT = TypeAdapter(Text)


@pytest.mark.parametrize(
    "template",
    [
        "plain", "{{ a }}", "{% if a %}x{% endif %}", "{{ '}}' }}", "{# a {{ #}",
        "{{ {'a': 1}.a }}",
        'a { b } "c', "{%- if a -%}\n{{ a }}\n{%- endif -%}",
    ],
)  # fmt: skip
def test_whole_brackets_are_accepted(template: str) -> None:
    assert TEXT.validate_python(template) == template


@pytest.mark.parametrize(
    ("template", "where"),
    [
        ("{{ a", "'{{' without its other half in line 1"),
        ("one\ntwo {% if a }", "'{%' without its other half in line 2"),
        ("{{ a }}\n\n b }}", "'}}' without its other half in line 3"),
        ("   ", "is empty"),
        ("x" * (MAX_TEMPLATE + 1), "characters long"),
    ],
)
def test_broken_brackets_are_mistakes_of_the_config(template: str, where: str) -> None:
    with pytest.raises(ValidationError) as raised:
        TEXT.validate_python(template)
    assert where in str(raised.value)


@pytest.mark.parametrize(
    ("template", "what"),
    [
        ("{{ nmae }}", "'nmae' is not defined"),
        ("{% if no %}{{ rare }}{% endif %}", "'rare' is not defined"),
        ("a\n{% if no %}", "line 2 of the text"),
        ("{{ no | shout }}", "shout"),
        ("{{ person.naem }}", "naem"),
        ("{% include 'x' %}", "loader"),
    ],
)
def test_check_finds_what_brackets_do_not_show(template: str, what: str) -> None:
    found = mistakes(template, {"no": False, "person": Person("ann", "Ann Lee")})
    assert len(found) == 1
    assert what in found[0]


@pytest.mark.parametrize(
    "template",
    [
        "{{ person.__class__.__mro__ }}",
        "{{ person.name.__class__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ 'a' * 10**9 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{{ '%999999999d' % 1 }}",
        "{% for n in range(10**9) %}x{% endfor %}",
        "{{ 'x' | center(10**9) }}",
        "{{ people.append(1) }}",
        "{{ 1 / 0 }}",
        "{{ missing }}",
        "{% for a in letters %}{% for b in letters %}{{ letters }}{% endfor %}{% endfor %}",
    ],
)
def test_a_template_cannot_leave_its_sandbox(template: str) -> None:
    values = {"person": Person("ann", "Ann Lee"), "people": [], "letters": "a" * 300}
    with pytest.raises(TextError):
        render(template, values)


@given(st.text(), st.text())
def test_values_are_never_templates(name: str, note: str) -> None:
    text = render("<{{ person.name }}|{{ note }}>", {"person": Person("a", name), "note": note})
    assert name in text or "\n\n\n" in name
    hostile = "{{ lab }}{% raw %}" + note
    assert render("{{ note }}", {"note": hostile, "lab": "LAB"}).startswith("{{ lab }}{% raw %}")


def test_mentions_stay_tokens_and_names_stay_names() -> None:
    ann, stranger = Person("ann", "Ann Lee"), Person("", "Zoe \ue000x")
    text = render("{{ people | mentions }}", {"people": [ann, stranger]})
    assert text == f"{mention('ann', 'Ann Lee')} and Zoe x"
    assert plain(text) == "Ann Lee and Zoe x"


@pytest.mark.parametrize(
    ("day", "word"),
    [
        (date(2026, 11, 21), "yesterday"),
        (date(2026, 11, 22), "today"),
        (date(2026, 11, 23), "tomorrow"),
        (date(2026, 11, 30), "on Monday 30 November"),
        (date(2027, 11, 1), "on Monday 1 November 2027"),
    ],
)
def test_days_in_words(day: date, word: str) -> None:
    assert words.when_word(day, date(2026, 11, 22)) == word


@pytest.mark.parametrize(
    ("names", "joined"),
    [([], ""), (["A"], "A"), (["A", "B"], "A and B"), (["A", "B", "C"], "A, B and C")],
)
def test_names_in_a_row(names: list[str], joined: str) -> None:
    assert words.join(names) == joined


def test_a_day_without_reminders_does_not_import_the_template_engine() -> None:
    script = """
import sys
from datetime import date
from tests.tasks.remind.invented import example, lab
from labtool.tasks.remind.engine import plan_day
remind = example()
data, _ = lab(remind, meetings="date,type,presenters\\n2026-11-23,GM,Ann")
assert plan_day(remind, data, date(2026, 11, 20)).items == ()
assert "jinja2" not in sys.modules
assert plan_day(remind, data, date(2026, 11, 22)).items
assert "jinja2" in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=CONFIG.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
