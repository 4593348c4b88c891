"""The lab's people from a sheet or from the config's list.

Both are read alike: each entry becomes one person, or problems that say where; the other
entries go on. A person's key is made of the name: who is renamed is somebody new, to whom
the day's messages go again.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar, get_args

from labtool.core.config.models import ChannelName, PersonEntry
from labtool.core.dates import parse_birthday, parse_date
from labtool.core.errors import Problem
from labtool.core.people import Person, fold
from labtool.core.tables import Grid, doubled, rows
from labtool.core.text import clean

T = TypeVar("T")

_LISTS = re.compile(r"[;,]")
_NOT_IN_KEYS = re.compile(r"[^\w]+")
# Light on purpose: what is refused here could not be an address, or would break a header.
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")
_SLACK_ID = re.compile(r"[UW][A-Z0-9]{5,}")
_CHANNELS: tuple[str, ...] = get_args(ChannelName)

Where = Callable[[str], str]


NEEDED = ("name",)
COLUMNS = tuple(info.alias or name for name, info in PersonEntry.model_fields.items())


def read_people(grid: Grid) -> tuple[list[Person], list[Problem]]:
    """The people of a sheet whose columns are called as the keys of `people.list`, and what
    is wrong with it (`sheet:row:column`). It has those that `NEEDED` names.
    """
    return _together(_of_sheet(grid))


def from_entries(
    entries: Sequence[PersonEntry], where: Callable[[int], str]
) -> tuple[list[Person], list[Problem]]:
    """The people of the config's list; `where` is the place (`file:line`) of an entry."""
    return _together(_of_list(entries, where))


def from_both(
    entries: Sequence[PersonEntry], where: Callable[[int], str], grid: Grid
) -> tuple[list[Person], list[Problem]]:
    """The people of the config's list and of a sheet. Of one person in both, the list's entry
    counts."""
    return _together(_of_list(entries, where), _of_sheet(grid))


def _cells(entry: PersonEntry) -> dict[str, str]:
    """An entry of the config as the row of a sheet."""
    values: dict[str, Any] = entry.model_dump(by_alias=True)
    return {k: "; ".join(v) if isinstance(v, list | tuple) else v for k, v in values.items()}


def _at(where: str) -> Where:
    return lambda column: f"{where}: {column}" if column else where


def _of_sheet(grid: Grid) -> "_Reader":
    reader = _Reader.over((row.cells, row.at) for row in rows(grid))
    reader.problems[:0] = doubled(grid, COLUMNS)
    return reader


def _of_list(entries: Sequence[PersonEntry], where: Callable[[int], str]) -> "_Reader":
    return _Reader.over((_cells(entry), _at(where(n))) for n, entry in enumerate(entries))


def _together(*readers: "_Reader") -> tuple[list[Person], list[Problem]]:
    """Who is in an earlier one is left out of the later ones."""
    problems = [problem for reader in readers for problem in reader.problems]
    first: dict[str, tuple[Person, Where]] = {}
    for person, where in (found for reader in readers for found in reader.people):
        first.setdefault(fold(person.name), (person, where))
    people = _without_others_names(list(first.values()), problems)
    return _keyed(people), problems


def _without_others_names(
    people: Sequence[tuple[Person, Where]], problems: list[Problem]
) -> list[Person]:
    """Everybody without the aliases that mean somebody else: another's full name, or
    another's first name that is not their own."""
    names = {fold(person.name) for person, _ in people}
    firsts = {fold(person.name).split(" ")[0]: person.name for person, _ in people}
    found = []
    for person, where in people:
        own, kept = fold(person.name), []
        for alias in person.aliases:
            folded = fold(alias)
            if folded in names - {own}:
                what = f"{alias!r} is somebody's name"
            elif folded in firsts and folded != own.split(" ")[0]:
                what = f"{alias!r} is also {firsts[folded]}'s first name"
            else:
                kept.append(alias)
                continue
            problems.append(Problem(where("aliases"), what, "leave it out; it does not count"))
        found.append(replace(person, aliases=tuple(kept)))
    return found


def _keyed(people: Sequence[Person]) -> list[Person]:
    """People whose names differ, each under a key of their own.

    Where two names make the same slug, all of them get a mark made of the name: a key that
    went by the order of rows would send what waits for one of them to the other.
    """
    slugs = [_slug(person.name) for person in people]
    uses = Counter(slugs)
    return [
        replace(person, key=slug if uses[slug] == 1 else f"{slug}.{_mark(person.name)}")
        for person, slug in zip(people, slugs, strict=True)
    ]


@dataclass(slots=True)
class _Reader:
    """What was read so far: a name must not come twice."""

    people: list[tuple[Person, Where]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    @classmethod
    def over(cls, sources: Iterable[tuple[Mapping[str, str], Where]]) -> Self:
        """One that has read these rows."""
        reader = cls()
        for cells, where in sources:
            reader.read(cells, where)
        return reader

    def read(self, cells: Mapping[str, str], where: Where) -> None:
        """One row: a person, or problems."""
        name = " ".join(clean(cells.get("name", "")).split())
        if not name:
            self.problems.append(Problem(where("name"), "is empty", "write the person's name"))
            return
        if fold(name) in self.names:
            fix = "remove one, or tell them apart (Ann Lee B.)"
            self.problems.append(Problem(where("name"), f"{name!r} stands here twice", fix))
            return
        row = _Row(cells, where)
        person = Person(
            key="",
            name=name,
            aliases=tuple(row.parts("aliases")),
            email=row.email(),
            slack=row.slack(),
            irc=row.word("irc", "a nick"),
            github=row.word("github", "a login").removeprefix("@"),
            role=row.text("role"),
            birthday=row.parsed("birthday", parse_birthday, "write 1990-03-14 or 03-14"),
            start=row.parsed("from", parse_date),
            end=row.parsed("to", parse_date),
            channels=tuple(row.channels()),
        )
        if person.start and person.end and person.end < person.start:
            row.problem("to", f"{person.end} is before from ({person.start})", "swap them")
        self.problems += row.problems
        # An entry whose words are wrong is still a person that other sheets may name: it
        # only lacks what could not be read. Wrong days would let people in or keep them out.
        if not any(p.where in (where("from"), where("to")) for p in row.problems):
            self.names.add(fold(name))
            self.people.append((person, where))


@dataclass(slots=True)
class _Row:
    """The cells of one person, and what is wrong with them."""

    cells: Mapping[str, str]
    where: Where
    problems: list[Problem] = field(default_factory=list)

    def problem(self, column: str, what: str, fix: str) -> None:
        self.problems.append(Problem(self.where(column), what, fix))

    def text(self, column: str) -> str:
        return " ".join(clean(self.cells.get(column, "")).split())

    def parts(self, column: str) -> Iterator[str]:
        found = (" ".join(part.split()) for part in _LISTS.split(self.text(column)))
        return (part for part in found if part)

    def word(self, column: str, what: str) -> str:
        word = self.text(column)
        if " " in word:
            self.problem(column, f"{word!r} has spaces in it", f"write {what}")
            return ""
        return word

    def slack(self) -> str:
        text = self.text("slack")
        if text and not _SLACK_ID.fullmatch(text):
            fix = "write one such as U0123ABCD (in the person's Slack profile: copy member ID)"
            self.problem("slack", f"{text!r} is not a Slack member id", fix)
            return ""
        return text

    def email(self) -> str:
        raw = self.cells.get("email", "").strip()
        if raw and (raw != clean(raw) or not _EMAIL.fullmatch(raw)):
            self.problem("email", f"{clean(raw)!r} is not a mail address", "write ann@example.org")
            return ""
        return raw

    def parsed(
        self, column: str, parse: Callable[[str], T], fix: str = "write 2026-11-22"
    ) -> T | None:
        text = self.text(column)
        if not text:
            return None
        try:
            return parse(text)
        except ValueError as error:
            what, _, advice = str(error).partition("; ")
            self.problem(column, what, fix if column == "birthday" else advice or fix)
            return None

    def channels(self) -> Iterator[str]:
        for word in self.parts("channels"):
            if word.casefold() in _CHANNELS:
                yield word.casefold()
            else:
                choices = ", ".join(_CHANNELS)
                self.problem("channels", f"{word!r} is not a channel", f"write some of {choices}")


def _slug(name: str) -> str:
    """A key from a name: `Ann-Marie Lee` is `ann-marie-lee`."""
    return _NOT_IN_KEYS.sub("-", fold(name)).strip("-_") or "person"


def _mark(name: str) -> str:
    """What tells this name from others with the same slug."""
    return hashlib.sha256(fold(name).encode()).hexdigest()[:12]
