"""The board at a terminal: what would be said on IRC, tried without IRC."""

import sys
from collections.abc import Callable

from labtool.core.errors import Failed, LabtoolError
from labtool.core.task import Run
from labtool.tasks.ptg import shape
from labtool.tasks.ptg.call import Outcome, Speaker
from labtool.tasks.ptg.entry import Plan
from labtool.tasks.ptg.fetch import fetch
from labtool.tasks.ptg.service import open_desk

CHANNEL = "#console"


def talk(run: Run, chosen: Plan, build: Callable[[], None]) -> None:
    """Take lines from standard input, as an operator's in a channel, until it ends."""
    desk, store = open_desk(run, chosen, run.fail)
    speaker = Speaker("you", "you@console", "you", CHANNEL, op=True, voice=True)
    if sys.stdin.isatty():
        print(
            "You are an operator. Try: help, ~list, ~add demo, #demo now hello, what. End with ^D."
        )
    try:
        for line in sys.stdin:
            # Here everything is said to the board: no prefix is needed.
            outcome = desk.hear(speaker, f"board: {line}", "board")
            if outcome is None:
                continue
            _show(outcome)
            if outcome.fetch:
                found = fetch(outcome.fetch, chosen.section.fetch_allow)
                outcome = desk.fetched(speaker, outcome.fetch, found)
                _show(outcome)
            if outcome.changed:
                store.export(shape.dump(desk.board.data), store.newest())
                build()
                run.counts["changes"] += 1
    except LabtoolError as error:
        run.fail(error if error.topic else Failed(str(error)))
    finally:
        store.close()


def _show(outcome: Outcome) -> None:
    for answer in outcome.answers:
        print(f"  {answer.text}")
    for notice in outcome.notices:
        print(f"  (to {notice.nick}: {notice.text})")
