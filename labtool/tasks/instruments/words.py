"""An instrument in a few words."""

from labtool.core.text import one_line
from labtool.tasks.instruments.center.looking import Look

LIVES = {
    "unknown": "nothing was heard of it yet",
    "silent": "nothing is heard of its computer",
    "unreadable": "its log cannot be read",
    "closed": "off, or its software is closed",
    "live": "",
}


def in_words(found: Look) -> str:
    """What an instrument does, in a few words."""
    if found.state is None or found.life in ("silent", "closed"):
        return LIVES[found.life]
    state = found.state
    inner = " \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} ".join(
        p.name for p in state.procedures
    )
    what = state.waiting_for if state.state == "waiting" else inner
    if state.state == "error":
        what = state.error
    return one_line(f"{state.state}: {what}" if what else state.state, 300)
