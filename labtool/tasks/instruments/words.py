"""An instrument in a few words."""

from labtool.core.text import one_line
from labtool.tasks.instruments.center.looking import Look

LIVES = {
    "unknown": "nothing was heard of it yet",
    "silent": "nothing is heard of its computer",
    "unreadable": "its log cannot be read",
    "quiet": "off, or its software is closed",
    "live": "",
}


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
