"""Work in threads, and who gives it up."""

import threading

import pytest

from labtool.core.threads import interruptible
from tests.lab import poll


def test_what_it_returns_and_raises() -> None:
    assert interruptible(lambda: 7, lambda: None) == 7

    def fails() -> None:
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        interruptible(fails, lambda: None)


def test_who_gives_up_leaves_it_to_itself() -> None:
    goes, left = threading.Event(), threading.Event()

    def give_up() -> None:
        raise TimeoutError("enough")

    with pytest.raises(TimeoutError, match="enough"):
        interruptible(goes.wait, give_up, left.set)
    assert not left.is_set()
    goes.set()
    poll(left.is_set)


def test_it_is_looked_at_while_it_takes() -> None:
    goes, looks = threading.Event(), []

    def look() -> None:
        looks.append(1)
        if len(looks) == 3:
            goes.set()

    assert interruptible(goes.wait, look)
    assert len(looks) >= 3
