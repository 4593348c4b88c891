"""Many destinations for one stream: those that fail or hang are left behind."""

import threading
from collections.abc import Iterator

import pytest

from labtool.core.errors import Failed, Temporary
from labtool.tasks.backup import fan as module
from labtool.tasks.backup.fan import Fan


def test_all_get_all_of_it() -> None:
    got: dict[str, list[bytes]] = {"a": [], "b": []}
    fan = Fan({name: taken.extend for name, taken in got.items()})
    chunks = [bytes([number]) * 10 for number in range(100)]
    for chunk in chunks:
        fan.put(chunk)
    fan.close()
    assert (got["a"], got["b"], fan.errors) == (chunks, chunks, {})


def test_one_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STUCK", 0.3)
    monkeypatch.setattr(module, "_LOOK", 0.05)
    free, got = threading.Event(), list[bytes]()
    over: list[BaseException] = []

    def hang(chunks: Iterator[bytes]) -> None:
        next(chunks)
        free.wait(20)
        try:
            list(chunks)
        except BaseException as error:
            over.append(error)
            raise

    fan = Fan({"hangs": hang, "works": got.extend})
    for _ in range(20):
        fan.put(b"x")
    fan.close()
    assert len(got) == 20
    assert isinstance(fan.errors["hangs"], Temporary)
    free.set()
    fan._threads["hangs"].join(10)
    # When it wakes up, it is told that its file is not to be.
    assert isinstance(over[0], module.GivenUpError)


def test_nobody_is_left() -> None:
    def fail(chunks: Iterator[bytes]) -> None:
        next(chunks)
        raise Failed("no")

    fan = Fan({"a": fail, "b": fail})
    with pytest.raises(Failed, match="no"):
        _pour(fan)
    fan.give_up()


def _pour(fan: Fan) -> None:
    for _ in range(100):
        fan.put(b"x")
