"""What is told: each thing when it is new, not each time, and never a secret."""

from labtool.services.irc.telling import Telling


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def telling(secret: str = "") -> tuple[Telling, list[str], Clock]:
    told: list[str] = []
    clock = Clock()
    return Telling(told.append, secret=secret, repeat=600, clock=clock), told, clock


def test_bad_news_once_and_again_when_it_lasts() -> None:
    tell, told, clock = telling()
    for clock.now in range(0, 1300, 10):
        tell.bad("link", "lost")
        tell.bad("ban", "banned", once=True)
    assert told.count("lost") == 3
    assert told.count("banned") == 1
    tell.good("ban", "joined")
    tell.good("ban", "joined")
    tell.bad("ban", "banned", once=True)
    assert told[-2:] == ["joined", "banned"]


def test_what_comes_and_goes_is_not_told_for_ever() -> None:
    tell, told, clock = telling()
    for clock.now in range(600):
        tell.bad("link", "lost")
        tell.good("link", "connected")
    assert told == ["lost", "connected"] * 3
    clock.now = 2000
    tell.bad("link", "lost")
    assert told[-1] == "lost"


def test_secrets_and_odd_characters() -> None:
    tell, told, _ = telling("pw")
    tell.bad("x", "no pw\r\n\x02here\x1b[31m " + "y" * 1000)
    assert told[0].startswith("no *** here[31m yyy")
    assert len(told[0]) == 400
