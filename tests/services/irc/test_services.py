"""Services: our own login and nick, and other people's accounts."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests import tools
from tests.lab import poll
from tests.servers.irc_user import IrcUser
from tests.servers.ircd import Inspircd, Ngircd
from tests.services.irc.running import Running, settings

Name = Callable[[str], str]
Person = Callable[..., IrcUser]
PASSWORD = "correct-horse"


@pytest.fixture
def bot_account(inspircd: Inspircd, name: Name) -> str:
    """An account for the bot's nick."""
    inspircd.register(name("bot"), PASSWORD)
    return name("bot")


def identified(server: Inspircd, person: Person, nick: str, join: str = "") -> IrcUser:
    """Somebody who has an account and uses it."""
    user = person(server, nick)
    user.send(f"PRIVMSG NickServ :REGISTER {PASSWORD} {user.nick}@irc.test")
    user.wait(" 900 ")
    if join:
        user.join(join)
    return user


@pytest.mark.parametrize("login", ["sasl", "nickserv"])
def test_login_before_joining(
    inspircd: Inspircd, name: Name, person: Person, bot_account: str, login: str
) -> None:
    lab = name("#lab")
    ann = person(inspircd, "ann", join=lab, caps="extended-join")
    chosen = settings(
        inspircd.port, nick=bot_account, channels=(lab,), password=PASSWORD, login=login
    )
    with Running(chosen) as bot:
        assert f" JOIN {lab} {bot_account} :" in ann.wait(" JOIN ")
        bot.ready()
        bot.tells("identified to services")


def test_login_to_an_account_of_another_name(
    inspircd: Inspircd, name: Name, person: Person, bot_account: str
) -> None:
    for login in ("sasl", "nickserv"):
        chosen = settings(
            inspircd.port, nick=f"{name('else')}{login}", channels=(name("#lab"),),
            password=PASSWORD, login=login, account=bot_account,
        )  # fmt: skip
        with Running(chosen) as bot:
            bot.tells("identified to services")


@pytest.mark.parametrize("login", ["sasl", "nickserv"])
def test_a_wrong_password_is_told_and_tried_again(
    inspircd: Inspircd, name: Name, bot_account: str, login: str
) -> None:
    chosen = settings(
        inspircd.port, nick=bot_account, channels=(name("#lab"),), password="wrong-pw", login=login
    )
    with Running(chosen, login_again=0.3) as bot:
        bot.ready()
        assert "refused" in bot.tells("not identified to services")
        start = time.monotonic()
        poll(lambda: time.monotonic() - start > 0.7)
        assert bot.client.connected
        assert len([text for text in bot.told if "not identified" in text]) == 1
        assert "wrong-pw" not in "".join(bot.told)


def test_a_server_without_services(ngircd: Ngircd, name: Name) -> None:
    for login in ("sasl", "nickserv"):
        chosen = settings(
            ngircd.port, nick=name("bot"), channels=(name("#lab"),), password=PASSWORD, login=login
        )
        with Running(chosen) as bot:
            bot.ready()
            bot.tells("not identified to services")


def test_services_that_come_later(name: Name) -> None:
    tools.require("inspircd")
    tools.require("atheme-services")
    server = Inspircd()
    try:
        server.start()
        server.register("bot", PASSWORD)
        server.stop_services()
        chosen = settings(server.port, password=PASSWORD, login="sasl")
        other = settings(
            server.port, nick="two", password=PASSWORD, login="nickserv", account="bot"
        )
        again = {"login_again": 0.3}
        with Running(chosen, **again) as sasl, Running(other, **again) as nickserv:
            sasl.ready()
            nickserv.ready()
            sasl.tells("not identified to services: the server offers no SASL")
            nickserv.tells("not identified to services: there is no NickServ")
            server.start_services()
            poll(lambda: "identified to services" in sasl.told, 15)
            poll(lambda: "identified to services" in nickserv.told, 15)
    finally:
        server.stop()


@pytest.mark.parametrize("login", ["sasl", "nickserv"])
def test_the_nick_is_regained_through_services(
    inspircd: Inspircd, name: Name, person: Person, bot_account: str, login: str
) -> None:
    thief = person(inspircd, "bot")
    assert thief.nick == bot_account
    chosen = settings(
        inspircd.port, nick=bot_account, channels=(name("#lab"),), password=PASSWORD, login=login
    )
    with Running(chosen) as bot:
        bot.ready()
        bot.tells("is taken")
        bot.tells(f"the nick is {bot_account} again")
        assert any("KILL" in line or "ERROR" in line for line in thief.lines)


def test_accounts_of_those_who_are_there(inspircd: Inspircd, name: Name, person: Person) -> None:
    lab = name("#lab")
    ann = identified(inspircd, person, "ann", lab)
    bob = person(inspircd, "bob", join=lab)
    with Running(settings(inspircd.port, nick=name("bot"), channels=(lab,))) as bot:
        bot.ready()

        def accounts(account: str) -> list[str]:
            return [one.nick for one in bot.do(lambda: bot.client.with_account(account))]

        poll(lambda: accounts(ann.nick.upper()) == [ann.nick])  # WHOX
        cat = identified(inspircd, person, "cat", lab)
        poll(lambda: accounts(cat.nick) == [cat.nick])  # extended-join
        assert accounts(bob.nick) == []
        bob.send(f"PRIVMSG NickServ :REGISTER {PASSWORD} {bob.nick}@irc.test")
        poll(lambda: accounts(bob.nick) == [bob.nick])  # account-notify
        bob.send(f"NICK {name('robert')}")
        poll(lambda: accounts(bob.nick) == [name("robert")])
        bob.say(lab, "hi")
        assert bot.hears("hi").account == bob.nick


def test_identified_only_with_tags(inspircd: Inspircd, name: Name, person: Person) -> None:
    ann = identified(inspircd, person, "ann")
    bob = person(inspircd, "bob")
    chosen = settings(
        inspircd.port, nick=name("bot"), channels=(name("#lab"),), identified_only=True
    )
    with Running(chosen) as bot:
        bot.ready()
        ann.say(name("bot"), "it is me")
        bob.say(name("bot"), "me too")
        assert bot.hears("it is me").account == ann.nick
        assert bot.hears("me too").account is None


@pytest.fixture(scope="module")
def old() -> Iterator[Inspircd]:
    """A server without capabilities."""
    tools.require("inspircd")
    tools.require("atheme-services")
    server = Inspircd(modern=False).start()
    yield server
    server.stop()


def test_identified_only_by_asking(old: Inspircd, name: Name, person: Person) -> None:
    lab = name("#lab")
    ann = identified(old, person, "ann")
    bob = identified(old, person, "bob", lab)
    cat = person(old, "cat", join=lab)
    chosen = settings(old.port, nick=name("bot"), channels=(lab,), identified_only=True)
    with Running(chosen) as bot:
        bot.ready()
        for number in range(5):
            ann.say(name("bot"), f"outside {number}")
        assert bot.hears("outside 4").account == ann.nick
        bob.say(lab, "inside")
        assert bot.hears("inside").account == bob.nick
        cat.say(lab, "nobody")
        assert bot.hears("nobody").account is None
        dan = identified(old, person, "dan", lab)
        dan.say(lab, "new here")
        assert bot.hears("new here").account == dan.nick
        texts = [said.text for said in bot.heard if said.nick == ann.nick]
        assert texts == [f"outside {number}" for number in range(5)]


def test_nickserv_login_without_capabilities(old: Inspircd, name: Name, person: Person) -> None:
    lab = name("#lab")
    old.register(name("bot"), PASSWORD)
    ann = person(old, "ann", join=lab)
    chosen = settings(
        old.port, nick=name("bot"), channels=(lab,), password=PASSWORD, login="nickserv"
    )
    with Running(chosen) as bot:
        bot.ready()
        bot.tells("identified to services")
        assert ann.asks(f"WHOIS {name('bot')}", "318", "330")
    chosen = settings(old.port, nick=name("bot"), channels=(lab,), password=PASSWORD, login="sasl")
    with Running(chosen) as bot:
        bot.ready()
        bot.tells("offers no SASL")
