"""From events to a state: one machine for every kind of instrument.

Login, the procedures and waiting are independent of one another. Procedures nest; where a
start or an end is not logged, the steps tell of it:

- a step of a procedure that is not known to run is its start;
- a step of an outer procedure, or its end, is the end of what ran inside it;
- after step 0 of one whose start was not logged, one more step in its name belongs to the
  outer one: such programs name themselves one row late;
- where one without a logged start has a logged end, the outer one is over as well;
- what somebody asks for begins when all else is over.

Times are kept as they stand in the rows: most are never looked at.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from labtool.tasks.instruments import events as ev
from labtool.tasks.instruments.state import NAME, TEXT, Procedure, Snapshot, Transition

# Procedures that can be inside one another; more are a log that makes no sense.
_DEEPEST = 20
_MOST_ALERTS = 20
UNKNOWN = "unknown"
_GOOD = ("done", "cancelled", UNKNOWN)


@dataclass(slots=True)
class Machine:
    """An instrument's state. `apply` changes it and says what changed."""

    software: str = "closed"
    error: str = ""
    stack: list[Procedure] = field(default_factory=list)
    waiting_for: str = ""
    waiting_since: str = ""
    stopping: bool = False
    user: str = ""
    position: str = ""
    alerts: dict[str, str] = field(default_factory=dict)
    requested: str = ""
    since: str = ""
    # The last row's time, and what ended last: its name, outcome and when.
    last_row: str = ""
    # A new log has begun, and no row of it was seen yet.
    opening: bool = False
    last: dict[str, str] | None = None
    # How deep in the stack it waits, what runs since an alert, and the state that was told last.
    _depth: int = 0
    _fresh: list[str] = field(default_factory=list)
    _state: str = "off"
    # Changes that nobody has taken yet, and the state that the next step starts from.
    _told: list[Transition] = field(default_factory=list)
    _shown: Snapshot | None = None

    @property
    def state(self) -> str:
        """off, starting, idle, running, waiting, stopping or error."""
        if self.stopping:
            return "stopping"
        if self.waiting_for:
            return "waiting"
        if self.error:
            return "error"
        if self.stack:
            return "running"
        return {"closed": "off", "starting": "starting"}.get(self.software, "idle")

    def apply(self, event: ev.Event, time: str, user: str = "") -> list[Transition]:
        """What an event changes; `time` and `user` are those of its row."""
        self.feed(event, time, user)
        return self.take()

    def take(self) -> list[Transition]:
        """What was told by `feed` since the last time."""
        told, self._told = self._told, []
        return told

    def feed(self, event: ev.Event, time: str, user: str = "") -> None:
        """As `apply`, without taking what changes."""
        if type(event) is ev.Step and self._shown is not None:
            # One more step of what runs: most of a log.
            top = self.stack[-1]
            number = event.number
            if top.name == event.name and not top.over:
                top.step, top.step_at, self.last_row = number, time, time
                if not number:
                    top.over = True
                self._told.append(Transition(time, event.told, "", self._shown, number))
                return
        self._shown = None
        before, self.last_row = self.last_row, time
        if self.user == UNKNOWN and user:
            self.user = user[:NAME]
        if type(event) is ev.Opened:
            # Nobody knows of what ran longer than its log did.
            self._clear(min(before, time) or time, "lost")
        _APPLY[type(event)](self, event, time, user)

    def snapshot(self) -> Snapshot:
        """The state as it is now."""
        return Snapshot(
            self.state,
            self.since,
            tuple([(p.name, p.started, p.step, p.step_at) for p in self.stack]),
            self.user,
            self.waiting_for,
            self.waiting_since,
            self.position,
            self.alerts.copy(),
            self.error,
            self.last,
            self.last_row,
        )

    def dump(self) -> dict[str, Any]:
        """All of it, for `load`."""
        found = asdict(self)
        del found["_told"], found["_shown"]
        return found

    @classmethod
    def load(cls, found: dict[str, Any]) -> "Machine":
        """What `dump` gave. Raises TypeError for anything else."""
        stack = [Procedure(**each) for each in found.pop("stack")]
        made = cls(stack=stack, **found)
        if "_state" not in found:  # kept by an older labtool
            made._state = made.state
        return made

    def _tell(self, time: str, event: str, outcome: str = "") -> None:
        if (state := self.state) != self._state:
            self._state, self.since = state, time
        shown = self.snapshot()
        steady = self.stack and not self.error and self.user != UNKNOWN
        self._shown = shown if steady else None
        self._told.append(Transition(time, event, outcome, shown))

    def _opened(self, _event: ev.Opened, time: str, _user: str) -> None:
        self.opening = False
        self.alerts, self.error, self.user, self.position = {}, "", "", ""
        self.software, self._state = "starting", ""
        self._tell(time, "opened")

    def _ready(self, event: ev.Ready, time: str, _user: str) -> None:
        error = event.error[:TEXT]
        if self.software == "ready" and self.error == error:
            return
        if error and self.error:
            self._state = ""  # another one
        self.software, self.error = "ready", error
        self._tell(time, "error" if error else "ready", error[:NAME])

    def _closed(self, _event: ev.Closed, time: str, _user: str) -> None:
        if self.software == "closed":
            return
        self._clear(time, UNKNOWN)
        self.software, self.error = "closed", ""
        self._tell(time, "closed")

    def _login(self, event: ev.Login, time: str, user: str) -> None:
        self.user = (event.user or user)[:NAME] or UNKNOWN
        self._tell(time, "login")

    def _logout(self, _event: ev.Logout, time: str, _user: str) -> None:
        if self.user:
            self.user = ""
            self._tell(time, "logout")

    def _requested(self, event: ev.Requested, _time: str, _user: str) -> None:
        self.requested = event.name[:NAME]
        self.position = event.position[:NAME] or self.position

    def _started(self, event: ev.Started, time: str, _user: str) -> None:
        name = event.name[:NAME]
        asked, self.requested = self.requested.endswith(name), ""
        while self.stack and (asked or self.stack[-1].over or len(self.stack) >= _DEEPEST):
            self._end(time, UNKNOWN)
        self._begin(Procedure(name, time), time)

    def _step(self, event: ev.Step, time: str, _user: str) -> None:
        name = event.name[:NAME]
        depth = self._find(name)
        if depth is None:
            if event.number:
                if len(self.stack) >= _DEEPEST:
                    self._clear(time, UNKNOWN)
                self._begin(Procedure(name, time, event.number, time, implicit=True), time)
            return
        while len(self.stack) > depth + 1:
            self._end(time, UNKNOWN)
        top = self.stack[-1]
        if top.over and top.implicit and event.number:
            self._end(time, UNKNOWN)
            if not self.stack:
                self._begin(Procedure(name, time, event.number, time, implicit=True), time)
                return
            top = self.stack[-1]
        self.error = ""  # it goes on
        top.step, top.step_at, top.over = event.number, time, event.number == 0
        self._tell(time, f"step {top.name}")

    def _ended(self, event: ev.Ended, time: str, _user: str) -> None:
        name, outcome = event.name[:NAME], event.outcome[:NAME]
        depth = self._find(name)
        if depth is None:
            return
        while len(self.stack) > depth + 1:
            self._end(time, UNKNOWN)
        implicit = self.stack[-1].implicit
        if outcome not in _GOOD:
            self.error = f"{name}: {outcome}"
        if outcome == "done" and name in self._fresh:
            self.alerts, self._fresh = {}, []
        self._end(time, outcome)
        if implicit:
            self._clear(time, UNKNOWN)

    def _idle(self, _event: ev.Idle, time: str, _user: str) -> None:
        self._clear(time, UNKNOWN)
        if self.software != "ready":
            self.software = "ready"
            self._tell(time, "ready")

    def _waiting(self, event: ev.Waiting, time: str, _user: str) -> None:
        what = event.what[:TEXT]
        if self.waiting_for == what or (self.waiting_for and event.vague):
            return
        if not self.waiting_for:
            self.waiting_since, self._depth = time, len(self.stack)
        self.waiting_for = what
        self._tell(time, "waiting")

    def _resumed(self, _event: ev.Resumed, time: str, _user: str) -> None:
        if self.waiting_for:
            self.waiting_for = self.waiting_since = ""
            self._tell(time, "resumed")

    def _stopping(self, _event: ev.Stopping, time: str, _user: str) -> None:
        if self.stack and not self.stopping:
            self.stopping = True
            self._tell(time, "stopping")

    def _alert(self, event: ev.Alert, time: str, _user: str) -> None:
        # Whatever begins from now on and ends well is the end of it.
        self._fresh = []
        what = event.what[:NAME]
        if what not in self.alerts and len(self.alerts) < _MOST_ALERTS:
            self.alerts[what] = time
            self._tell(time, what)

    def _find(self, name: str) -> int | None:
        stack = self.stack
        for depth in range(len(stack) - 1, -1, -1):
            if stack[depth].name == name:
                return depth
        return None

    def _begin(self, procedure: Procedure, time: str) -> None:
        self.software, self.error = "ready", ""
        if self.alerts and procedure.name not in self._fresh:
            self._fresh.append(procedure.name)
        self.stack.append(procedure)
        self._tell(time, f"started {procedure.name}")

    def _end(self, time: str, outcome: str) -> None:
        ended = self.stack.pop()
        self.stopping = False
        if not self.stack or len(self.stack) < self._depth:
            self.waiting_for = self.waiting_since = ""
        if not self.stack:
            self.position = ""
        self.last = {"name": ended.name, "outcome": outcome, "ended": time}
        self._tell(time, f"ended {ended.name}", outcome)

    def _clear(self, time: str, outcome: str) -> None:
        while self.stack:
            self._end(time, outcome)
        if self.waiting_for:
            self.waiting_for = self.waiting_since = ""
            self._tell(time, "resumed")


_APPLY: dict[type, Callable[[Machine, Any, str, str], None]] = {
    ev.Opened: Machine._opened,  # noqa: SLF001
    ev.Ready: Machine._ready,  # noqa: SLF001
    ev.Closed: Machine._closed,  # noqa: SLF001
    ev.Login: Machine._login,  # noqa: SLF001
    ev.Logout: Machine._logout,  # noqa: SLF001
    ev.Requested: Machine._requested,  # noqa: SLF001
    ev.Started: Machine._started,  # noqa: SLF001
    ev.Step: Machine._step,  # noqa: SLF001
    ev.Ended: Machine._ended,  # noqa: SLF001
    ev.Idle: Machine._idle,  # noqa: SLF001
    ev.Waiting: Machine._waiting,  # noqa: SLF001
    ev.Resumed: Machine._resumed,  # noqa: SLF001
    ev.Stopping: Machine._stopping,  # noqa: SLF001
    ev.Alert: Machine._alert,  # noqa: SLF001
}
