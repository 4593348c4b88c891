"""Bad config, bad arguments, missing secrets, hostile text: one clear message, the right
exit status, and everything else goes on."""

import json
from contextlib import ExitStack
from typing import Any

import pytest

from labtool.core.lock import hold
from tests.commands import example
from tests.lab import Lab
from tests.servers.slack import Slack
from tests.servers.smtp import Smtp

DAY = example.DAY

# ── the config ────────────────────────────────────────────────────────────────────────

CONFIGS: dict[str, tuple[str | bytes, str]] = {
    "an open bracket": ("lab: {name: X\ntimers: [", "is not valid YAML"),
    "a tab": ("lab:\n\tname: X\n", "labtool.yaml:2: is not valid YAML"),
    "no mapping": ("- a\n- b\n", "is not a mapping"),
    "not UTF-8": (b"lab: {name: Z\xfcrich}\n", "labtool.yaml:1: is not UTF-8"),
    "binary": (bytes(range(256)), "labtool.yaml"),
    "a key twice": ("lab: {}\nlab: {}\n", "labtool.yaml:2: lab: stands twice"),
    "an unknown section": ("labb: {}\n", "labtool.yaml:1: labb: "),
    "an unknown key": ("lab:\n  nam: X\n", "labtool.yaml:2: lab.nam: "),
    "a wrong type": ("lab:\n  name: [X]\n", "labtool.yaml:2: lab.name: "),
    "no such zone": ("lab: {timezone: Mars/Olympus}\n", "lab.timezone: "),
    "a section that is text": ("slack: hello\n", "labtool.yaml:1: slack: is not a mapping"),
    "no such kind": ("remind: {rules: {a: {kind: dutty}}}\n", "did you mean duty?"),
    "a bad time": ("timers: {a: {run: remind, when: sometimes}}\n", "timers.a.when: "),
    "a bad template": (
        "remind: {rules: {a: {kind: notice, to: admins, when: daily, text: '{{ x'}}}\n",
        "remind.rules.a.text: ",
    ),
    "a variable that is not set": ("lab: {name: '${NO_SUCH}'}\n", "NO_SUCH is not set"),
    "a tag": ("lab: !!python/object:os.system {}\n", "labtool.yaml:1: lab: has the tag"),
    "aliases without end": ("lab: &a {x: *a}\n", "labtool.yaml:1"),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_bad_config(lab: Lab, name: str) -> None:
    text, why = CONFIGS[name]
    lab.config_file.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = lab.run("remind", "--dry-run", "--json")
    assert done.status == 2
    assert not done.out or done.json()["exit"] == 2
    assert why in done.err
    assert all(line.startswith("labtool: ") for line in done.err.splitlines())


def test_all_its_mistakes_at_once(lab: Lab) -> None:
    lab.configure("lab: {nam: X}\noutbox: {keep: long}\nremind:\n  rules:\n    a: {kind: x}\n")
    done = lab.run("check")
    assert done.status == 2
    for place in ("labtool.yaml:1: lab.nam", "labtool.yaml:2: outbox.keep", "labtool.yaml:5: "):
        assert place in done.err


@pytest.mark.parametrize(
    "command",
    [
        *(["check"], ["digest"], ["status"], ["log"], ["outbox"], ["outbox", "drop", "1"]),
        *(["alerts"], ["alerts", "snooze", "x"], ["timers", "run", "--all"], ["timers", "next"]),
    ],
    ids=" ".join,
)
def test_every_command_says_it(lab: Lab, command: list[str]) -> None:
    lab.configure("lab: {nam: X}\n")
    done = lab.run(*command)
    assert (done.status, done.out) == (2, "")
    assert done.err.count("labtool.yaml:1: lab.nam: ") == 1


@pytest.mark.parametrize("command", ["remind", "digest", "check", "status"])
def test_with_json_it_is_a_document(lab: Lab, command: str) -> None:
    lab.configure("lab: {nam: X}\npeple: {}\n")
    done = lab.run(command, "--json")
    found = done.json()
    assert (done.status, found["status"], found["exit"]) == (2, "usage", 2)
    assert [error.split(": ")[1] for error in found["errors"]] == ["lab.nam", "peple"]
    example.make(lab)
    wrong = lab.run(command, "--json", "--at", "soon").json()
    assert "--at 'soon' is not a time" in wrong["errors"][0]


def test_with_json_a_second_run_is_a_document(lab: Lab) -> None:
    example.make(lab)
    lab.run("remind", "--at", DAY)
    with ExitStack() as locks:
        for file in (lab.state / "locks").glob("remind-*.lock"):
            locks.enter_context(hold(lab.state, file.stem))
        done = lab.run("remind", "--json")
    found = done.json()
    assert (done.status, found["status"], found["exit"]) == (0, "already running", 0)
    assert len(found["errors"]) == 1


def test_no_config_at_all(lab: Lab) -> None:
    for arguments in (["remind"], ["--config", "gone.yaml", "remind"]):
        done = lab.run(*arguments)
        assert (done.status, len(done.err.splitlines())) == (2, 1)


# ── arguments ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["remind", "--at", "tomorrow"], "--at 'tomorrow' is not a time"),
        (["remind", "--at", "2026-02-30"], "is not a time"),
        (["remind", "--at", "0001-01-01T00:00+14:00"], "is out of range"),
        (["digest", "--at", "9"], "is not a time"),
        (["status", "--at", "x"], "is not a time"),
        (["check", "--at", "x"], "is not a time"),
        (["timers", "next", "--at", "x"], "is not a time"),
        (["timers", "run", "--all", "--at", "x"], "is not a time"),
        (["remind", "breakfst"], "no rule is of the kind or name 'breakfst'"),
        (["remind", "--preview", "soon"], "--preview"),
        (["remind", "--preview", "-3d"], "--preview"),
        (["alerts", "snooze", "x", "--for", "ever"], "--for"),
        (["remnd"], "remnd"),
        (["remind", "--nope"], "--nope"),
        (["outbox", "show", "x"], "x"),
        (["log", "show", "x"], "log show takes the number of a run"),
        (["timers", "run", "nobody"], "nobody"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_arguments(lab: Lab, arguments: list[str], why: str) -> None:
    example.make(lab, timers={"a": {"run": "remind", "when": "daily 09:00"}})
    done = lab.run(*arguments)
    assert done.status == 2
    assert why in done.err
    assert "Ann" not in done.out, "no admin is told what was mistyped"


def test_a_timer_that_is_mistyped_is_told(lab: Lab) -> None:
    example.make(lab, timers={"a": {"run": "remind breakfst", "when": "daily 09:00"}})
    done = lab.run("timers", "run", "--all")
    assert done.status == 2
    assert "To Ann Lee:" in done.out


# ── secrets ───────────────────────────────────────────────────────────────────────────


def test_a_missing_token_stops_slack_only(lab: Lab, slack: Slack, smtp: Smtp) -> None:
    example.make(lab, slack, smtp)
    lab.secrets(SLACK_BOT_TOKEN="")
    done = lab.run("remind", "--at", DAY, "--json")
    assert (done.status, done.json()["exit"]) == (2, 2)
    assert "slack.token: " in done.err
    assert slack.proxy.requests == []
    places = sorted(mail.recipients[0] for mail in smtp.mails)
    assert places == [f"{who}@lab.example" for who in ("ann", "ann", "bob", "bob", "eve")]
    assert "slack.token" in next(m.text() for m in smtp.mails if "remind failed" in m.text())
    slack.proxy.reset()
    lab.secrets(**slack.env())
    assert lab.run("remind", "--at", DAY).status == 0
    assert len(slack.messages("#general")) == 2, "the channel has no mail address: they waited"


@pytest.mark.parametrize(
    "token",
    ["${NOT_SET}", {"file": "gone"}, {"command": ["false"]}, {"command": ["no-such-program"]}],
    ids=["variable", "file", "command", "program"],
)
def test_a_missing_token_and_nothing_else(lab: Lab, slack: Slack, token: Any) -> None:
    example.make(lab, slack, slack={"token": token})
    done = lab.run("remind", "--at", DAY)
    assert (done.status, done.out) == (2, "remind: 6 waiting\n")
    first, last = done.err.splitlines()
    assert first.startswith("labtool: labtool.yaml:")
    assert "slack.token: " in first
    assert last.startswith("labtool: the admins could not be told: ")
    example.make(lab, slack)
    assert lab.run("remind", "--at", DAY).status == 0
    assert sum(len(slack.messages(place)) for place in ("@bob", "@eve", "#general")) == 5


def test_a_secret_is_never_shown(lab: Lab, slack: Slack) -> None:
    example.make(lab, slack, slack={"token": "xoxb-hidden-one"})
    lab.run("remind", "--at", DAY)
    for command in (["remind", "--at", DAY, "--json"], ["check", "--online"], ["log", "show", "1"]):
        done = lab.run(*command)
        assert "invalid_auth" in done.out + done.err
        assert "hidden" not in done.out + done.err
    database = (lab.state / "labtool.db").read_bytes()
    assert b"hidden" not in database


# ── text from people ──────────────────────────────────────────────────────────────────

EVIL = (
    "<!channel> @everyone {{ 7000 * 7001 }} {% for x in y %} "
    "\x1b[31mred\x1b[0m \x07\u202e <@U1> &amp;"
)


def evil_lab(lab: Lab, *servers: Any) -> None:
    example.make(
        lab,
        *servers,
        lab={"name": f"Lab {EVIL}"},
        remind={"rules": {n: example.RULES[n] for n in ("announcement", "breakfast", "birthdays")}},
    )
    lab.sheet(
        "people",
        [
            ["name", "email", "birthday"],
            ["Ann Lee", "ann@lab.example", ""],
            [f"Bob {EVIL}", "bob@lab.example", "11-22"],
        ],
    )
    columns = ["task", "interval", "main", "backup", "note"]
    lab.sheet("duties", [columns, ["Breakfast", "weekly", "Ann", "", EVIL]])
    lab.sheet("meetings", [*example.MEETINGS[:1], ["2026-11-23", "GM", "Ann", EVIL]])


def test_slack_interprets_nothing_of_it(lab: Lab, slack: Slack) -> None:
    evil_lab(lab, slack)
    done = lab.run("remind", "--at", DAY)
    assert done.status == 0, done.err
    posts = [call.body for call in slack.proxy.calls("chat.postMessage")]
    assert sum("&lt;!channel&gt;" in json.dumps(post) for post in posts) >= 3
    for post in posts:
        said = json.dumps(post, ensure_ascii=False)
        assert not {"link_names", "parse"} & set(post)
        for part in ("<!", "<@U1>", "\\u001b", "\\u0007", "\u202e", "49007000"):
            assert part not in said
    duty = next(m.text for m in slack.messages("@ann") if "Breakfast" in m.text)
    assert "{{ 7000 * 7001 }} {% for x in y %} [31mred" in duty
    assert "&lt;@U1&gt; &amp;amp;" in duty


def test_the_terminal_interprets_nothing_of_it(lab: Lab) -> None:
    evil_lab(lab)
    names = [f"Breakfast {EVIL}", "weekly", f"Nobody {EVIL}", ""]
    lab.sheet("duties", [["task", "interval", "main", "backup"], names])
    outputs = [
        lab.run(*command)
        for command in (
            *(["remind", "--at", DAY, "--dry-run"], ["remind", "--at", DAY]),
            *(["check"], ["outbox"], ["outbox", "show", "1"], ["log"], ["log", "show", "1"]),
            *(["status"], ["alerts"], ["digest", "--dry-run"], ["remind", "--preview", "3d"]),
            ["remind", f"x{EVIL}"],
        )
    ]
    assert any("<!channel>" in done.out for done in outputs)
    for done in outputs:
        said = done.out + done.err
        assert [c for c in said if c in "\x1b\x07\u202e"] == []


def test_a_mail_s_headers_cannot_be_forged(lab: Lab, smtp: Smtp) -> None:
    rule = {"kind": "notice", "to": {"role": "PI"}, "when": "daily", "text": "Hi"}
    example.make(
        lab, smtp, lab={"name": "Lab\nBcc: eve@evil.example"}, remind={"rules": {"a": rule}}
    )
    head, *_ = example.PEOPLE
    evil = "Eve\r\nBcc: eve@evil.example"
    lab.sheet("people", [head, [evil, "eve@lab.example", "PI", "31/02"], example.PEOPLE[1]])
    lab.run("remind", "--at", DAY)
    assert len(smtp.mails) == 3, "to both, and of the birthday to the admin"
    for mail in smtp.mails:
        assert mail.message["Bcc"] is None
        assert "evil" not in " ".join(mail.recipients)


# ── JSON ──────────────────────────────────────────────────────────────────────────────


def test_json_is_one_document_whatever_fails(lab: Lab) -> None:
    example.make(lab, timers={"a": {"run": "remind", "when": "daily 09:00"}})
    lab.sheet("meetings", "<html>")
    lab.sheet("duties", [*example.DUTIES, ["Fish", "weekly", "Nobody", ""]])
    for command in (
        *(["remind", "--at", DAY], ["remind", "--at", DAY, "--dry-run"], ["digest"]),
        *(["remind", "--preview", "3d"], ["check"], ["timers", "run", "--all", "--at", DAY]),
    ):
        done = lab.run(*command, "--json")
        document = done.json()
        assert document["exit"] == done.status, command
        assert isinstance(document, dict)
    assert lab.run("remind", "--at", DAY, "--json").json()["errors"]
