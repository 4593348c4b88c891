"""An instrument in a few words."""

from labtool.core.text import one_line
from labtool.tasks.instruments.center.eta import LEAST
from labtool.tasks.instruments.center.looking import Look
from labtool.tasks.instruments.center.models import State

LIVES = {
    "unknown": "nothing was heard of it yet",
    "silent": "nothing is heard of its computer",
    "unreadable": "its log cannot be read",
    "quiet": "off, or its software is closed",
    "live": "",
}


def free_in_words(found: Look, at: str, *, late: bool) -> str:
    """When it is free, where it does something: `at` is its time, as it is shown."""
    if found.free:
        return f"{at}, late" if late else at
    return f"unknown yet ({found.runs} of {LEAST} runs)" if found.busy else ""


def what_happened(event: str, outcome: str, state: State) -> str:
    """A change in one line: with a step's number, what it waits for, who is logged in."""
    said = f"{event}: {outcome}" if outcome else event
    if event.startswith("step ") and state.procedures and state.procedures[-1].step is not None:
        said = f"{event} {state.procedures[-1].step}"
    if event == "waiting" and state.waiting_for:
        said = f"waiting: {state.waiting_for}"
    return one_line(f"{said} ({state.user})" if state.user else said, 300)


def in_words(found: Look) -> str:
    """What an instrument does, in a few words."""
    state = found.state
    if state is None or found.life == "silent" or state.state == "off":
        return LIVES["silent" if found.life == "silent" else "quiet" if state else found.life]
    inner = " \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} ".join(
        p.name for p in state.procedures
    )
    what = state.waiting_for if state.state == "waiting" else inner
    if state.state == "error":
        what = state.error
    said = f"{state.state}: {what}" if what else state.state
    return one_line(f"{said}, or its software is closed" if found.life == "quiet" else said, 300)
