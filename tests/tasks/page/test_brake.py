"""How many passwords may be tried, and who is not kept out by it."""

from contextlib import ExitStack

from labtool.tasks.page.brake import Brake


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def guesses(brake: Brake, clock: Clock, address: str, seconds: float) -> int:
    """How many wrong ones are judged in so many seconds, with as many threads as one likes."""
    judged, waiting = 0, list[tuple[float, ExitStack]]()
    end = clock.now + seconds
    while clock.now < end:
        while not brake.holds(address):
            stack = ExitStack()
            penalty = stack.enter_context(brake.wrong(address))
            waiting.append((clock.now + penalty, stack))
            judged += 1
        waiting.sort(key=lambda one: one[0])
        until, stack = waiting.pop(0)
        clock.now = until
        stack.close()
    for _, stack in waiting:
        stack.close()
    return judged


def test_guesses_of_one_client_become_few() -> None:
    clock = Clock()
    brake = Brake(clock)
    assert guesses(brake, clock, "192.0.2.1", 3600) < 1500
    assert not brake.holds("192.0.2.1")


def test_nobody_else_is_kept_out_by_one_client() -> None:
    brake = Brake(Clock())
    with ExitStack() as stack:
        while not brake.holds("192.0.2.1"):
            stack.enter_context(brake.wrong("192.0.2.1"))
        assert not brake.holds("192.0.2.2")


def test_who_knew_it_is_not_kept_out_by_many() -> None:
    clock = Clock()
    brake = Brake(clock)
    brake.right("198.51.100.1")
    with ExitStack() as stack:
        for number in range(20):
            stack.enter_context(brake.wrong(f"192.0.2.{number}"))
        assert brake.holds("192.0.2.99")
        assert not brake.holds("198.51.100.1")
        clock.now += 2 * 86400
        assert brake.holds("198.51.100.1")
    assert not brake.holds("192.0.2.99")


def test_a_network_of_ipv6_is_one_client() -> None:
    brake = Brake(Clock())
    with ExitStack() as stack:
        for number in range(3):
            stack.enter_context(brake.wrong(f"2001:db8::{number}"))
        assert brake.holds("2001:db8::ffff")
        assert not brake.holds("2001:db8:1::1")


def test_a_right_one_makes_the_wrong_ones_forgotten() -> None:
    clock = Clock()
    brake = Brake(clock)
    for _ in range(30):
        with brake.wrong("192.0.2.1") as penalty:
            pass
    assert penalty == 8
    brake.right("192.0.2.1")
    with brake.wrong("192.0.2.1") as penalty:
        assert penalty == 0.5
