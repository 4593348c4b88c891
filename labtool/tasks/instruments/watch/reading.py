"""From rows to changes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labtool.tasks.instruments import events as ev
from labtool.tasks.instruments.events import Parser
from labtool.tasks.instruments.machine import Machine, Transition
from labtool.tasks.instruments.watch.place import Part, Place, parts
from labtool.tasks.instruments.watch.tail import Block, blocks


@dataclass(slots=True)
class Reading:
    """Reads an instrument's rows: its machine, and what became of the rows."""

    parser: Parser
    instant: Callable[[str], str]
    machine: Machine
    rows: int = 0
    odd: int = 0

    def changes(self, block: Block) -> list[Transition]:
        """What a block's rows change, with instants in UTC. Rows that are none are counted."""
        told: list[Transition] = []
        apply, parser, instant = self.machine.apply, self.parser, self.instant
        machine, row = self.machine, None
        machine.opening |= block.opened
        for raw in block.rows:
            row = parser(raw)
            if row is None:
                self.odd += 1
                continue
            text, user, events = row
            if events or machine.opening:
                time = instant(text)
                if not time:
                    self.odd += 1
                    continue
                if machine.opening:
                    told += apply(ev.Opened(), time)
                for event in events:
                    told += apply(event, time, user)
        self.rows += len(block.rows)
        # What says nothing of the state still says that the software runs.
        if row is not None and (time := instant(row[0])):
            machine.last_row = time
        return told


def unread(
    files: Sequence[Path], place: Place | None, *, all_of_them: bool = False
) -> Iterator[tuple[Part, Block]]:
    """What is new in the logs since `place`, in order. Raises OSError."""
    for part in parts(files, place, all_of_them=all_of_them):
        for block in blocks(part):
            yield part, block


def shown(instrument: str, change: Transition) -> dict[str, Any]:
    """A change as `--json` prints it."""
    state = change.state
    inner = state["procedures"][-1] if state["procedures"] else None
    return {
        "time": change.time,
        "instrument": instrument,
        "state": state["state"],
        "procedures": [procedure["name"] for procedure in state["procedures"]],
        "step": inner["step"] if inner else None,
        "user": state["user"],
        "waiting_for": state["waiting_for"],
        "position": state["position"],
        "event": change.event,
        "outcome": change.outcome,
    }
