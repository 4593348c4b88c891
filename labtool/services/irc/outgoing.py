"""What waits to be said: whose turn it is, and how fast. Pure: the caller has the clock."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


class Bucket:
    """`burst` at once, then one every `interval` seconds; no limit where that is 0."""

    def __init__(self, burst: int, interval: float) -> None:
        self._burst = max(1, burst)
        self._interval = max(0.0, interval)
        self._tokens = float(self._burst)
        self._at = float("-inf")

    def wait(self, now: float) -> float:
        """Seconds until `take` is allowed; 0 where it is."""
        if not self._interval:
            return 0.0
        if now > self._at:
            self._tokens = min(self._burst, self._tokens + (now - self._at) / self._interval)
            self._at = now
        # Fractions do not add up exactly; nobody is made to wait for a millionth.
        return 0.0 if self._tokens >= 1 - 1e-6 else (1 - self._tokens) * self._interval

    def take(self) -> None:
        """Use what `wait` allowed."""
        self._tokens -= 1


@dataclass(slots=True)
class _Queue:
    target: str
    lines: deque[str] = field(default_factory=deque)
    dropped: int = 0


class _Lane:
    """Queues that take turns, each for one target. One's line beyond `each`, or beyond `most` in
    all, is left out, and the target told so once its queue has left."""

    def __init__(self, each: int, most: int) -> None:
        self._each, self._most = each, most
        self._queues: dict[str, _Queue] = {}  # in the order of turns
        self.size = 0

    def put(self, key: str, target: str, line: str) -> bool:
        queue = self._queues.get(key)
        if self.size >= self._most or (queue and len(queue.lines) >= self._each):
            if queue:
                queue.dropped += 1
            return False
        if queue is None:
            queue = self._queues[key] = _Queue(target)
        queue.lines.append(line)
        self.size += 1
        return True

    def take(self) -> tuple[str, str]:
        """The next line, as (target, line). Only where there is one."""
        key = next(iter(self._queues))
        queue = self._queues.pop(key)
        if queue.lines:
            line = queue.lines.popleft()
            self.size -= 1
        else:
            line = f"... {queue.dropped} more line{'s'[: queue.dropped > 1]} left out"
            queue.dropped = 0
        if queue.lines or queue.dropped:
            self._queues[key] = queue  # its next turn comes after everybody else's
        return queue.target, line

    def clear(self) -> None:
        self._queues.clear()
        self.size = 0

    def __bool__(self) -> bool:
        return bool(self._queues)


class Outgoing:
    """Commands first, then replies, then bulk (notifications); in each lane those who are
    answered take turns, in the same channel too, so that nobody waits for another's long answer.
    Questions to the server, of which people may cause many, alternate with what is said.

    Bounds: `each` lines of replies for one of them, `bulk` lines of bulk in all. `dropped` counts
    what was left out. `fold` makes equal the names that mean the same target.
    """

    def __init__(
        self,
        bucket: Bucket,
        *,
        each: int = 200,
        replies: int = 5000,
        bulk: int = 2000,
        fold: Callable[[str], str] = str.lower,
    ) -> None:
        self._bucket = bucket
        self.fold = fold
        self._commands: dict[str, None] = {}
        self._commands_most = 200
        self._questions: dict[str, None] = {}
        self._asked_last = False
        self._replies = _Lane(each, replies)
        self._bulk = _Lane(bulk, bulk)
        self.dropped = 0

    def command(self, line: str) -> None:
        """Queue a command to the server; one that waits already is not queued twice."""
        if len(self._commands) < self._commands_most:
            self._commands.setdefault(line)
        else:
            self.dropped += 1

    def ask(self, line: str) -> None:
        """Queue a question to the server; the caller bounds how many wait."""
        self._questions.setdefault(line)

    def withdraw(self, line: str) -> None:
        """A question that is of no use any more."""
        self._questions.pop(line, None)

    def say(self, target: str, line: str, *, bulk: bool = False, turn: str = "") -> None:
        """Queue one line for a target; `turn` is who is answered there (default: the target
        itself)."""
        lane = self._bulk if bulk else self._replies
        if not lane.put(f"{self.fold(target)} {self.fold(turn)}", target, line):
            self.dropped += 1

    def wait(self, now: float) -> float | None:
        """Seconds until something may leave; None where nothing waits."""
        if not (self._commands or self._questions or self._replies or self._bulk):
            return None
        return self._bucket.wait(now)

    def take(self, now: float) -> tuple[str, str] | None:
        """What leaves now, as (target, line); a command or question has the target "".
        None where nothing waits or nothing may leave yet."""
        if self.wait(now) != 0:
            return None
        self._bucket.take()
        if self._commands:
            line = next(iter(self._commands))
            del self._commands[line]
            return "", line
        said = bool(self._replies or self._bulk)
        self._asked_last = bool(self._questions) and not (said and self._asked_last)
        if self._asked_last:
            line = next(iter(self._questions))
            del self._questions[line]
            return "", line
        return (self._replies or self._bulk).take()

    def clear(self, *, commands_only: bool = False) -> None:
        """Forget what waits: it was for a connection that is gone."""
        self._commands.clear()
        self._questions.clear()
        if not commands_only:
            self._replies.clear()
            self._bulk.clear()
