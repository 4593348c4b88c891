"""`labtool check`: every mistake with its place; online, each credential and recipient."""

from tests.commands import example
from tests.lab import REPO, Lab
from tests.servers.faults import Fault
from tests.servers.google import Google
from tests.servers.slack import Slack
from tests.servers.smtp import Smtp
from tests.servers.web import Web


def test_the_short_config_of_the_readme(lab: Lab) -> None:
    text = (REPO / "README.md").read_text().split("```yaml\n")[1].split("```")[0]
    lab.configure(text)
    lab.secrets(SLACK_BOT_TOKEN="xoxb-1")
    lab.sheet("duties", [["task", "interval", "main", "backup"], ["Breakfast", "", "Ann", "Bob"]])
    lab.sheet("meetings", [["date", "type", "presenters", "note"], ["2026-11-23", "GM", "Bob", ""]])
    done = lab.run("check")
    assert (done.status, done.err) == (0, "")
    said = lab.run("remind", "--dry-run", "--at", "2026-11-22", "--json").json()
    assert {m["to"] for m in said["messages"]} == {"ann-lee", "#general"}


def test_names_that_match_nobody_are_listed_with_the_nearest(lab: Lab) -> None:
    example.make(lab)
    lab.sheet("duties", [*example.DUTIES, ["Coffee", "", "Bbo", "Eev"], ["Tea", "", "", "Zebedee"]])
    people = [*example.PEOPLE, ["Bob Marsh", "marsh@lab.example", "", ""]]
    lab.sheet("people", people)
    done = lab.run("check", "--at", example.DAY)
    assert done.status == 2
    assert "duties:5:main: 'Bbo' matches nobody (nearest: Bob" in done.err
    assert "duties:5:backup: 'Eev' matches nobody (nearest: Eve Park)" in done.err
    assert "duties:6:backup: 'Zebedee' matches nobody" in done.err
    assert "duties:2:main: 'Bob' could be Bob Stone or Bob Marsh" in done.err
    assert "meetings:3:presenters" not in done.err  # Ann and Eve are known


def test_words_of_timers_are_read_as_their_command_reads_them(lab: Lab) -> None:
    bad = {
        "remind --nonsense": "No such option: --nonsense; see: labtool remind --help",
        "outbox retry x": "Invalid value for 'ID'",
        "timers": "see: labtool timers --help",
        "--version": "only prints help",
        "--quiet": "names no command",
        "remnd": "'remnd' is not a labtool command; did you mean remind?",
        "timers --config x run --all": "a timer cannot run timers",
        "--quiet timers run --due": "a timer cannot run timers",
    }
    good = ["remind birthdays --json", "--quiet digest", "log show 3", "outbox", "timers next"]
    timers = {f"t{n}": {"run": run, "when": "daily 09:00"} for n, run in enumerate([*bad, *good])}
    lab.configure({"timers": timers})
    done = lab.run("check")
    assert done.status == 2
    told = done.err.splitlines()
    for number, said in enumerate(bad.values()):
        [line] = [line for line in told if f"timers.t{number}.run: " in line]
        assert said in line
    assert len(told) == len(bad)


def test_two_columns_with_one_name_are_told(lab: Lab) -> None:
    example.make(lab)
    lab.sheet("duties", [["task", "Main", "main ", "backup"], ["Breakfast", "Bob", "Zed", "Eve"]])
    done = lab.run("check", "--at", example.DAY)
    assert "duties:1:main: 2 columns are called main; the first counts" in done.err
    assert "Zed" not in done.err


def test_mistakes_in_rules_have_their_lines(lab: Lab) -> None:
    example.make(lab)
    text = lab.config_file.read_text()
    lab.configure(text.replace("text: Water the plants", "text: Water {{ plant }}"))
    done = lab.run("check", "--at", example.DAY)
    line = next(n for n, t in enumerate(text.splitlines(), 1) if "Water the plants" in t)
    assert done.status == 2
    assert f"labtool.yaml:{line}: remind.rules.plants.text: " in done.err
    assert "plant" in done.err


def test_mistakes_of_all_sections_are_told_at_once(lab: Lab) -> None:
    lab.configure(
        "lab: {nam: x}\nremind:\n  rules:\n    a: {kind: dutty}\n    b: {kind: duty, when: never}\n"
    )
    for command in (("check",), ("remind",), ("status",)):
        done = lab.run(*command)
        assert done.status == 2
        assert "labtool.yaml:1: lab.nam: is not a key" in done.err
        assert "labtool.yaml:4: remind.rules.a: 'dutty' is not a kind; did you" in done.err
        assert "labtool.yaml:5: remind.rules.b.when: " in done.err
        assert "labtool.yaml:5: remind.rules.b.duty: is missing" in done.err


def test_a_secret_in_the_config_is_pointed_out(lab: Lab) -> None:
    lab.configure("slack: {token: xoxb-123}\nlab: {admins: ['#a']}\n")
    done = lab.run("check")
    assert done.status == 0
    assert "a secret stands in the config" in done.out
    assert "xoxb-123" not in done.out + done.err


def test_remote_sheets_are_left_alone_offline(lab: Lab, web: Web) -> None:
    url = web.put("/duties.csv", "task,main\nTea,Ann\n")
    example.make(lab, sheets={"duties": {"csv": url}})
    before = len(web.requests)
    done = lab.run("check", "--at", example.DAY)
    assert (done.status, done.err) == (0, "")
    assert "is not asked without --online" in done.out
    assert len(web.requests) == before
    assert lab.run("check", "--online", "--at", example.DAY).status == 2  # no Breakfast in it
    assert len(web.requests) > before


def test_online_proves_everything(lab: Lab, slack: Slack, smtp: Smtp, google: Google) -> None:
    key = google.spreadsheet(Duties=example.DUTIES)
    sheets = {"duties": {"google": key, "tab": "Duties"}}
    example.make(lab, slack, smtp, google, sheets=sheets)
    done = lab.run("check", "--online", "--at", example.DAY)
    assert (done.status, done.err) == (0, "")
    for proof in ("ok: slack: ", "ok: mail: ", "ok: sheet duties: 4 lines", "recipients found"):
        assert proof in done.out
    assert slack.everything() == []
    assert smtp.mails == []
    assert not lab.state.exists()


def test_online_names_what_does_not_work(lab: Lab, slack: Slack, smtp: Smtp) -> None:
    strangers = [["Dee Gone", "dee@lab.example", "", ""], ["Zoe", "zoe@x.org", "", ""]]
    example.make(lab, slack, smtp, remind={"channel": "#nowhere"})
    lab.sheet("people", [*example.PEOPLE, *strangers])
    lab.secrets(**dict.fromkeys(smtp.env(), "wrong"))
    done = lab.run("check", "--online", "--at", example.DAY)
    assert done.status == 1
    for text in ("Zoe", "Dee Gone", "#nowhere", "535"):
        assert text in done.err, text
    assert "wrong" not in done.err


def test_online_with_a_revoked_token(lab: Lab, slack: Slack) -> None:
    example.make(lab, slack)
    slack.proxy.inject(Fault.slack("token_revoked"), times=None)
    done = lab.run("check", "--online", "--at", example.DAY, "--json")
    assert done.status == 1
    assert any("token" in error for error in done.json()["errors"])


def test_an_absence_in_a_calendar_is_known(lab: Lab) -> None:
    example.make(lab, remind={"absences_calendar": "away.ics", "rules": example.RULES})
    (lab.folder / "away.ics").write_text(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\n"
        "DTSTART;VALUE=DATE:20261120\r\nDTEND;VALUE=DATE:20261125\r\n"
        "SUMMARY:Eve on holiday\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    said = lab.run("remind", "--dry-run", "--at", example.DAY, "--json").json()["messages"]
    [plants] = [m for m in said if "Water the plants" in m["text"]]
    assert plants["to"] == "bob-stone"
    assert "because Eve Park is away" in plants["text"]
