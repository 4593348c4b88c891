"""What is particular to GitHub: what costs no rate, what is still counted, what is too much."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab import Lab, command
from tests.servers.faults import Fault
from tests.servers.github import TOKEN, GitHub
from tests.servers.github_shapes import Repo
from tests.tools import require

WEEK = 1_763_856_000


@pytest.fixture
def github(lab: Lab) -> Iterator[GitHub]:
    server = GitHub()
    server.start()
    configure(lab, server)
    yield server
    server.stop()


def configure(lab: Lab, server: GitHub, **more: Any) -> None:
    lab.secrets(GITHUB_TOKEN=TOKEN)
    source = {"kind": "github", "base_url": server.url, "organisations": ["example"],
              "token": "${GITHUB_TOKEN}", **more}  # fmt: skip
    lab.configure({"cache": {"code": source}})


def fill(server: GitHub, number: int, **more: Any) -> None:
    for n in range(number):
        pushed = f"2026-11-{20 - n:02}T10:00:00Z"
        weeks = [(WEEK, 4, 10, 3), (WEEK + 604_800, 1, 1, 1)]
        server.add(Repo("example", f"r{n}", pushed_at=pushed, weeks=weeks, pulls=n, **more))


def data(lab: Lab) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((lab.state / "cache" / "code.json").read_text())["data"]
    return found


def test_what_has_not_changed_costs_nothing(lab: Lab, github: GitHub) -> None:
    fill(github, 5)
    assert lab.run("cache").status == 0
    first, used = data(lab), github.limit - github.remaining
    assert used == 1 + 5 * 5
    assert lab.run("cache", "code").status == 0
    assert github.limit - github.remaining == used
    again = data(lab)
    for one in (*first["repositories"], *again["repositories"]):
        one.pop("asked_at")
    assert again == first
    github.repos["example/r2"].stars = 9
    assert lab.run("cache", "code").status == 0
    # The list, and its pulls, which name it.
    assert github.limit - github.remaining == used + 2
    assert {r["name"]: r["stars"] for r in data(lab)["repositories"]}["example/r2"] == 9


def test_statistics_that_are_still_counted_block_nothing(lab: Lab, github: GitHub) -> None:
    fill(github, 3)
    github.repos["example/r0"].counting = 1
    github.repos["example/r1"].counting = 10_000
    configure(lab, github, timeout="9s")
    assert lab.run("cache").status == 0
    found = {r["name"]: r for r in data(lab)["repositories"]}
    assert found["example/r0"]["weeks"][0]["commits"] == 4
    assert found["example/r0"]["pending"] is False
    assert (found["example/r1"]["weeks"], found["example/r1"]["pending"]) == (None, True)
    assert found["example/r1"]["pulls"] == 1
    assert found["example/r2"]["weeks"]
    github.repos["example/r1"].counting = 0
    assert lab.run("cache", "code").status == 0
    found = {r["name"]: r for r in data(lab)["repositories"]}
    assert found["example/r1"]["weeks"][1]["commits"] == 1
    github._asked.clear()
    github.repos["example/r1"].counting = 10_000
    assert lab.run("cache", "code", "--force").status == 0
    found = {r["name"]: r for r in data(lab)["repositories"]}
    assert found["example/r1"]["weeks"][1]["commits"] == 1
    assert found["example/r1"]["pending"] is True


def test_a_rate_limit_in_the_middle_leaves_the_rest_for_later(lab: Lab, github: GitHub) -> None:
    fill(github, 19)
    github.remaining = 1 + 5 * 12
    done = lab.run("cache")
    assert done.status == 75
    assert "cache code: GitHub: GitHub asks us to wait until " in done.err
    asked = {r["name"] for r in data(lab)["repositories"] if r["asked_at"]}
    assert 0 < len(asked) < 19
    github.remaining = 5000
    seen = len(github.requests)
    assert lab.run("cache", "code").status == 0
    assert all(r["asked_at"] for r in data(lab)["repositories"])
    first = next(s.path for s in github.requests[seen:] if "contributors" in s.path)
    assert first.split("/contributors")[0].removeprefix("/repos/") not in asked


def test_a_rate_limit_from_the_start(lab: Lab, github: GitHub) -> None:
    fill(github, 1)
    github.remaining = 0
    done = lab.run("cache")
    assert done.status == 75
    assert "GitHub asks us to wait until " in done.err


def test_many_are_bounded(lab: Lab, github: GitHub) -> None:
    fill(github, 8)
    configure(lab, github, largest=5, detailed=2)
    assert lab.run("cache").status == 0
    found = data(lab)
    assert [r["name"] for r in found["repositories"]] == [f"example/r{n}" for n in range(5)]
    assert found["left_out"] == 3
    assert [r["pulls"] for r in found["repositories"]] == [0, 1, None, None, None]


def test_a_large_one_has_commits_but_no_lines(lab: Lab, github: GitHub) -> None:
    fill(github, 1, too_large=True)
    assert lab.run("cache").status == 0
    [one] = data(lab)["repositories"]
    assert one["weeks"][0] == {
        "week": "2025-11-23", "commits": 4, "additions": None, "deletions": None,
    }  # fmt: skip


def test_who_is_not_there(lab: Lab, github: GitHub) -> None:
    configure(lab, github, organisations=["nobody"])
    done = lab.run("cache")
    assert done.status == 1
    assert "GitHub /orgs/nobody/repos: does not exist; check the name" in done.err


def test_a_permission_is_named(lab: Lab, github: GitHub) -> None:
    fill(github, 1)
    headers = {"X-Accepted-GitHub-Permissions": "pull_requests=read"}
    body = '{"message": "Resource not accessible by personal access token"}'
    github.inject(Fault.reply(body, status=403, headers=headers), times=None, match="pulls")
    done = lab.run("cache")
    assert done.status == 1
    assert "give the token pull_requests=read" in done.err


def test_single_repositories_and_doubles(lab: Lab, github: GitHub) -> None:
    fill(github, 2)
    github.repos["ann/x"] = Repo("ann", "x")
    configure(lab, github, repositories=["ann/x", "example/r1"])
    assert lab.run("cache").status == 0
    names = sorted(r["name"] for r in data(lab)["repositories"])
    assert names == ["ann/x", "example/r0", "example/r1"]


def test_a_damaged_store_of_answers_is_made_anew(lab: Lab, github: GitHub) -> None:
    fill(github, 2)
    assert lab.run("cache").status == 0
    (lab.state / "cache" / "code.http.db").write_bytes(b"no database at all" * 100)
    assert lab.run("cache", "code").status == 0
    assert len(data(lab)["repositories"]) == 2


def test_progress_on_a_terminal_and_nothing_in_a_pipe(lab: Lab, github: GitHub) -> None:
    require("script")
    fill(github, 8)
    line = " ".join(map(str, [*command(), "cache"]))
    done = lab.run(program=["script", "-qec", f"stty cols 80; {line}", "/dev/null"])
    assert "of 8 repositories" in done.out
    assert lab.run("cache", "--force").err == ""
