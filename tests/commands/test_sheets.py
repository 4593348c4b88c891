"""Bad sheets and unreachable ones, as `labtool remind` meets them: the copy serves, the
message says which sheet and how old, and what needs no such sheet is said all the same."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.commands import example
from tests.lab import Lab
from tests.servers.faults import Fault
from tests.servers.google import Google
from tests.servers.slack import Slack
from tests.servers.web import Web

DAY = example.DAY
NEXT = "2026-11-29T09:00"  # the eve of the next meeting
RULES = {name: example.RULES[name] for name in ("plants", "breakfast")}
SIBLING, ASKS_SHEET = "Water the plants", "You are down for: Breakfast"
OF_COPY = r"; the copy of \d{4}-\d\d-\d\d \d\d:\d\d is used"


def as_csv(rows: list[list[str]]) -> str:
    return "".join(",".join(row) + "\n" for row in rows)


def make(lab: Lab, *servers: Any, meetings: dict[str, Any], **sections: Any) -> None:
    """A lab whose meetings are elsewhere; messages go to the console."""
    own = {name: {"csv": f"sheets/{name}.csv"} for name in ("people", "duties")}
    example.make(
        lab, *servers, sheets=own | {"meetings": meetings}, remind={"rules": RULES}, **sections
    )


def copy_of(lab: Lab, name: str) -> Path:
    return lab.state / "sheets" / f"{name}.json"


def grow_old(lab: Lab, name: str, fetched_at: str = "2020-01-01T00:00:00.000Z") -> None:
    """Pretend that the copy was taken long ago."""
    file = copy_of(lab, name)
    file.write_text(json.dumps(json.loads(file.read_text()) | {"fetched_at": fetched_at}))


def problem(err: str) -> str:
    """The one line that is about the meetings sheet."""
    [line] = [line for line in err.splitlines() if "sheet meetings" in line]
    return line


# ── what a file can be ────────────────────────────────────────────────────────────────

HEAD = "date,type,presenters,note\n"
BROKEN = {
    "a web page": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "is a web page"),
    "JSON": (b'{"error": "expired"}', "is JSON"),
    "empty": (b"", "is empty"),
    "blank": (b"\n \n", "is empty"),
    "50 MB": (b"2026-11-23,GM,Ann,x\n" * 2_500_000, "is larger than 20 MB"),
    "latin-1": ((HEAD + "2026-11-23,GM,Ann,Frühstück\n").encode("latin-1"), "(line 2)"),
    "UTF-16 without a mark": ((HEAD + "2026-11-23,GM,Ann,\n").encode("utf-16-le"), "NUL"),
    "an open quote": ((HEAD + '2026-11-23,GM,"Ann,\n' + "x\n" * 9).encode(), "is not CSV"),
    "binary": (b"PK\x03\x04\xff\xfe" + bytes(200), "is not UTF-8 text"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_sheet_is_one_message(lab: Lab, name: str) -> None:
    content, why = BROKEN[name]
    make(lab, meetings={"csv": "sheets/meetings.csv"})
    lab.sheet("meetings", content)
    done = lab.run("remind", "--at", DAY)
    assert done.status == 1
    assert why in problem(done.err)
    assert problem(done.err).startswith("labtool: sheet meetings (sheets/meetings.csv): ")
    assert SIBLING in done.out
    assert ASKS_SHEET not in done.out


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_what_spreadsheets_save_is_read(lab: Lab, encoding: str) -> None:
    make(lab, meetings={"csv": "sheets/meetings.csv"})
    lab.sheet("meetings", as_csv(example.MEETINGS).replace(",", ";").encode(encoding))
    done = lab.run("remind", "--at", DAY)
    assert (done.status, done.err) == (0, "")
    assert ASKS_SHEET in done.out


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (["31/02/2026", "GM", "Ann", ""], "meetings:3:date: "),
        (["30 Feb", "GM", "Ann", ""], "meetings:3:date: "),
        (["2026-11-30", "GM", "Zoe Quux", ""], "'Zoe Quux' matches nobody"),
        (["2026-11-30", "GM", "Sam", ""], "'Sam' could be Sam Berg or Sam Hill"),
    ],
)
def test_a_bad_row_stops_no_other(lab: Lab, row: list[str], why: str) -> None:
    make(lab, meetings={"csv": "sheets/meetings.csv"})
    two = [["Sam Berg", "", "", ""], ["Sam Hill", "", "", ""]]
    lab.sheet("people", [*example.PEOPLE, *two])
    lab.sheet("meetings", [example.MEETINGS[0], example.MEETINGS[2], row])
    config = lab.config_file.read_text()
    presenters = "    presenters: {kind: presenters, when: 7 days before meeting}\n"
    lab.config_file.write_text(config.replace("  rules:\n", "  rules:\n" + presenters))
    checked = lab.run("check", "--at", "2026-11-23")
    assert checked.status != 0
    assert why in checked.err
    done = lab.run("remind", "--at", DAY)
    assert ASKS_SHEET in done.out
    assert SIBLING in done.out
    later = lab.run("remind", "--at", "2026-11-23T09:00")
    assert 1 in (done.status, later.status)
    assert why in done.err + later.err


def test_a_missing_column(lab: Lab) -> None:
    make(lab, meetings={"csv": "sheets/meetings.csv"})
    lab.sheet("meetings", [row[1:] for row in example.MEETINGS])
    done = lab.run("remind", "--at", DAY)
    said = "labtool: meetings:1: there is no column 'date'; its first row must name a column date\n"
    assert (done.status, done.err) == (1, said)
    assert SIBLING in done.out


@pytest.mark.parametrize(
    ("path", "why"), [("sheets/gone.csv", "does not exist"), ("sheets", "is not a file")]
)
def test_a_sheet_that_is_not_there(lab: Lab, path: str, why: str) -> None:
    make(lab, meetings={"csv": path})
    done = lab.run("remind", "--at", DAY)
    assert done.status == 1
    assert why in problem(done.err)
    assert SIBLING in done.out


def test_without_the_people_nothing_can_be_said_yet(lab: Lab) -> None:
    example.make(lab, remind={"rules": RULES})
    lab.sheet("people", "<html>")
    done = lab.run("remind", "--at", DAY)
    assert done.status == 1
    assert "sheet people" in done.err
    lab.sheet("people", example.PEOPLE)
    mended = lab.run("remind", "--at", DAY)
    assert (mended.status, SIBLING in mended.out, ASKS_SHEET in mended.out) == (0, True, True)


# ── what a server can do ──────────────────────────────────────────────────────────────

FAULTS = [
    (Fault.status(429, retry_after=1), 75),
    (Fault.status(503), 75),
    (Fault.status(401), 1),
    (Fault.status(404), 1),
    (Fault.delay(0.2), 0),
    (Fault.hang(), 75),
    (Fault.drop(), 75),
    (Fault.reset(), 75),
    (Fault.truncated(), 75),
    (Fault.html(status=502), 75),
]
CSV_FAULTS = [*FAULTS, (Fault.malformed(), 1), (Fault.html(), 1)]
GOOGLE_FAULTS = [*FAULTS, (Fault.malformed(), 75), (Fault.html(), 75)]
TOKEN_FAULTS = [
    (Fault.status(503), 75),
    (Fault.json({"error": "invalid_grant"}, status=400), 1),
    (Fault.hang(), 75),
    (Fault.drop(), 75),
    (Fault.truncated(), 75),
    (Fault.html(), 75),
]


def named(faults: list[tuple[Fault, int]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("fault", "status"), faults, ids=[f.name for f, _ in faults])


def expect_copy(lab: Lab, status: int) -> None:
    """A run in which the sheet's source fails as `status` says."""
    done = lab.run("remind", "--at", NEXT, timeout=20)
    assert done.status == status, done.err
    assert SIBLING in done.out
    assert ASKS_SHEET in done.out, "the copy serves"
    if status:
        assert re.search(OF_COPY, problem(done.err))


@named(CSV_FAULTS)
def test_a_remote_sheet_fails(lab: Lab, web: Web, fault: Fault, status: int) -> None:
    url = web.put("/m.csv", as_csv(example.MEETINGS))
    make(lab, meetings={"csv": url + "?key=hidden", "timeout": "1s"})
    first = lab.run("remind", "--at", DAY)
    assert (first.status, first.err) == (0, "")
    web.inject(fault, times=None)
    expect_copy(lab, status)
    shown = lab.run("log", "show", "2").out
    assert "hidden" not in shown
    assert (f"sheet meetings (http://127.0.0.1:{web.port}/m.csv): " in shown) == (status != 0)


@named(GOOGLE_FAULTS)
def test_a_google_sheet_fails(lab: Lab, google: Google, fault: Fault, status: int) -> None:
    key = google.spreadsheet(Meetings=example.MEETINGS)
    make(lab, google, meetings={"google": key, "tab": "Meetings"}, google={"timeout": "1s"})
    assert lab.run("remind", "--at", DAY).status == 0
    google.proxy.inject(fault, times=None, match="/values/")
    expect_copy(lab, status)


@named(TOKEN_FAULTS)
def test_google_gives_no_token(lab: Lab, google: Google, fault: Fault, status: int) -> None:
    key = google.spreadsheet(Meetings=example.MEETINGS)
    make(lab, google, meetings={"google": key, "tab": "Meetings"}, google={"timeout": "1s"})
    assert lab.run("remind", "--at", DAY).status == 0
    google.proxy.inject(fault, times=None, match="token$")
    expect_copy(lab, status)


def test_a_google_sheet_that_is_wrong(lab: Lab, google: Google) -> None:
    key = google.spreadsheet(Meetings=example.MEETINGS)
    for meetings, why in (
        ({"google": key, "tab": "Nope"}, "has no tab 'Nope'; write one of 'Meetings'"),
        ({"google": "1" * 44, "tab": ""}, "does not exist"),
    ):
        make(lab, google, meetings=meetings)
        done = lab.run("remind", "--at", DAY)
        assert done.status == 1
        assert why in problem(done.err)
        assert SIBLING in done.out or "failed; see above" in done.out


def test_a_google_key_that_is_missing_stops_only_its_sheets(lab: Lab, google: Google) -> None:
    key = google.spreadsheet(Meetings=example.MEETINGS)
    make(lab, google, meetings={"google": key})
    (lab.folder / "google.json").unlink()
    done = lab.run("remind", "--at", DAY)
    assert done.status == 2
    assert "google.credentials" in done.err
    assert "google.json cannot be read" in done.err
    assert SIBLING in done.out


def test_a_page_of_50_mb_is_not_waited_for(lab: Lab, web: Web) -> None:
    url = web.put("/m.csv", "2026-11-23,GM,Ann,x\n", size=50_000_000)
    make(lab, meetings={"csv": url})
    done = lab.run("remind", "--at", DAY, timeout=20)
    assert done.status == 1
    assert "larger than 20 MB" in problem(done.err)
    assert SIBLING in done.out


def test_a_page_that_drips_ends_with_the_timeout(lab: Lab, web: Web) -> None:
    url = web.put("/m.csv", as_csv(example.MEETINGS), drip=0.1)
    make(lab, meetings={"csv": url, "timeout": "1s"})
    done = lab.run("remind", "--at", DAY, timeout=20)
    assert done.status == 75
    assert "in time" in problem(done.err)
    assert SIBLING in done.out


# ── copies ────────────────────────────────────────────────────────────────────────────


def test_a_copy_that_is_too_old_does_not_serve(lab: Lab, web: Web) -> None:
    url = web.put("/m.csv", as_csv(example.MEETINGS))
    make(lab, meetings={"csv": url, "timeout": "1s", "stale_after": "1s"})
    lab.run("remind", "--at", DAY)
    grow_old(lab, "meetings")
    web.inject(Fault.status(503), times=None)
    done = lab.run("remind", "--at", NEXT)
    assert done.status == 75
    assert "more than stale_after (1s)" in problem(done.err)
    assert SIBLING in done.out
    assert ASKS_SHEET not in done.out


@pytest.mark.parametrize("damage", [b"", b"{", b'{"version": 1}', b"\xff\xfe\x00", b"[]", b"null"])
def test_a_damaged_copy_is_no_copy(lab: Lab, web: Web, damage: bytes) -> None:
    url = web.put("/m.csv", as_csv(example.MEETINGS))
    make(lab, meetings={"csv": url, "timeout": "1s"})
    copy_of(lab, "meetings").parent.mkdir(parents=True)
    copy_of(lab, "meetings").write_bytes(damage)
    fault = web.inject(Fault.status(503), times=None)
    done = lab.run("remind", "--at", DAY)
    assert (done.status, SIBLING in done.out, ASKS_SHEET in done.out) == (75, True, False)
    assert "answered 503" in problem(done.err)
    fault.left = 0
    assert ASKS_SHEET in lab.run("remind", "--at", DAY).out


def test_its_end_is_told_if_its_beginning_was(lab: Lab, web: Web, slack: Slack) -> None:
    url = web.put("/m.csv", as_csv(example.MEETINGS))
    make(lab, slack, meetings={"csv": url, "timeout": "1s"})

    def told(at: str) -> list[str]:
        before = len(slack.messages("@ann"))
        lab.run("remind", "--at", at)
        return [str(message) for message in slack.messages("@ann")[before:]]

    assert told(DAY) == []
    web.remove("/m.csv")
    [failed] = told("2026-11-22T10:00")
    assert "remind failed" in failed
    assert "sheet meetings" in failed
    assert told("2026-11-22T11:00") == []
    web.put("/m.csv", as_csv(example.MEETINGS))
    [over] = told("2026-11-22T12:00")
    assert "remind works again" in over
    web.inject(Fault.status(503), times=None)
    assert told("2026-11-22T13:00") == [], "what is temporary is tolerated for a while"
    web.reset()
    web.put("/m.csv", as_csv(example.MEETINGS))
    assert told("2026-11-22T14:00") == [], "and what was not told has no end"


def test_a_dry_run_writes_no_copy(lab: Lab, web: Web) -> None:
    url = web.put("/m.csv", as_csv(example.MEETINGS))
    make(lab, meetings={"csv": url})
    assert lab.run("remind", "--at", DAY, "--dry-run").status == 0
    assert lab.run("remind", "--at", DAY, "--preview", "9d").status == 0
    assert lab.run("check", "--online").status == 0
    assert not lab.state.exists()
