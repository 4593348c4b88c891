"""The event board's part of the site: the board, etherpads, links, a sign for a big screen,
calendars, and the data for other programs.
"""

import os
from datetime import datetime

from labtool.core.config import Config
from labtool.core.files import unusable
from labtool.core.site import Entry, Given, Page, Raw
from labtool.tasks.ptg import shape
from labtool.tasks.ptg.board import Board
from labtool.tasks.ptg.pages import badges, calendars, view
from labtool.tasks.ptg.section import Ptg

_MENU = (
    Entry("index.html", "Board"),
    Entry("etherpads.html", "Etherpads"),
    Entry("links.html", "Links"),
    Entry("signage.html", "Big screen"),
)


def provide(config: Config, now: datetime) -> Given:
    """The board's pages, as its JSON file is now. Raises Failed for one that is damaged."""
    if not config.has("ptg"):
        return Given()
    section = config.section("ptg", Ptg)
    path = config.resolve(section.database)
    try:
        document = shape.parse(path.read_bytes(), os.fspath(path), own=True)
    except FileNotFoundError:
        document = {}
    except OSError as error:
        raise unusable(path, error) from error
    return given(document, config, now, section.etherpads)


def given(document: dict[str, object], config: Config, now: datetime, etherpads: str) -> Given:
    """The pages of a document."""
    board = Board(shape.public(document), config.core.lab.timezone)
    colours = badges.style_sheet(board)
    values = {"colours": colours.path, "board": view.board(board, now)}
    notes = [
        (view.badge(track), view.etherpad(board, track, etherpads), calendars.file_name(track))
        for track in board.tracks
    ]
    pages: list[Page | Raw] = [
        colours,
        Raw("ptg.json", shape.dump(shape.public(document))),
        *calendars.files(board, now, etherpads),
        Page("index.html", "site/board.html.j2", values),
        Page("etherpads.html", "site/etherpads.html.j2", {**values, "notes": notes}),
        Page("links.html", "site/links.html.j2", {**values, "links": view.links(board)}),
        Page("signage.html", "site/signage.html.j2", {**values, "sign": view.sign(board, now)}),
    ]
    return Given(pages, _MENU)
