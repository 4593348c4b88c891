"""The config: what is read, and how each mistake is told."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.core import config
from labtool.core.config.marks import Marked, parse
from labtool.core.config.secrets import read_env_file
from labtool.core.config.types import parse_duration, show_duration
from labtool.core.errors import ConfigError, UsageError


def load(folder: Path, text: str, env: str = "") -> config.Config:
    (folder / "labtool.yaml").write_text(text, encoding="utf-8")
    if env:
        (folder / ".env").write_text(env, encoding="utf-8")
    return config.load(folder / "labtool.yaml", ["remind"])


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    start = len(os.fspath(folder)) + 1
    return [str(problem)[start:] for problem in caught.value.problems]


def test_an_empty_config_has_working_defaults(tmp_path: Path) -> None:
    found = load(tmp_path, "")
    assert found.core.lab.timezone.key == "UTC"
    assert found.core.outbox.keep == timedelta(days=15)
    assert found.core.alerts.tolerate == timedelta(hours=2.5)
    assert found.core.slack is None


@pytest.mark.parametrize("section", ["lab", "people", "sheets", "timers", "alerts", "outbox"])
def test_one_section_alone_is_valid(tmp_path: Path, section: str) -> None:
    load(tmp_path, f"{section}:\n")
    load(tmp_path, f"{section}: {{}}\n")


def test_the_example_of_the_readme_is_read(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        """
lab: {name: Example Lab, timezone: America/Los_Angeles, admins: [ann], state: state}
people: {sheet: people}
sheets:
  people:   {csv: sheets/people.csv}
  duties:   {google: 1AbC, tab: Duties}
  meetings: {csv: sheets/meetings.csv, layout: plain}
slack: {token: "${SLACK_BOT_TOKEN}", base_url: https://slack.com/api/}
timers:
  duties: {run: remind, when: daily 09:00, grace: 1h}
""",
        "export SLACK_BOT_TOKEN='xoxb-1'  # a comment\n",
    )
    assert found.core.slack is not None
    assert found.core.slack.token.reveal() == "xoxb-1"
    assert "xoxb" not in repr(found.core)
    assert found.state == tmp_path / "state"
    assert found.core.timers["duties"].grace == timedelta(hours=1)


def test_all_mistakes_are_told_at_once_with_their_places(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        """\
lab:
  timezone: Europe/Berln
  stat: x
peple: {sheet: people}
sheets:
  people: {csv: a.csv, google: b}
  duties:
    csv: 7
slack: {base_url: x, timeout: soon}
mail: {host: h, port: 99999, from: a@b, security: ssl}
timers:
  a: {run: remind, when: every 7m}
  b:
    when: hourly
""",
    )
    expected = [
        "labtool.yaml:2: lab.timezone: 'Europe/Berln' is not a time zone; write one such as",
        "labtool.yaml:3: lab.stat: is not a key that labtool knows here; did you mean state?",
        "labtool.yaml:4: peple: is not a key that labtool knows here; did you mean people?",
        "labtool.yaml:6: sheets.people: has no source or two; write csv: PATH or google: KEY",
        "labtool.yaml:8: sheets.duties.csv: 7 is not text; put it in quotes",
        "labtool.yaml:9: slack.token: is missing; add it",
        "labtool.yaml:9: slack.timeout: 'soon' is not a duration; write a number with",
        "labtool.yaml:10: mail.port: 99999 is out of range; write a number less than 65536",
        "labtool.yaml:10: mail.security: 'ssl' is not one of the choices; write 'starttls',",
        "labtool.yaml:12: timers.a.when: ",
        "labtool.yaml:13: timers.b.run: is missing; add it",
    ]
    assert len(found) == len(expected)
    for line, start in zip(found, expected, strict=True):
        assert line.startswith(start)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("lab: [", 2, "is not valid YAML"),
        ("lab:\n\tname: x", 2, "indent with spaces, not tabs"),
        ("lab:\n  name: x\n state: y", 3, "look at this line and above it, up to line 1:"),
        ("lab:\n  a: b: c", 2, "look at this line and the one above:"),
        ("- a\n- b", 1, "is not a mapping; write sections such as lab:"),
        ("just words", 1, "is not a mapping"),
        ("lab: {name: a}\nlab: {name: b}", 2, "lab: stands twice; it is at line 1 already"),
        ("lab: {name: a, name: b}", 1, "lab.name: stands twice"),
        ("lab: !!python/object:os.system {}", 1, ""),
        ("lab: {name: !!python/name:os.system x}", 1, "has the tag"),
        ("lab: &a {name: *a}", 1, "contains itself"),
        ("lab: {name: x\x00}", None, "is not valid YAML"),
        ("lab: {admins: {a: 1}}", 1, "lab.admins"),
        ("lab: {dry_run: maybe}", 1, "'maybe' is neither true nor false; write true or false"),
        ("lab: ${HOME_OF_NOBODY}", 1, "the environment variable HOME_OF_NOBODY is not set"),
        ("sheets: [a]", 1, "sheets: is not a mapping"),
        ("slack: {token: {file: 3}}", 1, "slack.token: is not a secret; write it as ${NAME}"),
    ],
)
def test_broken_yaml(tmp_path: Path, text: str, line: int | None, what: str) -> None:
    found = mistakes(tmp_path, text)
    assert any(what in each for each in found), found
    if line:
        assert any(each.startswith(f"labtool.yaml:{line}: ") for each in found), found


def test_a_laughing_file_is_refused(tmp_path: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for name, before in zip("bcdefgh", "abcdefg", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]")
    [found] = mistakes(tmp_path, "\n".join(lines))
    assert "aliases that unfold" in found


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "[? "])
def test_a_bottomless_file_is_refused(tmp_path: Path, opening: str) -> None:
    [found] = mistakes(tmp_path, "lab:\n  " + opening * 200_000)
    assert found == "labtool.yaml:2: is nested too deeply"


def test_an_endless_file_is_refused(tmp_path: Path) -> None:
    [found] = mistakes(tmp_path, "lab: [" + "x, " * 450_000 + "]")
    assert "more values than any config needs" in found


def test_a_huge_number_has_its_line(tmp_path: Path) -> None:
    [found] = mistakes(tmp_path, "lab:\n  name: " + "9" * 5000)
    assert found == (
        "labtool.yaml:2: lab.name: is too large a number; put it in quotes if it is text"
    )


def test_no_mistake_tells_what_a_variable_holds(tmp_path: Path) -> None:
    text = """
lab: {timezone: "${V}", admins: {a: "${V}"}, dry_run: "${V}", channels: ["${V}"]}
outbox: {keep: "${V}", settle_after: "x ${V}"}
mail: {host: h, port: "${V}", from: a@b, security: "${V}"}
timers: {a: {run: remind, when: "${V}"}, b: {run: remind, when: "mon..${V} 09:00"}}
"""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, "V=hunter22\n")
    assert len(caught.value.problems) > 8
    assert "hunter22" not in str(caught.value)
    assert "${V}" in str(caught.value)


def test_other_encodings_are_told(tmp_path: Path) -> None:
    (tmp_path / "labtool.yaml").write_bytes("lab:\n  name: Müller\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r":2: is not UTF-8; save it as UTF-8"):
        config.load(tmp_path / "labtool.yaml")


def test_words_that_yaml_1_1_would_change_stay_words(tmp_path: Path) -> None:
    marked = Marked("x")
    parse("{a: on, b: no, c: 9:00, d: 010, e: 2026-11-22, f: 1_000, g: true, h: 15}", marked, {})
    assert marked.data == {
        "a": "on",
        "b": "no",
        "c": "9:00",
        "d": "010",
        "e": "2026-11-22",
        "f": "1_000",
        "g": True,
        "h": 15,
    }


def test_merged_mappings_may_be_overridden() -> None:
    marked = Marked("x")
    parse("base: &b {x: 1, y: 2}\nown: {<<: *b, y: 3}", marked, {})
    assert marked.problems == []
    assert marked.data["own"] == {"x": 1, "y": 3}


def test_a_missing_secret_is_told_when_it_is_used(tmp_path: Path) -> None:
    found = load(tmp_path, 'slack:\n  token: "${LABTOOL_NO_SUCH}"\n')
    assert found.core.slack is not None
    with pytest.raises(ConfigError) as caught:
        found.core.slack.token.reveal()
    [problem] = caught.value.problems
    assert (problem.where.endswith("labtool.yaml:2"), problem.path) == (True, "slack.token")
    assert "LABTOOL_NO_SUCH is not set; put LABTOOL_NO_SUCH=..." in str(problem)


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("{file: absent}", "cannot be read"),
        ("{command: [labtool-no-such-program]}", "cannot be run"),
        ("{command: [false]}", "is not a secret"),
        ('{command: ["false"]}', "ended with status 1"),
        ('{command: ["true"]}', "is empty"),
    ],
)
def test_a_secret_that_cannot_be_had(tmp_path: Path, written: str, what: str) -> None:
    def use() -> None:
        found = load(tmp_path, f"slack: {{token: {written}}}")
        assert found.core.slack is not None
        found.core.slack.token.reveal()

    with pytest.raises(ConfigError, match=what):
        use()


def test_secrets_come_from_files_and_commands(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from a file\n")
    for written, text in (
        ("{file: token}", "from a file"),
        ("{command: [printf, from a command]}", "from a command"),
        ("literal", "literal"),
    ):
        found = load(tmp_path, f"slack: {{token: {written}}}")
        assert found.core.slack is not None
        assert found.core.slack.token.reveal() == text
        assert found.core.slack.token.literal == (written == "literal")


@pytest.mark.parametrize("written", ["hunter22\nmade by Ann\n", "hunter22\x00", "hunter22\u2028b"])
def test_a_secret_is_one_line(tmp_path: Path, written: str) -> None:
    (tmp_path / "token").write_text(written, encoding="utf-8")
    found = load(tmp_path, "slack:\n  token: {file: token}")
    assert found.core.slack is not None
    with pytest.raises(
        ConfigError, match=r"yaml:2: slack\.token: has more than one line"
    ) as caught:
        found.core.slack.token.reveal()
    assert "hunter22" not in caught.value.problems[0].what


def test_a_key_may_have_several_lines(tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text('{"a":\n "b"}\n', encoding="utf-8-sig")
    found = load(tmp_path, "google: {credentials: {file: key.json}}")
    assert found.core.google is not None
    assert found.core.google.credentials.reveal() == '{"a":\n "b"}'


def test_env_files(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("A=1\nexport B=\"two words\"\n# C=3\nD=4 # note\nE='x#y'\nnot a line\nF=\n")
    assert read_env_file(file) == {"A": "1", "B": "two words", "D": "4", "E": "x#y", "F": ""}


def test_where_a_config_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("given", "named", "here", ".config/labtool"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "labtool.yaml").touch()
    monkeypatch.setenv("HOME", os.fspath(tmp_path))
    monkeypatch.delenv("LABTOOL_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    assert config.find(None) == tmp_path / ".config/labtool/labtool.yaml"
    monkeypatch.chdir(tmp_path / "here")
    assert config.find(None) == tmp_path / "here/labtool.yaml"
    monkeypatch.setenv("LABTOOL_CONFIG", os.fspath(tmp_path / "named"))
    assert config.find(None) == tmp_path / "named/labtool.yaml"
    assert (
        config.find(os.fspath(tmp_path / "given/labtool.yaml")) == tmp_path / "given/labtool.yaml"
    )
    with pytest.raises(UsageError, match="there is no config at"):
        config.find("/nowhere/labtool.yaml")


@given(st.integers(0, 10**7))
def test_durations_are_read_as_they_are_shown(seconds: int) -> None:
    shown = show_duration(timedelta(seconds=seconds))
    again = parse_duration(shown)
    assert again <= timedelta(seconds=seconds)
    assert show_duration(again) == shown


@given(st.text())
def test_any_text_as_yaml_is_read_or_refused(text: str) -> None:
    marked = Marked("x")
    parse(text, marked, {})
    assert all(problem.where.startswith("x") for problem in marked.problems)
