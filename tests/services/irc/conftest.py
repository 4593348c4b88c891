"""People who are on IRC for one test."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from tests.servers.irc_user import IrcUser
from tests.servers.ircd import _Ircd

_numbers = itertools.count(1)


@pytest.fixture
def name() -> Callable[[str], str]:
    """`name("#lab")`: a name that no other test of this process uses."""
    number = next(_numbers)
    return lambda base: f"{base}{number}"


@pytest.fixture
def person(name: Callable[[str], str]) -> Iterator[Callable[..., IrcUser]]:
    """`person(server, "ann", join="#lab1")`; leaves at the end of the test. `exact` keeps
    the nick as it is."""
    with_us: list[IrcUser] = []

    def come(server: _Ircd, nick: str, *, exact: bool = False, **options: str) -> IrcUser:
        user = server.user(nick if exact else name(nick), **options)
        with_us.append(user)
        return user

    yield come
    for user in with_us:
        user.close()
