"""What waits to be said: whose turn it is, and how fast. Pure: the caller has the clock."""

from collections import Counter, deque
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
    """What waits for one who is answered, as (target, line), and how much of it was left out;
    `told` is the target that hears so."""

    lines: deque[tuple[str, str]] = field(default_factory=deque)
    dropped: int = 0
    told: str = ""


class _Lane:
    """Queues that take turns, each for one who is answered. A line beyond `each` of one is left
    out; beyond `most` in all, the newest line of the longest queue is. Whose it was is told once
    their queue has left."""

    def __init__(self, each: int, most: int) -> None:
        self._each, self._most = each, most
        self._queues: dict[str, _Queue] = {}  # in the order of turns
        self._names: Counter[str] = Counter()  # targets of what waits
        self._bound = 0  # no queue is longer
        self.size = 0

    def put(self, key: str, target: str, line: str) -> bool:
        """Whether there was room; where not, this line or another one is left out."""
        queue = self._queues.get(key)
        own = len(queue.lines) if queue else 0
        fits = own < self._each and self.size < self._most
        if not fits:
            longest = self._longer(own + 1) if own < self._each else None
            if longest is None:
                self._left_out(queue, target)
                return False
            other, _ = longest.lines.pop()
            self._forget(other)
            self._left_out(longest, other)
        if queue is None:
            queue = self._queues[key] = _Queue()
        queue.lines.append((target, line))
        self._names[target] += 1
        self.size += 1
        self._bound = max(self._bound, len(queue.lines))
        return fits

    def take(self) -> tuple[str, str]:
        """The next line, as (target, line). Only where there is one."""
        key = next(iter(self._queues))
        queue = self._queues.pop(key)
        if queue.lines:
            target, line = queue.lines.popleft()
            self._forget(target)
        else:
            target = queue.told
            line = f"... {queue.dropped} more line{'s'[: queue.dropped > 1]} left out"
            queue.dropped = 0
        if queue.lines or queue.dropped:
            self._queues[key] = queue  # its next turn comes after everybody else's
        return target, line

    def names(self) -> list[str]:
        """The targets of what waits."""
        return [*self._names, *(one.told for one in self._queues.values() if one.dropped)]

    def move(self, old: str, new: str) -> None:
        """What waits for a target is for another one now; for nobody where `new` is empty."""
        for key, queue in list(self._queues.items()):
            if old == queue.told:
                queue.told = new
                queue.dropped *= bool(new)
            if any(target == old for target, _ in queue.lines):
                kept = [(new if t == old else t, line) for t, line in queue.lines]
                queue.lines = deque(item for item in kept if item[0])
                self.size -= len(kept) - len(queue.lines)
            if not (queue.lines or queue.dropped):
                del self._queues[key]
        count = self._names.pop(old, 0)
        if new and count:
            self._names[new] += count

    def clear(self) -> None:
        self._queues.clear()
        self._names.clear()
        self.size = 0

    def __bool__(self) -> bool:
        return bool(self._queues)

    def _longer(self, than: int) -> _Queue | None:
        """The longest queue, if it is longer than this."""
        if self._bound <= than:
            return None
        longest = max(self._queues.values(), key=lambda one: len(one.lines))
        self._bound = len(longest.lines)
        return longest if self._bound > than else None

    def _left_out(self, queue: _Queue | None, target: str) -> None:
        if queue is not None:
            queue.dropped += 1
            queue.told = target

    def _forget(self, target: str) -> None:
        self.size -= 1
        self._names[target] -= 1
        if not self._names[target]:
            del self._names[target]


class Outgoing:
    """Commands first, then replies, then bulk (notifications); in each lane those who are
    answered take turns, in the same channel too, so that nobody waits for another's long answer.
    Questions to the server, of which people may cause many, alternate with what is said.

    Bounds: `each` lines of replies for one of them, `replies` and `bulk` lines in all; where that
    is too much, who has most of them loses. `dropped` counts what was left out. `fold` makes equal
    the names that mean the same target.
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
        """Queue one line for a target; `turn` is who is answered there, however they are called
        now: `user@host` (default: the target itself)."""
        lane = self._bulk if bulk else self._replies
        if not lane.put(self.fold(turn or target), target, line):
            self.dropped += 1

    def gone(self, nick: str) -> None:
        """Nobody has this nick now: what waits for it would reach who takes it next."""
        self._move(nick, "")

    def renamed(self, old: str, new: str) -> None:
        """Who had a nick has another one."""
        if self.fold(old) != self.fold(new):
            self.gone(new)  # whoever had that before
        self._move(old, new)

    def _move(self, nick: str, new: str) -> None:
        for lane in (self._replies, self._bulk):
            for name in lane.names() if lane else ():
                if self.fold(name) == self.fold(nick):
                    lane.move(name, new)

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
