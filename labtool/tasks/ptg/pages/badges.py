"""Tracks as coloured badges: a class for each, whatever its name, in a style sheet. A page's
own styles would need a weaker Content-Security-Policy."""

import hashlib

from labtool.core.site import Raw
from labtool.tasks.ptg import shape
from labtool.tasks.ptg.board import Board
from labtool.tasks.ptg.colours import parse_colour


def css_class(track: str) -> str:
    """The class of a track's badge: safe, whatever the track is called."""
    return f"t{hashlib.sha256(track.encode('utf-8', 'replace')).hexdigest()[:8]}"


def style_sheet(board: Board) -> Raw:
    """The colours that moderators chose, as far as they are colours."""
    rules = []
    for track in sorted({*board.tracks, *shape.scheduled(board.data)}):
        colour = parse_colour(str(board.get("colors", track) or ""))
        if colour:
            rules.append(
                f".{css_class(track)}{{background:{colour.background};color:{colour.text}}}\n"
            )
    content = "".join(rules).encode()
    return Raw(f"assets/colours-{hashlib.sha256(content).hexdigest()[:10]}.css", content)
