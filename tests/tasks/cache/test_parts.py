"""One part of a source that fails, a repository, a feed, a sheet, costs itself alone, is told,
and keeps what was known of it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from labtool.core.errors import Failed, Temporary
from labtool.tasks.cache.sources._parts import told
from tests.lab import Lab
from tests.servers.faults import Fault
from tests.servers.github import TOKEN, GitHub
from tests.servers.github_shapes import Repo
from tests.servers.web import Web

WEEK = 1_763_856_000
LARGE = (
    "The history or contributor list is too large to list contributors for this repository via"
    " the API."
)


def data(lab: Lab, name: str = "source") -> dict[str, Any]:
    found = json.loads((lab.state / "cache" / f"{name}.json").read_text())
    assert found["ok"], found["error"]
    kept: dict[str, Any] = found["data"]
    return kept


@pytest.fixture
def github(lab: Lab) -> Iterator[GitHub]:
    server = GitHub()
    server.start()
    for name in ("code", "notes"):
        server.add(Repo("example", name, pulls=2, contributors={"ann": 5}, stars=3,
                        weeks=[(WEEK, 4, 10, 3)], pushed_at="2026-11-24T10:00:00Z"))  # fmt: skip
    configure(lab, server)
    yield server
    server.stop()


def configure(lab: Lab, server: GitHub, **more: Any) -> None:
    lab.secrets(GITHUB_TOKEN=TOKEN)
    source = {"kind": "github", "base_url": server.url, "organisations": ["example"],
              "token": "${GITHUB_TOKEN}", **more}  # fmt: skip
    lab.configure({"cache": {"source": source}})


def repositories(lab: Lab) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in data(lab)["repositories"]}


def test_a_list_that_is_too_large_is_not_known(lab: Lab, github: GitHub) -> None:
    fault = Fault.json({"message": LARGE}, status=403)
    github.inject(fault, times=None, match="/code/contributors")
    assert lab.run("cache").status == 0
    found = repositories(lab)
    assert found["example/code"]["contributors"] is None
    assert found["example/code"]["weeks"]
    assert found["example/notes"]["contributors"] == [{"login": "ann", "commits": 5}]


def test_an_endpoint_that_fails_keeps_what_was_known(lab: Lab, github: GitHub) -> None:
    assert lab.run("cache").status == 0
    github.inject(Fault.status(500), times=None, match="/code/stats/code_frequency")
    for repo in github.repos.values():
        repo.weeks, repo.pulls = [(WEEK, 7, 1, 1)], 1
    done = lab.run("cache", "--force")
    assert done.status == 75
    assert "cache source: GitHub: example/code: GitHub answered 500" in done.err
    found = repositories(lab)
    assert [found[f"example/{n}"]["weeks"][0]["commits"] for n in ("code", "notes")] == [4, 7]
    assert [found[f"example/{n}"]["pulls"] for n in ("code", "notes")] == [1, 1]


def test_an_organisation_that_is_gone(lab: Lab, github: GitHub) -> None:
    configure(lab, github, organisations=["example", "gone"], repositories=["ann/moved"])
    done = lab.run("cache")
    assert done.status == 1
    assert "GitHub: ann/moved, gone: does not exist; check the name" in done.err
    assert set(repositories(lab)) == {"example/code", "example/notes"}
    github.repos["ann/x"] = Repo("ann", "x", stars=9)
    configure(lab, github, users=["ann"])
    assert lab.run("cache", "--force").status == 0
    github.inject(Fault.status(502), times=None, match="/users/ann")
    assert lab.run("cache", "--force").status == 75
    assert repositories(lab)["ann/x"]["stars"] == 9


def test_what_hangs_keeps_what_was_known(lab: Lab, github: GitHub) -> None:
    configure(lab, github, timeout="3s")
    github.inject(Fault.hang(), times=None, match="/code/stats/code_frequency")
    done = lab.run("cache")
    assert done.status == 75
    assert "gave no whole answer in time" in done.err
    found = repositories(lab)
    assert found["example/notes"]["weeks"][0]["commits"] == 4
    assert (found["example/code"]["weeks"], found["example/code"]["pulls"]) == (None, 2)


def test_names_are_quoted_where_they_are_asked_for(lab: Lab, github: GitHub) -> None:
    rows = [{"full_name": name} for name in ("../../etc/x", "example/..", "a/b?c#d", "a/b/c", "..")]
    github.inject(Fault.json(rows), times=None, match="/orgs/example/repos")
    assert lab.run("cache").status == 0
    assert {seen.path for seen in github.requests} == {"/orgs/example/repos"}


def test_totals_say_of_how_many_they_are(lab: Lab, github: GitHub) -> None:
    for number in range(230):
        github.add(Repo("example", f"r{number}", issues=3))
    configure(lab, github, largest=150, detailed=4)
    assert lab.run("cache").status == 0
    assert len(data(lab)["repositories"]) == 150
    assert data(lab)["left_out"] == 82
    assert lab.run("build-page").status == 0
    page = (lab.folder / "site-private" / "cache-source.html").read_text()
    for said in ("232", "82", "in 150 of 232 repositories", "in 4 of 232 repositories"):
        assert said in page


def test_one_feed_that_fails_keeps_its_last_events(lab: Lab, web: Web) -> None:
    soon = datetime.now(UTC) + timedelta(days=2)

    def feed(name: str, title: str) -> str:
        event = f"UID:1\r\nDTSTART:{soon:%Y%m%d}T170000Z\r\nDTEND:{soon:%Y%m%d}T180000Z"
        body = (f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\n{event}\r\n"
                f"SUMMARY:{title}\r\nLOCATION:Room 3\r\n"
                "END:VEVENT\r\nEND:VCALENDAR\r\n")  # fmt: skip
        return web.put(f"/{name}.ics", body, content_type="text/calendar")

    calendars = {"lab": feed("lab", "Seminar"), "campus": feed("campus", "Talk"),
                 "new": f"{web.url}/new.ics"}  # fmt: skip
    lab.configure({"cache": {"source": {"kind": "calendar", "calendars": calendars}}})
    done = lab.run("cache")
    assert done.status == 1
    assert "cache source: calendars: new: answered 404" in done.err
    [seminar, talk] = data(lab)["events"]
    assert (seminar["title"], seminar["location"], talk["title"]) == ("Seminar", "Room 3", "Talk")
    assert seminar["begins"] == f"{soon:%Y-%m-%d}T17:00:00.000Z"
    feed("lab", "Journal club")
    feed("new", "New")
    web.remove("/campus.ics")
    assert lab.run("cache", "--force").status == 1
    assert {one["title"] for one in data(lab)["events"]} == {"Journal club", "Talk", "New"}
    errors = {one["name"]: bool(one["error"]) for one in data(lab)["calendars"]}
    assert errors == {"lab": False, "campus": True, "new": False}
    assert lab.run("build-page").status == 0
    page = (lab.folder / "site-private" / "cache-source.html").read_text()
    assert "Room 3" in page
    assert "Not fresh" in page


def test_one_sheet_that_fails_keeps_its_last_cells(lab: Lab) -> None:
    names = {name: {"csv": lab.sheet(name, [["task"], [name]])} for name in ("duties", "meetings")}
    names["meetings"] = {"csv": "sheets/nowhere.csv"}
    lab.configure({"sheets": names, "cache": {"source": {"kind": "sheets"}}})
    done = lab.run("cache")
    assert done.status == 1
    assert "cache source: sheets: meetings: does not exist" in done.err
    assert data(lab)["sheets"] == {"duties": [["task"], ["duties"]]}
    lab.sheet("meetings", [["task"], ["x" * 5000]])
    names["meetings"] = {"csv": "sheets/meetings.csv"}
    lab.configure({"sheets": names, "cache": {"source": {"kind": "sheets"}}})
    assert lab.run("cache", "--force").status == 0
    (lab.folder / "sheets" / "duties.csv").unlink()
    assert lab.run("cache", "--force").status == 1
    assert data(lab)["sheets"]["duties"] == [["task"], ["duties"]]
    assert data(lab)["read"]["duties"]["error"]


def test_a_wide_sheet_makes_no_wide_page(lab: Lab) -> None:
    sheet = {"csv": lab.sheet("duties", [["h" * 100_000] * 80, ["", "x"]])}
    lab.configure({"sheets": {"duties": sheet}, "cache": {"source": {"kind": "sheets"}}})
    assert lab.run("cache").status == 0
    assert lab.run("build-page").status == 0
    page = (lab.folder / "site-private" / "cache-source.html").read_text()
    assert len(page) < 50_000
    assert "unknown" not in page


def test_plots_that_lead_nowhere_are_told(lab: Lab, web: Web) -> None:
    url = web.put("/x.json", '{"a": 1, "b": "two", "c": {}}', content_type="application/json")
    plots = {"good": "a", "text": "b", "object": "c", "none": "nothing"}
    lab.configure({"cache": {"source": {"kind": "http-json", "url": url, "plot": plots}}})
    done = lab.run("cache")
    assert done.status == 1
    assert "plot text: text is at b; look at what it answers" in done.err
    assert "plot object: an object is at c;" in done.err
    assert "plot none: there is nothing at nothing;" in done.err
    lab.configure({"cache": {"source": {"kind": "http-json", "url": url, "plot": {"good": "a"}}}})
    assert lab.run("cache", "--force").status == 0
    # A sensor that is off now and then is no mistake.
    web.put("/x.json", '{"a": null, "b": "two"}', content_type="application/json")
    for _ in range(2):
        assert lab.run("cache", "source").status == 0


def test_who_needs_a_token_hears_how_to_give_it(lab: Lab, web: Web) -> None:
    url = web.put("/x.json", "{}", status=401, content_type="application/json")
    source = {"kind": "http-json", "url": url}
    lab.configure({"cache": {"source": source}})
    assert 'write headers: {Authorization: "Bearer ${NAME}"}' in lab.run("cache").err
    lab.configure({"cache": {"source": {**source, "headers": {"X-Token": "abcdefgh"}}}})
    assert "check the token in headers:" in lab.run("cache", "source").err


def test_what_is_told_of_parts_stays_while_they_change() -> None:
    gone, slow = Failed("does not exist", where="x", code="404"), Temporary("slow", code="http")
    [one] = told("GitHub", {"b": gone})
    [two] = told("GitHub", {"b": gone, "a": gone})
    assert (one.where, one.code) == (two.where, two.code) == ("GitHub", "parts_404")
    many = told("GitHub", {**dict.fromkeys("edcba", gone), "z": slow})
    assert [error.what for error in many] == ["a, b, c and 2 more: does not exist", "z: slow"]
    assert gone.what == "does not exist"
