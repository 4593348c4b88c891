"""From rows to changes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labtool.core.clock import from_iso
from labtool.tasks.instruments import events as ev
from labtool.tasks.instruments.events import Parser
from labtool.tasks.instruments.machine import Machine
from labtool.tasks.instruments.state import Transition
from labtool.tasks.instruments.watch.plan import Known, Plan, look
from labtool.tasks.instruments.watch.tail import Block, blocks

# So many rows without a readable one among them are a log that cannot be read; of one that could
# be, many more: programs write what they please between their rows.
_STRANGE, _GARBLED = 3, 200
_LONGEST_SAMPLE = 120
# Seconds: how exactly a row's time is that of its file; and the largest difference of zones.
_HALF_HOUR, _NEAR, _MOST_HALVES = 1800.0, 120.0, 52


@dataclass(slots=True)
class Reading:
    """Reads an instrument's rows: its machine, and what became of the rows. `odd` counts those
    that are none, `lost` those since the last one that is one; `sample` is the first of these."""

    parser: Parser
    instant: Callable[[str], str]
    machine: Machine
    rows: int = 0
    odd: int = 0
    # Only one log grows: a new one is the software's new start.
    newest_alone: bool = True
    lost: int = 0
    sample: str = ""
    good: bool = False
    # Seconds: how far the times of the rows are ahead of this machine's clock.
    ahead: float = 0.0

    def changes(self, block: Block) -> list[Transition]:
        """What a block's rows change, with instants in UTC. Rows that are none are counted."""
        machine, feed, instant = self.machine, self.machine.feed, self.instant
        # Where several files may grow, a new one says nothing of the others.
        machine.opening |= block.opened and (self.newest_alone or machine.software == "closed")
        last, found, odd, time = None, False, list[str](), ""
        for raw, row in zip(block.rows, self.parser(block.rows), strict=True):
            if row is None:
                odd.append(raw)
                continue
            last = row
            text, user, events = row
            if events or machine.opening:
                time = instant(text)
                if not time:
                    odd.append(raw)
                    continue
                found = True
                if machine.opening:
                    feed(ev.Opened(), time)
                for event in events:
                    feed(event, time, user)
        # What says nothing of the state still says that the software runs.
        if last is not None and (time := instant(last[0])):
            machine.last_row = time
            found = True
            if block.written:
                self.ahead = _ahead(time, block.written) if self.newest_alone else 0.0
        self._count(len(block.rows), odd, found=found)
        self.rows += block.dropped
        self.odd += block.dropped
        return machine.take()

    def counts(self) -> dict[str, Any]:
        """What is to be kept with the machine."""
        return {"lost": self.lost, "sample": self.sample, "good": self.good, "ahead": self.ahead}

    @property
    def unreadable(self) -> bool:
        """Whether none of the last rows, and there are some, could be read."""
        return self.lost >= (_GARBLED if self.good else _STRANGE)

    def _count(self, rows: int, odd: Sequence[str], *, found: bool) -> None:
        self.rows += rows
        self.odd += len(odd)
        if found:
            self.lost, self.good = 0, True
        elif odd:
            self.sample = self.sample if self.lost else odd[0][:_LONGEST_SAMPLE]
            self.lost += len(odd)


def _ahead(time: str, written: float) -> float:
    """By how much the zone of a log is wrong: a row is written when it says. Zones differ by half
    hours; what else there is between the two is no zone's."""
    seconds = from_iso(time).timestamp() - written
    halves = round(seconds / _HALF_HOUR)
    fits = abs(seconds - halves * _HALF_HOUR) < _NEAR and abs(halves) <= _MOST_HALVES
    return halves * _HALF_HOUR if fits else 0.0


def unread(found: Plan, known: Known, *, each_alone: bool = False) -> Iterator[Block]:
    """What is new in the logs, in order. Who asks for the next block has taken the one before:
    `known` says so. Raises OSError; where each log stands alone, after the others are read."""
    known.mark(found.marks, found.gone)
    trouble = found.trouble
    for part in found.parts:
        try:
            before = look(part.path)
            for block in blocks(part):
                yield block
                known.put(block.place)
        except OSError as error:
            if not each_alone:
                raise
            trouble = error
            continue
        # A row that is half written is looked for until it is whole, or another file follows.
        if known.places[part.name].offset == before[1]:
            known.looks[part.name] = before
    if trouble is not None:
        raise trouble


def shown(instrument: str, change: Mapping[str, Any]) -> dict[str, Any]:
    """A change, as its `as_json` has it, as `--json` prints it."""
    state = change["state"]
    inner = state["procedures"][-1] if state["procedures"] else None
    return {
        "time": change["time"],
        "instrument": instrument,
        "state": state["state"],
        "procedures": [procedure["name"] for procedure in state["procedures"]],
        "step": inner["step"] if inner else None,
        "user": state["user"],
        "waiting_for": state["waiting_for"],
        "position": state["position"],
        "event": change["event"],
        "outcome": change["outcome"],
    }
