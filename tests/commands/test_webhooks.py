"""GitHub's webhooks at `labtool serve`: signed deliveries over HTTP, and what they start."""

import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from labtool.tasks.jobs.webhooks import github
from labtool.tasks.jobs.webhooks.section import Project
from tests.commands.serving import served
from tests.lab import Lab, poll

pytestmark = pytest.mark.xdist_group("webhooks")
SECRET = "a secret that GitHub shares"
JOBS = {
    "site": {
        "channel": "#site",
        "jobs": {
            "deploy": {"run_args_template": "echo deployed"},
            "note": {"run_args_template": "printf '%s|%s|%s' {branch} {author} {title}"},
        },
        "slack": [{"command": "hold [start] to [end]", "help": "Holds",
                   "action": "schedule_suppression", "job_type": "deploy"}],
    }
}  # fmt: skip
RULES = [
    {"event": "push", "branch": "main", "job": "site_note",
     "parameters": {"branch": "{branch}", "author": "{author}", "title": "pushed {sha}"}},
    {"event": "pull_request", "action": "labeled", "label": ["preview"], "job": "site_note",
     "parameters": {"branch": "{branch}", "author": "{author}", "title": "{title}"}},
]  # fmt: skip


class Hook:
    """A server with webhooks, and GitHub."""

    def __init__(self, lab: Lab, address: str) -> None:
        self.lab, self.address = lab, address

    def send(
        self, event: str, body: Any, *, secret: str = SECRET, kind: str = "sha256",
        project: str = "site", delivery: str = "", form: bool = False, **headers: str,
    ) -> requests.Response:  # fmt: skip
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        content = "application/json"
        if form:
            raw, content = urlencode({"payload": raw}).encode(), "application/x-www-form-urlencoded"
        mac = hmac.new(secret.encode(), raw, getattr(hashlib, kind)).hexdigest()
        header = "X-Hub-Signature" + ("-256" if kind == "sha256" else "")
        return requests.post(
            f"{self.address}/webhooks/github/{project}",
            raw,
            headers={
                "Content-Type": content,
                "X-GitHub-Event": event,
                "X-GitHub-Delivery": delivery or str(uuid.uuid4()),
                header: f"{kind}={mac}",
                **headers,
            },
            timeout=20,
        )

    def jobs(self) -> Any:
        return self.lab.run("jobs", "list", "--json").json()


def config(**project: Any) -> dict[str, Any]:
    return {
        "jobs": JOBS,
        "webhooks": {"github": {"site": {"secret": "${HOOK}", "rules": RULES, **project}}},
        "serve": {"port": 0},
        "page": {},
    }


@pytest.fixture
def hook(lab: Lab) -> Iterator[Hook]:
    lab.secrets(HOOK=SECRET)
    lab.configure(config())
    with served(lab) as (address, _):
        yield Hook(lab, address)


def merged(**more: Any) -> dict[str, Any]:
    pull = {"number": 7, "title": "Better", "merged": True, "html_url": "https://g.example/7",
            "base": {"ref": "main"}, "user": {"login": "ann"}, "merge_commit_sha": "abc",
            **more}  # fmt: skip
    return {"action": "closed", "pull_request": pull}


def test_a_merged_pull_request_is_deployed_once(hook: Hook) -> None:
    done = hook.send("pull_request", merged(), delivery="one")
    assert (done.status_code, done.json()) == (200, {"done": ["site_deploy (1) was queued"]})
    [one] = hook.jobs()
    assert (one["type"], one["state"], one["asked_by"]) == (
        "site_deploy", "waiting", "ann on GitHub",
    )  # fmt: skip
    # Played again, it does nothing; another one takes the place of what waits.
    again = hook.send("pull_request", merged(), delivery="one")
    assert again.json() == {"done": ["seen before: nothing was done"]}
    assert hook.send("pull_request", merged(), form=True).status_code == 200
    assert len(hook.jobs()) == 1
    # It waits for a minute.
    assert "ended" not in hook.lab.run("jobs", "work").out
    for body in (merged(merged=False), {**merged(), "action": "opened"}, {"zen": "x"}):
        assert hook.send("pull_request", body).json() == {"done": ["nothing to do"]}


@pytest.mark.parametrize(
    ("branch", "where", "fits"),
    [([], "trunk", True), ([], "main", False), (["main"], "main", True),
     (["main", "live"], "live", True), (["live"], "trunk", False)],
)  # fmt: skip
def test_only_the_branch_that_counts_is_deployed(branch: list[str], where: str, fits: bool) -> None:
    body = {**merged(base={"ref": where}), "repository": {"default_branch": "trunk"}}
    event = github.read("pull_request", json.dumps(body).encode(), "application/json")
    project = Project.model_validate({"secret": "x", "branch": branch})
    assert bool(github.wanted(project, "site", event)) == fits


def test_another_branch_is_said(hook: Hook) -> None:
    body = {**merged(base={"ref": "develop"}), "repository": {"default_branch": "main"}}
    assert hook.send("pull_request", body).json() == {
        "done": ["nothing to do: merged into develop, not main"]
    }
    # Half a character, as JSON may have one, is none in an answer.
    body["pull_request"]["base"]["ref"] = "de\ud800velop\n"
    assert hook.send("pull_request", body).json() == {
        "done": ["nothing to do: merged into develop, not main"]
    }
    assert hook.jobs() == []


def test_what_cannot_be_started_is_told_and_may_be_sent_again(lab: Lab) -> None:
    lab.secrets(HOOK=SECRET)
    rule = {"event": "pull_request", "job": "site_count", "parameters": {"n": "{number}"}}
    kinds = {"n": {"type": "integer", "most": 5}}
    count = {"run_args_template": "echo {n}", "parameters": kinds}
    jobs = {"site": {**JOBS["site"], "jobs": {**JOBS["site"]["jobs"], "count": count}}}
    lab.configure({**config(rules=[rule]), "jobs": jobs})
    with served(lab) as (address, _):
        hook = Hook(lab, address)
        done = hook.send("pull_request", merged(), delivery="one")
        assert done.status_code == 422
        assert done.json() == {
            "error": "site_count was not started: n 7 is more than 5; look at its parameters"
            " and its rule",
            "done": ["site_deploy (1) was queued"],
        }
        alert = poll(lambda: lab.run("alerts", "--json").json(), timeout=20)
        assert "/webhooks/github/site: site_count was not started" in str(alert)
        # Sent again, what was queued is not queued once more.
        again = hook.send("pull_request", merged(number=3), delivery="one")
        assert (again.status_code, again.json()) == (
            200, {"done": ["site_count(n=3) (2) was queued"]},
        )  # fmt: skip
        assert hook.send("pull_request", merged(), delivery="one").json() == {
            "done": ["seen before: nothing was done"]
        }
        poll(lambda: lab.run("alerts", "--json").json() == [], timeout=20)
        # Nor under another number, which is not signed.
        assert hook.send("pull_request", merged(number=8), delivery="two").status_code == 422
        copied = hook.send("pull_request", merged(number=8), delivery="three")
        assert (copied.status_code, copied.json()["done"]) == (422, [])
        # Nor as another event, which is not signed either.
        forged = hook.send("push", merged(number=8), delivery="four")
        assert forged.json() == {"done": ["seen before, as another event: nothing was done"]}
    assert len(hook.jobs()) == 2


def test_rules_that_are_moved_while_they_are_mended_start_nothing_twice(lab: Lab) -> None:
    lab.secrets(HOOK=SECRET)
    # `note` can be queued, `count` cannot.
    first = {
        "event": "push",
        "job": "site_note",
        "parameters": {"branch": "x", "author": "x", "title": "x"},
    }
    second = {"event": "push", "job": "site_count", "parameters": {"n": "many"}}
    count = {"run_args_template": "echo {n}", "parameters": {"n": {"type": "integer"}}}
    jobs = {"site": {**JOBS["site"], "jobs": {**JOBS["site"]["jobs"], "count": count}}}
    lab.configure({**config(rules=[first, second]), "jobs": jobs})
    with served(lab) as (address, _):
        hook = Hook(lab, address)
        assert hook.send("push", {"ref": "x"}, delivery="one").status_code == 422
    lab.configure({**config(rules=[{**second, "parameters": {"n": "7"}}, first]), "jobs": jobs})
    with served(lab) as (address, _):
        hook = Hook(lab, address)
        again = hook.send("push", {"ref": "x"}, delivery="one")
        assert again.json() == {"done": ["site_count(n=7) (2) was queued"]}
        assert hook.send("push", {"ref": "x"}, delivery="two").json() == {
            "done": ["seen before: nothing was done"]
        }
    assert sorted(one["type"] for one in hook.jobs()) == ["site_count", "site_note"]


def test_rules(hook: Hook) -> None:
    push = {"ref": "refs/heads/main", "after": "abc", "sender": {"login": "$(touch x)"}}
    assert hook.send("push", push).status_code == 200
    assert hook.lab.run("jobs", "work").status == 0
    path = hook.lab.state / "logs" / "jobs" / "1-1" / "stdout"
    assert path.read_text() == "main|$(touch x)|pushed abc"
    for body in ({**push, "ref": "refs/heads/other"}, {**push, "ref": "refs/tags/main"}):
        assert hook.send("push", body).json() == {"done": ["nothing to do"]}
    labeled = {
        **merged(title="'; rm -rf ~ \u2028"),
        "action": "labeled",
        "label": {"name": "preview"},
    }
    assert "site_note" in hook.send("pull_request", labeled).json()["done"][0]
    labeled["label"] = {"name": "other"}
    assert hook.send("pull_request", labeled).json() == {"done": ["nothing to do"]}


def test_a_suppression_is_told(hook: Hook) -> None:
    assert hook.lab.run("jobs", "say", "site hold now to 2099-01-01").status == 0
    said = hook.send("pull_request", merged()).json()["done"][0]
    assert "waits: its job does not run until 2099-01-01" in said
    entries = hook.lab.run("outbox", "--json").out
    assert "does not run until 2099-01-01" in entries
    assert "https://g.example/7" in entries


def test_who_is_not_github(hook: Hook) -> None:
    for done, status in (
        (hook.send("push", {}, secret="wrong"), 403),
        (hook.send("push", {}, kind="sha1"), 403),
        (hook.send("push", {}, **{"X-Hub-Signature-256": ""}), 403),
        (hook.send("push", {}, **{"X-Hub-Signature-256": "sha256="}), 403),
        (hook.send("push", {}, project="other"), 404),
        (hook.send("push", {}, project="%2e%2e%2fetc"), 404),
        (hook.send("push", b"no JSON"), 400),
        (hook.send("push", b"[" * 100_000), 400),
        (hook.send("push", []), 400),
        (hook.send("push", {}, **{"X-GitHub-Delivery": ""}), 400),
        (hook.send("push", b"x" * (26 * 1024 * 1024)), 413),
    ):
        assert done.status_code == status, done.text
        assert SECRET not in done.text
    assert hook.send("push", {}, project="other").json() == {
        "error": "there is no project other here"
    }
    assert requests.get(f"{hook.address}/webhooks/github/site", timeout=10).status_code == 405
    assert hook.jobs() == []


def test_the_old_signature_where_it_is_allowed(lab: Lab) -> None:
    lab.secrets(HOOK=SECRET)
    lab.configure(config(allow_sha1=True))
    with served(lab) as (address, _):
        hook = Hook(lab, address)
        assert hook.send("pull_request", merged(), kind="sha1").status_code == 200
        assert hook.send("push", {}, kind="sha1", secret="wrong").status_code == 403


def test_a_secret_that_is_a_command_is_asked_for_once(lab: Lab) -> None:
    """However many deliveries come, with a signature or without; and the server answers others."""
    script = lab.folder / "secret"
    script.write_text(f"#!/bin/sh\necho x >>{lab.folder}/asked\nsleep 1\necho '{SECRET}'\n")
    script.chmod(0o755)
    lab.configure(config(secret={"command": [str(script)]}))
    with served(lab) as (address, _):
        hook = Hook(lab, address)
        asked = lab.folder / "asked"
        before = len(asked.read_text()) if asked.exists() else 0
        for _ in range(5):
            sent = requests.post(f"{address}/webhooks/github/site", b"{}", timeout=10)
            assert sent.status_code == 403
        assert (len(asked.read_text()) if asked.exists() else 0) == before
        with ThreadPoolExecutor(6) as pool:
            sent_all = [pool.submit(hook.send, "push", {"n": n}, secret="wrong") for n in range(6)]
            started = time.monotonic()
            assert requests.get(f"{address}/", timeout=10).status_code == 200
            assert time.monotonic() - started < 0.9
            assert {one.result().status_code for one in sent_all} == {403}
        assert hook.send("push", {}).status_code == 200
        assert len(asked.read_text()) == before + 2


def test_the_same_text_with_another_number_is_the_same(hook: Hook) -> None:
    assert hook.send("pull_request", merged(), delivery="one").json()["done"] != []
    again = hook.send("pull_request", merged(), delivery="two")
    assert again.json() == {"done": ["seen before: nothing was done"]}
    again = hook.send("push", merged(), delivery="three")
    assert again.json() == {"done": ["seen before: nothing was done"]}
    assert hook.send("push", {}, delivery="x" * 101).status_code == 400


def test_what_github_says_arrives_as_it_is(hook: Hook) -> None:
    title = "a  b\tc\nd \u202e" + "x" * 2000
    labeled = {**merged(title=title), "action": "labeled", "label": {"name": "preview"}}
    assert hook.send("pull_request", labeled).status_code == 200
    assert hook.lab.run("jobs", "work").status == 0
    path = hook.lab.state / "logs" / "jobs" / "1-1" / "stdout"
    assert path.read_bytes() == f"main|ann|{title}".encode()


def test_what_needs_a_yes_is_asked_for_in_the_channel(lab: Lab) -> None:
    lab.secrets(HOOK=SECRET)
    deploy = {"run_args_template": "echo deployed", "confirm": True}
    note = {**JOBS["site"]["jobs"]["note"], "confirm": ["staff"]}
    site = {**JOBS["site"], "jobs": {"deploy": deploy, "note": note}}
    people = [{"name": "Ann", "email": "a@x.org", "role": "staff"}]
    lab.configure({**config(), "jobs": {"site": site}, "people": {"list": people}})
    with served(lab) as (address, _):
        hook = Hook(lab, address)
        said = hook.send("pull_request", merged()).json()["done"]
        assert said == ["site_deploy (1) waits for a yes: say confirm 1"]
        labeled = {**merged(title="a\nb"), "action": "labeled", "label": {"name": "preview"}}
        assert hook.send("pull_request", labeled).status_code == 200
        texts = [one["text"] for one in lab.run("outbox", "--json").json()]
        assert any("site_deploy (1), https://g.example/7, waits for a yes" in one for one in texts)
        assert any("staff can say confirm 2" in one and 'title = "a\\nb"' in one for one in texts)
    assert lab.run("jobs", "confirm", "1").status == 0
    assert lab.run("jobs", "list", "--json").json()[-1]["state"] == "waiting"


def test_a_person_whom_github_names_is_found(lab: Lab) -> None:
    lab.secrets(HOOK=SECRET)
    note = {"run_args_template": "printf %s {who}", "parameters": {"who": "person"}}
    rule = {"event": "push", "job": "site_note", "parameters": {"who": "{author}"}}
    site = {**JOBS["site"], "jobs": {**JOBS["site"]["jobs"], "note": note}}
    people = [{"name": "Ann Lee", "email": "ann@example.org"}]
    lab.configure({**config(rules=[rule]), "jobs": {"site": site}, "people": {"list": people}})
    with served(lab) as (address, _):
        hook = Hook(lab, address)
        push = {"sender": {"login": "ann lee"}}
        poll(lambda: hook.send("push", push).status_code == 200)
        assert hook.send("push", {"sender": {"login": "Nobody"}}).status_code == 422
        assert hook.jobs()[0]["arguments"] == {"who": "Ann Lee"}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["pull_request", "label", "base", "ref", "action", "user", "merged", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(st.text(max_size=10), ANYTHING)
def test_whatever_a_body_says(name: str, found: Any) -> None:
    raw = json.dumps(found).encode()
    if not isinstance(found, dict):
        with pytest.raises(ValueError, match="no object"):
            github.read(name, raw, "application/json")
        return
    event = github.read(name, raw, "application/json")
    assert github.idle(Project.model_validate({"secret": "x"}), event).encode()
    assert all(isinstance(value, str) for value in event.fields.values())


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"event": "push", "job": "site_none"}, "there is no job site_none"),
        ({"event": "push", "job": "site_note"}, "has other parameters"),
        ({"event": "push", "job": "site_deploy", "parameters": {"x": "{nope}"}}, "no such field"),
    ],
)
def test_mistakes(lab: Lab, rule: dict[str, Any], said: str) -> None:
    lab.secrets(HOOK=SECRET)
    lab.configure(config(rules=[rule]))
    done = lab.run("check")
    assert done.status == 2
    assert said in done.err
    assert "webhooks.github.site.rules.0." in done.err


def test_a_deploy_that_asks_nobody(lab: Lab) -> None:
    lab.secrets(HOOK=SECRET)
    jobs = {"deploy": {"run_args_template": "x", "confirm": True}}
    lab.configure({**config(), "jobs": {"site": {"jobs": jobs}}})
    done = lab.run("check")
    assert done.status == 2
    assert "asks for a yes, and there is nobody to ask" in done.err


@pytest.mark.parametrize(
    ("deploy", "said"),
    [
        (None, "there is no job site_deploy, which a merged pull request starts"),
        ("echo {a}", "site_deploy has parameters, so that no merged pull request starts it"),
    ],
)
def test_a_deploy_that_cannot_be(lab: Lab, deploy: str | None, said: str) -> None:
    lab.secrets(HOOK=SECRET)
    jobs: dict[str, Any] = {"note": {"run_args_template": "x"}}
    if deploy:
        jobs["deploy"] = {"run_args_template": deploy}
    for project, status in (({}, 2), ({"deploy": False}, 0)):
        lab.configure({**config(rules=[], **project), "jobs": {"site": {"jobs": jobs}}})
        done = lab.run("check")
        assert (done.status, said in done.err) == (status, status == 2), done
