"""What is to become of a step, from the attempts at it so far. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from labtool.core.config.types import show_duration
from labtool.core.text import counted
from labtool.services.engine.records import AttemptRecord
from labtool.tasks.workflow.step import StepOptions

# So often a step may take its worker with it.
LOSSES = 5
_BAD = ("temporary", "timed_out")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`begin` an attempt; `wait` for it `until` then (Unix seconds); or it has ended: `done`,
    `exit`, `failed`, `timed_out`, and `why`."""

    say: str
    why: str = ""
    until: float = 0.0


def verdict(step: StepOptions, tries: Sequence[AttemptRecord], now: float) -> Verdict:
    """For the attempts since the run came to a step, in order, of which there is at least one."""
    last, bad = tries[-1], [one for one in tries if one.state in _BAD]
    if last.state in ("done", "exit", "failed", "refused"):
        return Verdict(last.state, last.why)
    losses = sum(one.state == "lost" for one in tries)
    if losses >= LOSSES:
        return Verdict("failed", f"its worker died {losses} times while it ran")
    late = _late(step, tries, now)
    if late:
        return Verdict("timed_out", late)
    if len(bad) > step.retries:
        why = bad[-1].why
        state = "timed_out" if bad[-1].state == "timed_out" else "failed"
        return Verdict(state, f"{why} (tried {counted(len(bad), 'time')})" if step.retries else why)
    if last.state in _BAD and last.ended is not None:
        pause = float(last.output.get("retry_after") or 0)
        until = last.ended + max(pause, step.backoff.pause(len(bad)))
        # A clock that was set back makes nobody wait for longer than that.
        if now < until <= now + max(pause, step.backoff.pause(len(bad))):
            return Verdict("wait", f"{last.why}; is tried again", until)
    return Verdict("begin")


def closes(step: StepOptions, scheduled: float, started: float) -> tuple[float, str]:
    """When an attempt that was `started` must have ended, and what it is then."""
    end = started + step.start_to_close.total_seconds()
    why = f"took longer than {show_duration(step.start_to_close)} (start_to_close)"
    if step.schedule_to_close is not None:
        most = scheduled + step.schedule_to_close.total_seconds()
        if most < end:
            return most, _all(step.schedule_to_close)
    return end, why


def _late(step: StepOptions, tries: Sequence[AttemptRecord], now: float) -> str:
    scheduled = tries[0].scheduled
    most = step.schedule_to_close
    if most is not None and now >= scheduled + most.total_seconds():
        return _all(most)
    begin = step.schedule_to_start
    begun = any(one.started is not None for one in tries)
    if begin is not None and not begun and now > scheduled + begin.total_seconds():
        return f"was not begun within {show_duration(begin)} (schedule_to_start)"
    return ""


def _all(most: timedelta) -> str:
    return f"took longer than {show_duration(most)} with all attempts (schedule_to_close)"
