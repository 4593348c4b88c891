"""The lab's people, and how a name in a sheet finds one of them."""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from itertools import takewhile
from operator import itemgetter

# Comparing a name with everybody's is slow; who misspells more has the wrong list.
_MOST_NEAREST = 50
_SEPARATORS = re.compile(r"\s*(?:[/&;,+\n]|\band\b)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Person:
    """One person. `key` is unique among the lab's people; months and days of a
    `birthday` count, its year only where it is known. Active from `start` to `end`,
    both included."""

    key: str
    name: str
    aliases: tuple[str, ...] = ()
    email: str = ""
    slack: str = ""
    irc: str = ""
    github: str = ""
    role: str = ""
    birthday: tuple[int, int] | None = None
    start: date | None = None
    end: date | None = None
    channels: tuple[str, ...] = ()

    @property
    def first_name(self) -> str:
        """The first word of the name: how a message greets."""
        return self.name.split()[0]

    def active(self, day: date) -> bool:
        """Whether the person is in the lab on this day."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class NoMatch(Exception):
    """A name that finds nobody, or more than one: `nearest` are the names it may mean."""

    text: str
    nearest: tuple[str, ...]
    ambiguous: bool = False

    def __str__(self) -> str:
        near = " or ".join(self.nearest)
        if self.ambiguous:
            return f"{self.text!r} could be {near}"
        return f"{self.text!r} matches nobody" + (f" (nearest: {near})" if near else "")


def fold(text: str) -> str:
    """A name for comparing: no case, no accents, single spaces."""
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(bare.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split())


def split_names(cell: str) -> list[str]:
    """The names in a cell: `Ann / Bob`, `Ann & Bob`, `Ann, Bob`, `Ann and Bob`."""
    return [part for part in (p.strip() for p in _SEPARATORS.split(cell)) if part]


@dataclass(frozen=True, slots=True)
class People:
    """Everybody the lab knows, in the order of the list."""

    everyone: tuple[Person, ...] = ()
    _by_key: dict[str, Person] = field(default_factory=dict)
    _exact: dict[str, list[Person]] = field(default_factory=dict)
    _alias: dict[str, list[Person]] = field(default_factory=dict)
    _first: dict[str, list[Person]] = field(default_factory=dict)
    _folded: list[tuple[str, Person]] = field(default_factory=list)
    _candidates: dict[str, tuple[list[Person], ...]] = field(default_factory=dict)
    _near: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, everyone: Iterable[Person]) -> "People":
        """Index people; the keys must be unique."""
        people = cls(tuple(everyone))
        for person in people.everyone:
            people._by_key[person.key] = person
            people._folded.extend((fold(n), person) for n in (person.name, *person.aliases))
            for name in {fold(n) for n in (person.name, person.key) if n}:
                people._exact.setdefault(name, []).append(person)
            for name in {fold(alias) for alias in person.aliases if alias}:
                people._alias.setdefault(name, []).append(person)
            people._first.setdefault(fold(person.name).split(" ")[0], []).append(person)
        people._folded.sort(key=itemgetter(0))
        return people

    def __len__(self) -> int:
        return len(self.everyone)

    def get(self, key: str) -> Person | None:
        """The person with this key."""
        return self._by_key.get(key)

    def find(self, text: str, day: date | None = None) -> Person:
        """Who is meant: by full name or key, then by alias, then by unique first name, then by
        unique prefix of a name or alias. Of several, the one who is in the lab on `day`.
        Raises NoMatch."""
        wanted = fold(text)
        for candidates in self._who(wanted):
            if len(candidates) == 1:
                return candidates[0]
            here = [p for p in candidates if day and p.active(day)]
            if len(here) == 1:
                return here[0]
            if candidates:
                raise NoMatch(text, tuple(p.name for p in candidates), ambiguous=True)
        raise NoMatch(text, self._nearest(wanted))

    def _who(self, wanted: str) -> tuple[list[Person], ...]:
        """Whom a folded name may mean: the surest first."""
        if wanted not in self._candidates:
            prefixed = {person.key: person for person in self._prefixed(wanted)}
            self._candidates[wanted] = (
                self._exact.get(wanted, []),
                self._alias.get(wanted, []),
                self._first.get(wanted, []),
                list(prefixed.values()),
            )
        return self._candidates[wanted]

    def _prefixed(self, wanted: str) -> Iterable[Person]:
        if not wanted:
            return ()
        start = bisect_left(self._folded, wanted, key=itemgetter(0))
        names = (self._folded[at] for at in range(start, len(self._folded)))
        return (p for _, p in takewhile(lambda found: found[0].startswith(wanted), names))

    def _nearest(self, wanted: str) -> tuple[str, ...]:
        """The names that are most alike; none once many names were unknown."""
        if wanted not in self._near:
            if len(self._near) >= _MOST_NEAREST:
                return ()
            names = {name: person.name for name, person in self._folded}
            names = {first: who[0].name for first, who in self._first.items()} | names
            close = get_close_matches(wanted, names, n=3, cutoff=0.6)
            self._near[wanted] = tuple(dict.fromkeys(names[name] for name in close))
        return self._near[wanted]

    def with_role(self, role: str, day: date) -> list[Person]:
        """Active people whose role is this one (case and accents aside)."""
        wanted = fold(role)
        return [p for p in self.everyone if fold(p.role) == wanted and p.active(day)]
