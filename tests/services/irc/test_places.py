"""Our nick and our channels: had, lost and had again."""

import time
from collections.abc import Callable

import pytest

from tests.lab import poll
from tests.servers.irc_user import IrcUser
from tests.servers.ircd import Inspircd, Ngircd
from tests.servers.rough_ircd import RoughIrcd
from tests.services.irc.running import Running, settings

Name = Callable[[str], str]
Person = Callable[..., IrcUser]


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
