"""Staying connected: networks and servers that fail in every way."""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from labtool.services.irc.channels import backoff
from labtool.services.irc.settings import Timing
from tests.lab import poll
from tests.servers.irc_user import IrcUser
from tests.servers.ircd import Ngircd, free_port
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
            missing = ca_file == tmp_path / "missing.pem"
            bot.tells("missing.pem cannot be used" if missing else "certificate is not accepted")
            assert not bot.client.connected
    with Running(settings(ngircd.port, ca_file=ngircd.ca_file, **chosen), connect=1) as bot:
        bot.tells("cannot reach")  # TLS where there is none


def test_a_certificate_of_another_host(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("irc.example").configure_cert(context)
    with RoughIrcd(tls=context) as server:
        chosen = settings(server.port, tls=True, ca_file=tmp_path / "ca.pem")
        with Running(chosen) as bot:
            assert "certificate is not accepted" in bot.tells("cannot reach")
            assert server.said == []


def test_a_server_that_is_away_at_the_start(name: Name) -> None:
    server = Ngircd()
    try:
        with Running(settings(server.port, nick=name("bot"))) as bot:
            bot.tells("the connection was refused")
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
        bot.tells("no address is known for it")
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


def test_an_error_of_the_server_is_told() -> None:
    with RoughIrcd() as server, Running(settings(server.port)) as bot:
        bot.ready()
        server.tell(":s 465 bot :You are \x02K-lined", "ERROR :Closing link")
        server.drop()
        assert "banned from the server: You are K-lined" in bot.tells("lost")
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


def test_a_netsplit(ngircd: Ngircd, name: Name, person: Person) -> None:
    lab = name("#lab")
    ann = person(ngircd, "ann", join=lab)
    with Running(settings(ngircd.port, nick=name("bot"), channels=(lab,))) as bot:
        bot.ready()
        other = Ngircd(peer=ngircd).start()
        try:
            poll(lambda: ann.asks("LINKS", "365", "364") and "two.test" in "".join(ann.lines))
            bob = other.user(name("bob"), join=lab)
            ann.wait(f":{bob.nick}!")
            ann.send(f"MODE {lab} +ov {bob.nick} {bob.nick}")
            bob.wait("MODE")
            bob.say(lab, "from afar")
            said = bot.hears("from afar")
            assert (said.op, said.voice) == (True, True)
            other.halt()
            poll(lambda: bot.do(lambda: bot.client.present(bob.nick)) is None)
            assert bot.client.connected
        finally:
            other.stop()
