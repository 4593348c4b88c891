"""An instrument's state as others see it, and the changes of it. Both are cheap to make, as a log
has many steps, and become JSON when somebody asks.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

VERSION = 1
# The longest name of anything, and the longest text; the server takes somewhat longer ones.
NAME, TEXT = 80, 200


@dataclass(slots=True)
class Procedure:
    """One that runs. `implicit`: its start was not logged; `over`: it was at its step 0."""

    name: str
    started: str
    step: int | None = None
    step_at: str = ""
    implicit: bool = False
    over: bool = False


class Snapshot(NamedTuple):
    """The state at an instant; `procedures` has name, start, step and the step's time of each,
    the outermost first. Times are as the rows have them."""

    state: str
    since: str
    procedures: tuple[tuple[str, str, int | None, str], ...]
    user: str
    waiting_for: str
    waiting_since: str
    position: str
    alerts: dict[str, str]
    error: str
    last: dict[str, str] | None
    last_row: str

    def as_json(self) -> dict[str, Any]:
        """The state for others."""
        found: dict[str, Any] = {"version": VERSION, **self._asdict()}
        names = ("name", "started", "step", "step_at")
        found["procedures"] = [dict(zip(names, one, strict=True)) for one in self.procedures]
        found["alerts"] = dict(self.alerts)
        return found


class Transition(NamedTuple):
    """One change: when, what happened, how what ended has ended, and the state after it. `step`:
    the state's innermost procedure is at this step now; all else is as it was."""

    time: str
    event: str
    outcome: str
    state: Snapshot
    step: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The change for others."""
        state = self.state.as_json()
        if self.step is not None:
            state["procedures"][-1] |= {"step": self.step, "step_at": self.time}
            state["last_row"] = self.time
        return {
            "time": self.time,
            "event": self.event,
            "outcome": self.outcome,
            "state": state,
        }
