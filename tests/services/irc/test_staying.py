"""Staying connected: networks, servers and channels that fail in every way."""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from labtool.services.irc.channels import backoff
from labtool.services.irc.settings import Timing
from tests.lab import poll
from tests.servers.irc_user import IrcUser
from tests.servers.ircd import Inspircd, Ngircd, free_port
from tests.servers.rough_ircd import RoughIrcd
from tests.servers.tcp import TcpProxy
from tests.services.irc.running import Running, settings

Name = Callable[[str], str]
Person = Callable[..., IrcUser]


def test_tls_is_verified(ngircd: Ngircd, name: Name, tmp_path: Path) -> None:
    chosen = {"tls": True, "nick": name("bot"), "channels": (name("#lab"),)}
    with Running(settings(ngircd.tls_port, ca_file=ngircd.ca_file, **chosen)) as bot:
        bot.ready()
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    for ca_file in (tmp_path / "other.pem", None, tmp_path / "missing.pem"):
        with Running(settings(ngircd.tls_port, ca_file=ca_file, **chosen)) as bot:
            text = bot.tells("cannot reach")
            assert ("certificate" in text) is (ca_file != tmp_path / "missing.pem")
            assert not bot.client.connected
    with Running(settings(ngircd.port, ca_file=ngircd.ca_file, **chosen), connect=1) as bot:
        bot.tells("cannot reach")  # TLS where there is none


def test_a_server_that_is_away_at_the_start(name: Name) -> None:
    server = Ngircd()
    try:
        with Running(settings(server.port, nick=name("bot"))) as bot:
            bot.tells("cannot reach")
            bot.say("#lab", "too early, but not for long")
            server.start()
            bot.ready()
            server.halt()
            bot.tells("lost")
            poll(lambda: not bot.client.connected)
            assert bot.do(lambda: bot.client.present("ann")) is None
            server.start()
            bot.ready()
        assert len(bot.told) < 8, bot.told  # not one for each attempt
    finally:
        server.stop()


def test_a_host_that_is_none() -> None:
    with Running(settings(free_port(), server="x.invalid")) as bot:
        bot.tells("cannot reach x.invalid")
    with Running(settings(free_port(), server="a" * 80 + ".b")) as bot:
        bot.tells("cannot reach")


def test_stopping_while_nothing_answers() -> None:
    with RoughIrcd(answers=False) as server:
        with Running(settings(server.port), connect=60, quit=0.2) as bot:
            server.wait("USER")
            start = time.monotonic()
            bot.stop()
        assert time.monotonic() - start < 2
        server.wait("QUIT")


def test_a_server_that_accepts_and_says_nothing() -> None:
    with RoughIrcd(answers=False) as server, Running(settings(server.port), register=0.1) as bot:
        bot.tells("did not let us in")
        poll(lambda: server.connections > 2)


def test_a_link_that_is_cut(ngircd: Ngircd, name: Name, person: Person) -> None:
    ann = person(ngircd, "ann", join=name("#lab"))
    with TcpProxy(ngircd.port) as proxy:
        chosen = settings(proxy.port, nick=name("bot"), channels=(name("#lab"),))
        with Running(chosen) as bot:
            bot.ready()
            for number in range(3):
                proxy.cut()
                poll(lambda: not bot.client.connected)
                bot.ready()
                ann.say(name("#lab"), f"back {number}")
                assert bot.hears(f"back {number}").op
            proxy.refuse()
            proxy.cut()
            poll(lambda: proxy.accepted > 6)
            bot.say(name("#lab"), "held")
            proxy.refuse(now=False)
            ann.wait(":held")
        assert len([text for text in bot.told if "lost" in text]) <= 3


def test_what_waited_too_long_is_not_sent(ngircd: Ngircd, name: Name, person: Person) -> None:
    ann = person(ngircd, "ann", join=name("#lab"))
    with TcpProxy(ngircd.port) as proxy:
        chosen = settings(proxy.port, nick=name("bot"), channels=(name("#lab"),))
        with Running(chosen, stale=0.2) as bot:
            bot.ready()
            proxy.refuse()
            proxy.cut()
            poll(lambda: not bot.client.connected)
            bot.say(name("#lab"), "stale")
            accepted = proxy.accepted
            start = time.monotonic()
            poll(lambda: proxy.accepted > accepted + 2 and time.monotonic() - start > 0.5)
            proxy.refuse(now=False)
            bot.ready()
            bot.say(name("#lab"), "fresh")
            ann.wait(":fresh")
            assert "stale" not in ann.texts()


def test_a_link_that_is_silent(ngircd: Ngircd, name: Name, person: Person) -> None:
    with TcpProxy(ngircd.port) as proxy:
        chosen = settings(proxy.port, nick=name("bot"), channels=(name("#lab"),))
        with Running(chosen, ping=0.1, dead=0.4) as bot:
            bot.ready()
            accepted = proxy.accepted
            start = time.monotonic()
            poll(lambda: time.monotonic() - start > 1)  # quiet, but it answers our PING
            assert proxy.accepted == accepted
            proxy.freeze()
            bot.tells("nothing came from the server")
            proxy.thaw()
            bot.ready()


def test_a_slow_link(ngircd: Ngircd, name: Name, person: Person) -> None:
    ann = person(ngircd, "ann", join=name("#lab"))
    with TcpProxy(ngircd.port) as proxy:
        proxy.delay = 0.1
        with Running(settings(proxy.port, nick=name("bot"), channels=(name("#lab"),))) as bot:
            bot.ready()
            bot.say(name("#lab"), "slow")
            ann.wait(":slow")


def test_the_nick_is_taken(ngircd: Ngircd, name: Name, person: Person) -> None:
    lab = name("#lab")
    first = person(ngircd, "bot", join=lab)
    second = person(ngircd, f"{name('bot')}_", exact=True)
    with Running(settings(ngircd.port, nick=first.nick, channels=(lab,)), regain=60) as bot:
        start = time.monotonic()
        bot.ready()
        assert time.monotonic() - start < 3
        assert f"I am {first.nick}1 until" in bot.tells("is taken")
        assert bot.do(lambda: bot.client.present(f"{first.nick}1")) is not None
        first.close()  # seen, as it was in our channel
        bot.tells("again")
        assert bot.do(lambda: bot.client.present(first.nick)) is not None
        bot.say(second.nick, "it is me")
        assert second.wait("it is me").startswith(f":{first.nick}!")


def test_the_nick_is_asked_for_from_time_to_time(
    ngircd: Ngircd, name: Name, person: Person
) -> None:
    holder = person(ngircd, "bot")  # not in our channel, so we do not see it go
    with Running(settings(ngircd.port, nick=holder.nick, channels=(name("#lab"),))) as bot:
        bot.ready()
        holder.send(f"NICK {name('else')}")
        bot.tells("again")


def test_a_nick_that_the_server_does_not_take(ngircd: Ngircd, name: Name) -> None:
    with Running(settings(ngircd.port, nick="9läb.bot", channels=(name("#lab"),))) as bot:
        bot.ready()
        bot.tells("takes no nick")
        assert bot.do(lambda: bot.client.present("lbbot_")) is not None
        assert not any("taken" in text for text in bot.told)


def test_a_nick_that_is_cut_by_the_server() -> None:
    with (
        RoughIrcd(answers=False) as server,
        Running(settings(server.port, nick="longishbot1"), quit=0.1) as bot,
    ):
        server.wait("USER")
        server.tell(":s 433 * longishbo :in use")
        server.wait("NICK longish_")
        server.tell(":s 433 * longish_ :in use")
        server.wait("NICK longish1")
        server.tell(":s 001 longish1 :hi", ":s 005 longish1 NICKLEN=9 :x", ":s 422 longish1 :")
        poll(lambda: "NICK longishbo" in server.said)
        server.tell(":longish1!u@h NICK longishbo", ":longishbo!u@h JOIN #lab")
        bot.ready()
        bot.tells("the nick is longishbo again")


def test_the_nick_is_changed_by_an_operator(inspircd: Inspircd, name: Name, person: Person) -> None:
    oper = person(inspircd, "oper")
    oper.send("OPER root root")
    oper.wait(" 381 ")
    with Running(settings(inspircd.port, nick=name("bot"), channels=(name("#lab"),))) as bot:
        bot.ready()
        oper.send(f"SANICK {name('bot')} {name('Guest')}")
        bot.tells(f"changed to {name('Guest')}")
        bot.tells("again")


def test_killed(inspircd: Inspircd, name: Name, person: Person) -> None:
    oper = person(inspircd, "oper", join=name("#lab"))
    oper.send("OPER root root")
    oper.wait(" 381 ")
    with Running(settings(inspircd.port, nick=name("bot"), channels=(name("#lab"),))) as bot:
        bot.ready()
        oper.send(f"KILL {name('bot')} :begone")
        assert "begone" in bot.tells("lost")
        bot.ready()
        oper.say(name("#lab"), "back")
        bot.hears("back")


def test_kicked_and_banned(ngircd: Ngircd, name: Name, person: Person) -> None:
    lab, other, me = name("#lab"), name("#other"), name("bot")
    ann = person(ngircd, "ann", join=lab)
    with Running(settings(ngircd.port, nick=me, channels=(lab, other))) as bot:
        bot.ready()
        ann.send(f"KICK {lab} {me} :too loud")
        assert f"by {ann.nick} (too loud)" in bot.tells("kicked")
        ann.wait(f":{me}!~{me}@127.0.0.1 JOIN")
        ann.send(f"MODE {lab} +b {me}!*@*", f"KICK {lab} {me} :again")
        bot.tells("we are banned")
        assert bot.client.connected  # in the other channel
        start = time.monotonic()
        poll(lambda: time.monotonic() - start > 0.6)  # several attempts
        assert len([text for text in bot.told if "banned" in text]) == 1
        ann.send(f"MODE {lab} -b {me}!*@*")
        ann.wait(f":{me}!~{me}@127.0.0.1 JOIN")
        poll(lambda: bot.do(lambda: bot.client.present(ann.nick)))


@pytest.mark.parametrize(
    ("mode", "why"), [("i", "invited"), ("k key", "key"), ("l 1", "full"), ("R", "")]
)
def test_channels_that_let_nobody_in(
    ngircd: Ngircd, name: Name, person: Person, mode: str, why: str
) -> None:
    lab = name("#lab")
    ann = person(ngircd, "ann", join=lab)
    ann.send(f"MODE {lab} +{mode}")
    ann.wait("MODE")
    with Running(settings(ngircd.port, nick=name("bot"), channels=(lab,))) as bot:
        bot.tells(f"cannot join {lab}: ")
        bot.tells(why)
        assert not bot.client.connected
        ann.send(f"MODE {lab} -{mode}")
        bot.ready()


def test_an_error_of_the_server_is_told() -> None:
    with RoughIrcd() as server, Running(settings(server.port)) as bot:
        bot.ready()
        server.tell(":s 465 bot :You are \x02K-lined", "ERROR :Closing link")
        server.drop()
        assert "banned from the server: You are K-lined" in bot.tells("lost")
        bot.ready()


def test_invited(ngircd: Ngircd, name: Name, person: Person) -> None:
    lab, me = name("#lab"), name("bot")
    ann = person(ngircd, "ann", join=lab)
    ann.send(f"MODE {lab} +i")
    ann.wait("MODE")
    chosen = settings(ngircd.port, nick=me, channels=(lab,))
    with Running(chosen, backoff=60, backoff_most=60) as bot:
        bot.tells("invited")
        ann.send(f"INVITE {me} {lab}")
        bot.ready()


def test_a_server_that_hangs_up_again_and_again_is_left_in_peace() -> None:
    with RoughIrcd() as server, Running(settings(server.port), backoff_most=60) as bot:
        for _ in range(5):
            bot.ready()
            server.drop()
            poll(lambda: not bot.client.connected)
        # 0.05 s doubling: the waits before these five add up to 0.75 s and more, with jitter
        assert server.connections <= 6
        assert len([text for text in bot.told if "lost" in text]) <= 3


def test_the_wait_doubles_to_its_most() -> None:
    timing = Timing()
    for attempt in range(100):
        base = min(60.0, 2.0**attempt)
        waits = [backoff(timing, attempt) for _ in range(50)]
        assert base * 0.7 <= min(waits) < max(waits) <= base * 1.3


def test_passwords_stay_out_of_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    chosen = {"password": "pw7", "login": "nickserv"}
    with RoughIrcd() as server, Running(settings(server.port, **chosen), identify=0.1) as bot:
        server.wait("IDENTIFY pw7")
        bot.ready()
        server.tell(":x!y@z PRIVMSG bot :hi pw7", "ERROR :pw7 is wrong")
        server.drop()
        bot.tells("***")
    assert "pw7" not in caplog.text
    assert "pw7" not in "".join(bot.told)
    assert "pw7" not in repr(settings(1, **chosen))


def test_run_can_be_stopped_before_it_began() -> None:
    async def run() -> None:
        stop = asyncio.Event()
        stop.set()
        with_nothing = Running(settings(free_port()))
        with_nothing.stop()
        await with_nothing.client.run(stop)

    asyncio.run(run())
