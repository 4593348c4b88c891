"""`labtool ptg-bot` as a process on a real IRC server, with real people."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labtool.core.lock import hold
from tests.lab import Lab, poll
from tests.servers.irc_user import IrcUser
from tests.servers.ircd import Inspircd, Ngircd
from tests.servers.rough_ircd import RoughIrcd
from tests.servers.web import Web
from tests.services.irc.running import Running, settings
from tests.tasks.ptg import fuzz
from tests.tasks.ptg.event import document

_names = iter(range(10_000))


class Event:
    """A bot in a channel of its own."""

    def __init__(self, lab: Lab, server: Ngircd | Inspircd) -> None:
        number = next(_names)
        self.lab, self.server = lab, server
        self.nick, self.channel = f"bot{number}", f"#event{number}"
        self.database = lab.folder / "ptg.json"
        self.database.write_text(json.dumps(document()))
        self.ptg: dict[str, Any] = {
            "server": "127.0.0.1",
            "port": server.port,
            "tls": False,
            "nick": self.nick,
            "channels": [self.channel],
            "flood": {"burst": 5, "interval": 0},
        }
        self.people: list[IrcUser] = []
        self.process: subprocess.Popen[str] | None = None
        self.operator = self.person("op")

    def configure(self, **more: Any) -> None:
        zone = {"timezone": "America/Denver", "admins": ["admin@example.org"]}
        self.lab.configure({"lab": zone, "ptg": {**self.ptg, **more}})

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start the bot, and wait until it is in the channel."""
        self.process = self.lab.start("ptg-bot", *(arguments or ("--at", "2026-11-24T10:00")))
        self.operator.wait(f":{self.nick}!")
        return self.process

    def person(self, name: str) -> IrcUser:
        """Somebody in the channel; the first is its operator."""
        user = self.server.user(f"{name}{self.nick[3:]}", join=self.channel)
        self.people.append(user)
        return user

    def said(self, user: IrcUser, text: str, answer: str) -> str:
        """Say something in the channel, and wait for this answer to it."""
        user.say(self.channel, text)
        return user.wait(f"PRIVMSG {self.channel} :{user.nick}: {answer}")

    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.database.read_text())
        return found

    def close(self) -> None:
        for user in self.people:
            user.close()


@pytest.fixture
def event(lab: Lab, ngircd: Ngircd) -> Iterator[Event]:
    made = Event(lab, ngircd)
    made.configure()
    yield made
    made.close()


def test_an_event(event: Event) -> None:
    bob = event.person("bob")
    process = event.start()
    event.said(bob, "+in nova", "OK, checked into #nova")
    event.said(bob, "#nova now hello #cinder", "now in #nova (Ballroom A): hello #cinder")
    event.said(event.operator, "~list", "tracks: cinder infra nova swift")
    event.said(bob, "~list", "that takes an operator")
    bob.say(event.nick, "subscribe nova")
    bob.wait(f"PRIVMSG {bob.nick} :subscription set to nova")
    event.operator.say(event.nick, "~add zun")  # an operator's rights hold in private too
    event.operator.wait(f"PRIVMSG {event.operator.nick} :added #zun")
    event.said(event.operator, "#nova next more", "next in #nova")
    bob.wait(f"PRIVMSG {bob.nick} :next in #nova (Ballroom A): more")
    event.said(event.operator, f"{event.nick}: what nova", "#nova (Ballroom A) now: hello")
    poll(lambda: event.data()["next"] == {"nova": ["more"]}, 20, "the file is behind")
    process.send_signal(signal.SIGTERM)
    event.operator.wait(" QUIT ")
    assert process.wait(10) == 0
    assert event.data()["last_check_in"][bob.nick.lower()]["location"] == "#nova"
    [run] = event.lab.run("log", "ptg-bot", "--json").json()
    assert run["status"] == "done"


def test_talk_is_left_alone(event: Event) -> None:
    event.start()
    talk = [
        "+1",
        "+1 from me",
        "#startmeeting x",
        "~10 people",
        "nova now x",
        "hi",
        "\x01ACTION x\x01",
    ]
    for text in talk:
        event.operator.say(event.channel, text)
    event.said(event.operator, "+seen bob", "bob never checked in")
    assert len(event.operator.texts()) == 1


def test_no_talk_for_ever_with_a_bot_that_answers_everything(event: Event) -> None:
    event.start()
    chosen = settings(event.server.port, nick=f"echo{event.nick}", channels=(event.channel,))
    with Running(chosen, hear=lambda said: echo.client.say(said.nick, said.text)) as echo:
        echo.ready().say(event.nick, "hello")
        poll(lambda: len(echo.heard) >= 4)
        for number in range(10):
            event.said(event.operator, f"+seen {number}", f"{number} never checked in")
        private = [said.text for said in echo.heard if not said.channel]
        assert len(private) == 4
        assert private[-1].startswith("I am silent now")
        echo.say(event.nick, "seen end")
        echo.hears("end never checked in anywhere")


def test_voice_is_asked_for(event: Event) -> None:
    bob = event.person("bob")
    event.start()
    event.said(event.operator, "~requirevoice", "moderators need voice")
    event.said(bob, "#nova now x", "that takes voice")
    event.operator.send(
        f"MODE {event.channel} +ov {bob.nick} {bob.nick}", f"MODE {event.channel} -o {bob.nick}"
    )
    bob.wait(f"MODE {event.channel} -o {bob.nick}")
    event.said(bob, "#nova now x", "now in #nova")
    event.said(bob, "~alloweveryone", "that takes an operator")


def test_the_config_of_an_older_bot(event: Event) -> None:
    """As its argument, without any labtool.yaml."""
    old = {
        "irc_nick": event.nick,
        "irc_server": "127.0.0.1",
        "irc_port": event.server.port,
        "irc_channel": event.channel,
        "db_filename": "ptg.json",
    }
    event.lab.config_file.unlink()
    (event.lab.folder / "config.json").write_text(json.dumps(old))
    process = event.start("config.json")
    event.said(event.operator, "#cinder now x", "now in #cinder")
    process.terminate()
    assert process.wait(10) == 0
    assert event.data()["now"] == {"cinder": "x"}


def test_fetchdb(event: Event, web: Web) -> None:
    event.configure(fetch_allow=["127.0.0.1"])
    event.start()
    url = web.put("/db.json", json.dumps({"schedule": {"Hall": {"TueA1": "qa"}}}))
    slow = web.put("/slow.json", "{}" + " " * 100, drip=0.03)
    event.said(event.operator, f"~fetchdb {slow}", "fetching")
    event.said(event.operator, f"~fetchdb {url}", "another fetch is under way")
    event.said(event.operator, "+seen bob", "bob never")  # it is not deaf meanwhile
    event.operator.wait("nothing was changed: http://127.0.0.1", timeout=30)
    event.said(event.operator, f"~fetchdb {url}", "fetching")
    event.operator.wait("done: 5 tracks, 1 room")
    event.said(event.operator, "~undo", "took back: ~fetchdb")
    event.said(event.operator, "~fetchdb http://localhost:1/x", "fetching")
    event.operator.wait("localhost is a private or loopback address")


def test_killed_it_comes_back_with_all_that_it_answered(event: Event) -> None:
    for number in range(4):
        process = event.start()
        for step in range(3):
            text = f"topic {number} {step}"
            event.said(event.operator, f"#nova now {text}", f"now in #nova (Ballroom A): {text}")
        process.kill()
        event.operator.wait(" QUIT ")
        process.wait(10)
        json.loads(event.database.read_text())
    event.start()
    event.said(event.operator, "+what nova", "#nova (Ballroom A) now: topic 3 2")


def test_the_server_goes_and_comes_back(lab: Lab) -> None:
    server = Ngircd().start()
    try:
        event = Event(lab, server)
        event.configure()
        event.start()
        event.said(event.operator, "#nova now before", "now in #nova")
        server.halt()
        server.start()
        event.operator = event.person("again")
        event.operator.wait(f":{event.nick}!", timeout=60)
        event.said(event.operator, "+what nova", "#nova (Ballroom A) now: before")
        event.close()
    finally:
        server.stop()


def test_a_damaged_database_is_told_to_an_admin(event: Event, smtp: Any) -> None:
    event.start().terminate()
    assert event.process is not None
    event.process.wait(10)
    event.database.write_text("{broken")
    event.lab.configure(
        {"lab": {"admins": ["admin@example.org"], "timezone": "America/Denver"}, "ptg": event.ptg},
        smtp,
    )
    event.start()
    poll(lambda: smtp.mails, 15, "no mail")
    assert "the last good copy (4 tracks) and the journal are used" in smtp.mails[0].text()
    event.said(event.operator, "~list", "tracks: cinder infra nova swift")


def test_a_database_that_cannot_be_read_is_one_message(event: Event) -> None:
    event.database.write_text("{broken")
    done = event.lab.run("ptg-bot")
    assert done.status == 1
    assert "ptg.json: is not JSON" in done.err
    assert event.database.read_text() == "{broken"


def test_a_second_bot_says_that_one_is_running(event: Event) -> None:
    event.start()
    done = event.lab.run("ptg-bot", "--console", stdin="~list\n")
    assert done.status == 0
    assert "is running already" in done.err


def test_many_at_once(event: Event) -> None:
    """Sixty commands of one, and a bystander's in the same channel: with flood limits as they
    are by default, the bystander's answer is among the first."""
    event.configure(flood={})
    bob = event.person("bob")
    event.start()
    for number in range(60):
        event.operator.say(event.channel, f"+seen x{number}")
    event.operator.wait(f"{event.operator.nick}: x0 never")
    event.said(bob, "+seen y", "y never checked in")
    answers = [text for text in event.operator.texts() if "never" in text]
    assert len(answers) < 15


def test_it_survives_what_people_throw_at_it(event: Event) -> None:
    event.start()
    user = event.operator
    for line in (
        b"PRIVMSG %s :\x01VERSION\x01",
        b"PRIVMSG %s :\x01DCC CHAT chat 2130706433 1\x01",
        b"PRIVMSG %s :\x01",
        b"PRIVMSG %s :\xff\xfe in \xc3",
        b"PRIVMSG %s :subscribe (a+)+$",
        b"PRIVMSG %s :\x02\x03",
        b"NOTICE %s :in nova",
        b"PRIVMSG %s :in \xe2\x80\xae#nova",
        b"PRIVMSG %s :~add __proto__ ../../x",
        b"PRIVMSG %s :" + b"x" * 480,
        b"PRIVMSG %s :#nova now " + "€".encode() * 150,
    ):
        user.send(line % event.nick.encode())
    user.send(
        f"MODE {event.channel} +k key", f"MODE {event.channel} -k", f"MODE {event.channel} +lb 5"
    )
    user.send(f"KICK {event.channel} {event.nick} :out")
    user.wait(f"JOIN :{event.channel}", timeout=20)
    event.said(user, "+seen x", "x never checked in")
    assert event.process is not None
    assert event.process.poll() is None
    assert not any("Error" in text or "Traceback" in text for text in user.texts())


def test_lines_without_end(lab: Lab) -> None:
    """A server may pass on what is far longer than it should: nothing of it stays, what is
    answered is short, and the next command is answered."""
    with RoughIrcd(features="PREFIX=(ov)@+") as server:
        ptg = {"server": "127.0.0.1", "port": server.port, "tls": False, "channels": ["#e"]}
        lab.configure({"ptg": {**ptg, "nick": "bot", "flood": {"interval": 0}}})
        process = lab.start("ptg-bot")
        server.wait("JOIN #e")

        def tell(text: str, number: int) -> None:
            server.tell(f":ann!u@h PRIVMSG bot :{text}", f":ann!u@h PRIVMSG bot :seen end{number}")
            server.wait(f"end{number} never checked in")

        def memory() -> int:
            status = Path(f"/proc/{process.pid}/status").read_text()
            return int(status.partition("VmRSS:")[2].split()[0])

        begins = (
            "",
            "in ",
            "seen ",
            "+what ",
            "subscribe ",
            "#nova now ",
            "~add ",
            "#",
            "~",
            "\x01",
        )
        rounds = []
        for round_ in range(4):
            for number, begin in enumerate(begins * 5):
                for length, filling in ((10_000, "x"), (10_000, "é "), (100_000, "y")):
                    tell(begin + filling * (length // len(filling)), round_ * 1000 + number)
            server.tell("z" * 5_000_000, b"\xff" * 5_000_000)
            tell("help", round_ * 1000 + 999)
            rounds.append(memory())
        assert process.poll() is None
        assert rounds[-1] - rounds[0] < 5_000, rounds  # kB
        answers = [line for line in server.said if line.startswith("PRIVMSG")]
        assert max(len(line.encode()) for line in answers) <= 510
        assert answers.count("PRIVMSG ann :that is too long: 2000 characters at most") == 360
        assert len(answers) < 1300  # not the whole line back
        process.terminate()
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_the_console(lab: Lab) -> None:
    lab.configure("ptg: {}\n")
    done = lab.run("ptg-bot", "--console", stdin="~add nova\n#nova now hi\nhello\nwhat\n~lsit\n")
    assert done.status == 0
    assert done.lines == [
        "  added #nova",
        "  now in #nova: hi (note: #nova has no room scheduled today)",
        "  I do not know hello; did you mean help?",
        "  #nova now: hi",
        "  I do not know ~lsit; did you mean ~list?",
        "ptg-bot: 2 changes",
    ]
    assert json.loads((lab.folder / "ptg.json").read_text())["now"] == {"nova": "hi"}


def test_the_pages_are_close_behind_the_chat(event: Event) -> None:
    event.lab.configure(
        {"lab": {"timezone": "America/Denver"}, "ptg": event.ptg, "page": {"output": "site"}}
    )
    event.start()
    site = event.lab.folder / "site" / "index.html"
    poll(site.exists)
    for number in range(5):
        event.said(event.operator, f"#nova now number {number}", "now in #nova")
        text = f"number {number}"
        # How far behind is measured by scripts/bench.
        poll(lambda text=text: text in site.read_text(), 20, "the page is behind")


def test_a_folder_of_somebody_else_does_not_stop_the_bot(event: Event, smtp: Any) -> None:
    site = event.lab.folder / "site"
    site.mkdir()
    (site / "index.html").write_text("mine")
    event.lab.configure(
        {"lab": {"admins": ["admin@example.org"]}, "ptg": event.ptg, "page": {}}, smtp
    )
    event.start()
    event.said(event.operator, "#nova now x", "now in #nova")
    poll(lambda: smtp.mails, 15, "no mail")
    assert "files that labtool did not write" in smtp.mails[0].text()
    event.said(event.operator, "#nova now y", "now in #nova")
    assert (site / "index.html").read_text() == "mine"


def test_subscribers_come_and_go(event: Event) -> None:
    """Who has the nick of a subscriber is not the subscriber."""
    bob = event.person("bob")
    outside = event.server.user(f"out{event.nick[3:]}")
    event.people.append(outside)
    event.start()
    for user in (bob, outside):
        user.say(event.nick, "subscribe nova")
        user.wait("subscription set to nova")
    event.said(event.operator, "#nova now one", "now in #nova")
    bob.wait(f"PRIVMSG {bob.nick} :now in #nova (Ballroom A): one")
    outside.wait(f"PRIVMSG {outside.nick} :now in #nova (Ballroom A): one")
    bob.send(f"PART {event.channel}", f"NICK was{bob.nick}")
    bob.wait(f" NICK :was{bob.nick}")
    thief = event.server.user(bob.nick, join=event.channel, user="thief")
    event.people.append(thief)
    event.said(event.operator, "#nova now two", "now in #nova")
    outside.wait("now in #nova (Ballroom A): two")
    thief.say(event.nick, "unsubscribe")
    thief.wait("you have no subscription yet")
    assert not any("(Ballroom A): two" in t for t in thief.texts() if not t.startswith("op"))


def test_a_crowd(event: Event) -> None:
    """Eighty people who all speak at the same time."""
    crowd = [event.person(f"u{number}x") for number in range(80)]
    event.start()
    for user in crowd:
        user.say(event.channel, "+in nova")
        user.say(event.nick, "in the pub")
    for user in crowd:
        user.wait(f"PRIVMSG {user.nick} :OK, checked into the pub", timeout=20)
    poll(lambda: len(event.data()["last_check_in"]) == 80)


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_a_hundred_thousand_random_lines(event: Event) -> None:
    """By an operator, in the channel and in private; the bot goes on, answers the one who asks
    something sensible in between, and never with an exception's text."""
    bob = event.person("bob")
    process = event.start()
    sender = event.operator
    chunk: list[bytes] = []
    for number, text in enumerate(fuzz.lines(100_000), start=1):
        target = event.nick if number % 3 else event.channel
        chunk.append(f"PRIVMSG {target} :{text}".encode()[:480].replace(b"\0", b""))
        if number % 100 == 0:
            sender.send(*chunk)
            chunk.clear()
            # Words between which the sender's own lines cannot come: each has its order.
            sender.say(event.nick, f"seen end{number}")
            sender.wait(f"end{number} never checked in", timeout=60)
            event.said(bob, f"+seen bob{number}", f"bob{number} never checked in")
    assert process.poll() is None
    assert not any("Error" in text or "Traceback" in text for text in sender.texts())
    event.said(sender, "~undo", "")
    process.terminate()
    assert process.wait(10) == 0
    event.data()
    logs = event.lab.folder / "state" / "logs"
    assert not list(logs.glob("bug-*"))


def test_identified_only(lab: Lab, inspircd: Inspircd) -> None:
    """With services: who is identified is served, whoever is not is told why."""
    inspircd.register("idann", "password")
    event = Event(lab, inspircd)
    try:
        event.configure(identified_only=True)
        event.start()
        ann = inspircd.user("idann", join=event.channel)
        event.people.append(ann)
        event.said(ann, "+in nova", "I serve only who is identified to services (NickServ)")
        ann.say(event.channel, "+1 from me")
        ann.say("NickServ", "IDENTIFY password")
        ann.wait("now identified")
        event.said(ann, "+in nova", "OK, checked into #nova")
        event.said(ann, "+where idann", "idann is in #nova")
    finally:
        event.close()


def test_a_terminal_that_goes_is_a_goodbye(event: Event) -> None:
    process = event.start()
    process.send_signal(signal.SIGHUP)
    event.operator.wait(" QUIT ")
    assert process.wait(10) == 0


def test_an_edit_by_hand_is_seen_soon(event: Event) -> None:
    event.start()
    event.said(event.operator, "#nova now x", "now in #nova")
    poll(lambda: event.data()["now"] == {"nova": "x"})
    edited = event.data()
    edited["tracks"].append("handmade")
    event.database.write_text(json.dumps(edited, indent=2))

    def is_known() -> bool:
        event.operator.say(event.channel, "#handmade now y")
        return "now in #handmade" in event.operator.wait("#handmade")

    poll(is_known, 40)
    assert event.data()["now"]["nova"] == "x"


def test_an_edit_in_two_goes_is_no_damage(event: Event) -> None:
    event.start()
    event.said(event.operator, "#nova now x", "now in #nova")
    poll(lambda: event.data()["now"] == {"nova": "x"})
    whole = json.dumps(event.data() | {"eventid": "by hand"}).encode()
    with event.database.open("wb", buffering=0) as file:
        file.write(whole[:100])
        # Long enough for the bot to look at it; it writes nothing meanwhile.
        event.said(event.operator, "#nova now y", "now in #nova")
        for _ in range(5):
            event.said(event.operator, "+what #nova", "#nova")
        file.write(whole[100:])
    poll(lambda: event.data()["now"] == {"nova": "y"}, 15)
    assert event.data()["eventid"] == "by hand"
    assert not list(event.database.parent.glob("*.broken-*"))


def test_a_build_that_never_ends_holds_up_neither_the_file_nor_the_end(event: Event) -> None:
    event.lab.configure({"ptg": event.ptg, "page": {"output": "site"}})
    with hold(event.lab.state, "site"):
        process = event.start()
        event.said(event.operator, "#nova now x", "now in #nova")
        poll(lambda: event.data()["now"] == {"nova": "x"}, 15)
        process.terminate()
        event.operator.wait(" QUIT ")
        assert process.wait(20) == 0


def test_a_fetch_that_hangs_does_not_hold_up_the_end(event: Event, web: Web) -> None:
    event.configure(fetch_allow=["127.0.0.1"])
    process = event.start()
    slow = web.put("/slow.json", "{}" + " " * 100, drip=1.0)
    event.said(event.operator, f"~fetchdb {slow}", "fetching")
    poll(lambda: web.requests)
    process.terminate()
    event.operator.wait(" QUIT ")
    assert process.wait(8) == 0
