"""Lines that wait for an account: in order, bounded, and never somebody else's."""

from collections.abc import Iterator

import pytest

from tests.lab import poll
from tests.servers.rough_ircd import RoughIrcd
from tests.services.irc.running import Running, settings


@pytest.fixture
def server() -> Iterator[RoughIrcd]:
    with RoughIrcd(features="PREFIX=(ov)@+ CHANMODES=b,k,l,imnst") as made:
        yield made


def only(server: RoughIrcd, **timing: float) -> Running:
    return Running(settings(server.port, identified_only=True), **timing).ready()


def whois(nick: str, account: str = "", host: str = "u@h") -> list[str]:
    user, _, machine = host.partition("@")
    found = [f":s 330 bot {nick} {account} :is logged in as"] if account else []
    return [f":s 311 bot {nick} {user} {machine} * :x", *found, f":s 318 bot {nick} :end"]


def asked(server: RoughIrcd, nick: str) -> int:
    return server.said.count(f"WHOIS {nick}")


def test_order_and_cache(server: RoughIrcd) -> None:
    with only(server) as bot:
        server.tell(*(f":ann!u@h PRIVMSG #lab :{number}" for number in range(3)))
        server.tell(":bob!b@h PRIVMSG #lab :me first")
        server.wait("WHOIS ann")
        server.wait("WHOIS bob")
        assert bot.heard == []
        server.tell(*whois("bob", host="b@h"))
        assert bot.hears("me first").account is None
        server.tell(":ann!u@h PRIVMSG bot :3", *whois("ANN", "Ann"))
        bot.hears("3")
        assert [(s.text, s.account, s.channel) for s in bot.heard if s.nick == "ann"] == [
            ("0", "Ann", "#lab"), ("1", "Ann", "#lab"), ("2", "Ann", "#lab"), ("3", "Ann", None),
        ]  # fmt: skip
        server.tell(":ann!u@h PRIVMSG #lab :cached")
        assert bot.hears("cached").account == "Ann"
        assert asked(server, "ann") == 1
        server.tell(":ann!u@h QUIT :x", ":ann!u@h JOIN #lab", ":ann!u@h PRIVMSG #lab :again")
        poll(lambda: asked(server, "ann") == 2)
        server.tell(*whois("ann", "Ann"))
        bot.hears("again")


def test_an_account_is_asked_again_in_time(server: RoughIrcd) -> None:
    server.answers["WHOIS"] = lambda nick: whois(nick, "Ann")
    with only(server, account_kept=0.1) as bot:
        for number in range(3):
            server.tell(f":ann!u@h PRIVMSG #lab :{number}")
            bot.hears(str(number))
            poll(lambda: bot.do(lambda: bot.client.with_account("ann")) == [])
        assert asked(server, "ann") == 3


def test_who_is_not_in_our_channels_is_asked_each_time(server: RoughIrcd) -> None:
    """We would not see them go, and somebody else take the nick."""
    server.answers["WHOIS"] = lambda nick: whois(nick, "Eve")
    with only(server) as bot:
        server.tell(":eve!u@h PRIVMSG bot :1")
        assert bot.hears("1").account == "Eve"
        server.tell(":eve!u@h PRIVMSG bot :2")
        assert bot.hears("2").account == "Eve"
        assert asked(server, "eve") == 2


def test_no_answer(server: RoughIrcd) -> None:
    with only(server, whois=0.1) as bot:
        server.tell(":ann!u@h PRIVMSG #lab :1", ":ann!u@h PRIVMSG #lab :2")
        assert bot.hears("1").account is None
        assert bot.hears("2").account is None
        assert all(said.unsure for said in bot.heard)
        server.tell(*whois("ann", "Late"), ":ann!u@h PRIVMSG #lab :3")
        assert bot.hears("3").account is None


def test_it_is_somebody_else_by_now(server: RoughIrcd) -> None:
    with only(server) as bot:
        server.tell(":eve!u@h PRIVMSG bot :1")
        server.wait("WHOIS eve")
        server.tell(*whois("eve", "Eve", "u@elsewhere"))
        assert bot.hears("1").account is None
        for number, leave in enumerate(["QUIT :x", "PART #lab", "KICK #lab ann :x"], 2):
            server.tell(":ann!u@h JOIN #lab", f":ann!u@h PRIVMSG #lab :{number}")
            poll(lambda n=number: asked(server, "ann") == n - 1)
            server.tell(f":ann!u@h {leave}", ":ann!u@h JOIN #lab", *whois("ann", "Ann"))
            assert bot.hears(str(number)).account is None


def test_a_nick_changes_while_we_ask(server: RoughIrcd) -> None:
    with only(server) as bot:
        server.tell(":ann!u@h PRIVMSG #lab :1")
        server.wait("WHOIS ann")
        server.tell(":ann!u@h NICK :anna", ":s 401 bot ann :no such nick", ":s 318 bot ann :end")
        server.wait("WHOIS anna")
        server.tell(":anna!u@h PRIVMSG #lab :2", *whois("anna", "Ann"))
        bot.hears("2")
        assert [(s.nick, s.text, s.account) for s in bot.heard] == [
            ("anna", "1", "Ann"), ("anna", "2", "Ann"),
        ]  # fmt: skip


def test_what_waits_is_bounded(server: RoughIrcd) -> None:
    with only(server, whois=2, stale=2) as bot:
        server.tell(*(f":ann!u@h PRIVMSG #lab :{number}" for number in range(100)))
        for _ in range(20):
            server.tell(*(f":n{n}!u@h{n} PRIVMSG bot :x" for n in range(2000)))
        poll(lambda: len(bot.heard) >= 500, 20)
        # Who had most of what waits made room for others.
        assert [s.text for s in bot.heard if s.nick == "ann"] == ["0"]
        assert bot.client.connected


def test_few_are_asked_about_at_once_and_everybody_in_turn(server: RoughIrcd) -> None:
    with only(server) as bot:
        server.tell(*(f":n{n}!u@h{n} PRIVMSG #lab :{n}" for n in range(30)), "PING :all")
        server.wait("PONG :all")
        answered = 0
        while answered < 30:
            asking = [line.split()[1] for line in server.said if line.startswith("WHOIS")]
            assert len(asking) <= answered + 10
            if len(asking) > answered:
                nick = asking[answered]
                server.tell(*whois(nick, nick.upper(), f"u@h{nick[1:]}"))
                bot.hears(nick[1:])
                answered += 1
        assert [said.account for said in bot.heard] == [f"N{n}" for n in range(30)]


def test_one_lookup_for_each_who_asks(server: RoughIrcd) -> None:
    """However many nicks somebody has."""
    with only(server) as bot:
        server.tell(*(f":eve{n}!u@h PRIVMSG bot :{n}" for n in range(5)))
        server.tell(":eve0!u@h NICK eve9", ":bob!b@h PRIVMSG bot :bob")
        server.wait("WHOIS bob")
        asked_about = {line for line in server.said if line.startswith("WHOIS eve")}
        assert len(asked_about - {"WHOIS eve0"}) == 1
        server.tell(*whois("bob", host="b@h"))
        bot.hears("bob")


def test_lookups_do_not_starve_replies(server: RoughIrcd) -> None:
    chosen = settings(server.port, identified_only=True, burst=1, interval=0.02)
    with Running(chosen).ready() as bot:
        server.tell(*(f":n{n}!u@h{n} PRIVMSG #lab :{n}" for n in range(300)), "PING :all")
        server.answers["WHOIS"] = lambda nick: whois(nick, host=f"u@h{nick[1:]}")
        server.wait("WHOIS")
        before = len(server.said)
        for number in range(10):
            bot.say("ann", f"reply {number}")
        server.wait("reply 9")
        between = [line for line in server.said[before:] if line.startswith("WHOIS")]
        assert len(between) <= 25


def test_older_ways_to_say_identified(server: RoughIrcd) -> None:
    server.answers["WHOIS"] = lambda nick: [
        f":s 311 bot {nick} u h * :x", f":s 307 bot {nick} :is identified", f":s 318 bot {nick} :x",
    ]  # fmt: skip
    with only(server) as bot:
        server.tell(":ann!u@h PRIVMSG #lab :1")
        assert bot.hears("1").account == "ann"


def test_without_identified_only_nothing_waits(server: RoughIrcd) -> None:
    with Running(settings(server.port)).ready() as bot:
        server.tell(":ann!u@h PRIVMSG #lab :1")
        assert bot.hears("1").account is None
        assert asked(server, "ann") == 0
