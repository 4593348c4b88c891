"""What is said of a job, in whatever it printed."""

import json
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.tasks.jobs.entry import Asker, Entry
from labtool.tasks.jobs.report import Outcome, blocks_of, messages
from labtool.tasks.jobs.section import Job, JobsSettings, NamespaceOptions

TODAY = date(2026, 11, 25)
ASKER = Asker("Ann", "UANN", "C1", "7.1")


def entry(asker: Asker = ASKER) -> Entry:
    return Entry(7, "x_j", "x_j", {"a": "b"}, asker, "running", 0, 0, 0, None, 1, "h/1", "token",
                 "", None, "")  # fmt: skip


def said(outcome: Outcome, asker: Asker = ASKER, support: str = "", **job: Any) -> list[Any]:
    spec = Job(run_args_template="x", **job)
    settings = JobsSettings(support_channel=support)
    return messages(entry(asker), outcome, NamespaceOptions(channel="#x"), spec, settings, TODAY)


def test_how_it_ended() -> None:
    [one] = said(Outcome("done"))
    assert (one.text, one.under, one.to.name) == ("x_j(a=b) succeeded", "7.1", "C1")
    assert said(Outcome("done"), report_success=False) == []
    [bad] = said(Outcome("failed", 3, "", "", "a\nb"), report_success=False)
    assert bad.colour == "danger"
    assert "failed with exit status 3\na\nb\n" in bad.text
    assert "labtool jobs logs 7" in bad.text
    assert "retry 7" in bad.text
    assert [(one.action, one.value) for one in bad.buttons] == [("retry", "7")]
    [lost] = said(Outcome("lost", None, "it was killed"))
    assert "was lost: it was killed" in lost.text


def test_who_else_hears() -> None:
    failed = Outcome("failed", 3)
    assert [one.to.name for one in said(failed, support="#help")] == ["C1", "#help"]
    assert [one.to.name for one in said(Outcome("done"), support="#help")] == ["C1"]
    direct = Asker("Ann", "UANN", "D1")
    assert [one.to.name for one in said(failed, direct, support="#help")] == ["D1"]
    named = Asker("Ann", channel="Deploys", link="https://x.example/p1")
    assert [one.to.name for one in said(failed, named, support="#help")] == ["Deploys", "#help"]
    assert "https://x.example/p1" in said(failed, named, support="#help")[1].text
    assert [one.to.name for one in said(failed, Asker("Ann"))] == ["#x"]


@pytest.mark.parametrize(
    ("kind", "size", "file"),
    [("text", 3000, False), ("text", 4001, True), ("code", 3000, False), ("code", 3901, True),
     ("file", 9, True), ("blocks", 5000, True)],
)  # fmt: skip
def test_what_is_too_long_is_a_file(kind: str, size: int, file: bool) -> None:
    out = "x" * size
    [one] = said(Outcome("done", 0, "", out), report_stdout=True, report_format=kind)
    assert (one.file_text == out) is file
    assert (out in one.text) is not file
    assert len(one.text) <= 4000
    assert one.file_name == ("x_j-7.txt" if file else "")
    assert one.buttons == ()


SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}


def test_blocks() -> None:
    for good in ([SECTION], {"blocks": [SECTION] * 50}):
        [one] = said(Outcome("done", 0, "", json.dumps(good)), report_stdout=True,
                     report_format="blocks")  # fmt: skip
        assert one.blocks[0] == SECTION
        assert one.file_text == json.dumps(good)  # where Slack refuses them
    for bad, why in (
        ("no JSON", "it is no JSON"),
        ("[]", "no list of blocks"),
        (json.dumps([SECTION] * 51), "there are 51, more than 50"),
        ('[{"type": "evil"}]', "block 0 is of no type that Slack has"),
        ("[1]", "block 0"),
        ("[" * 50_000, "it is no JSON"),
        ('[{"type": []}]', "block 0"),
        ('[{"type": "section", "x": NaN}]', "it is no JSON"),
    ):
        [one] = said(Outcome("done", 0, "", bad), report_stdout=True, report_format="blocks")
        assert one.blocks == ()
        assert why in one.text


@given(st.text(max_size=6000), st.sampled_from(["text", "code", "blocks", "file"]))
def test_whatever_it_printed(out: str, kind: str) -> None:
    [one] = said(Outcome("done", 0, "", out), report_stdout=True, report_format=kind)
    assert 0 < len(one.text) <= 4000
    assert "\x1b" not in one.text + one.file_text


@given(st.text(max_size=200))
def test_blocks_of_anything(text: str) -> None:
    with suppress(ValueError):
        assert blocks_of(text)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "actions", "elements": [{"type": "button", "action_id": "confirm", "value": "1"}]},
        {"type": "section", "accessory": {"type": "button", "action_id": "retry", "value": "1"}},
        {"type": "section", "fields": [{"deep": [{"action_id": "x"}]}]},
        {"type": "input", "element": {"type": "plain_text_input"}},
    ],
)
def test_a_jobs_blocks_have_nothing_to_press(block: dict[str, Any]) -> None:
    """A button of a job's could bear the name of one of the bot's own."""
    with pytest.raises(ValueError, match="something to press"):
        blocks_of(json.dumps([{"type": "divider"}, block]))


def test_a_link_is_nothing_that_comes_back() -> None:
    link = {
        "type": "button",
        "text": {"type": "plain_text", "text": "Docs"},
        "url": "https://x.org",
    }
    assert blocks_of(json.dumps([{"type": "actions", "elements": [link]}]))
