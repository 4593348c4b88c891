"""Presentations made from a template: what a place that keeps them must be able to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Role = Literal["writer", "commenter", "reader"]


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file in its place: the place's id for it, and the link that people open."""

    id: str
    link: str


class Presentations(Protocol):
    """A place for presentations. Errors are `Failed` and `Temporary`.

    `key` says what a file is (rule, meeting): who made it and was killed finds it again.
    """

    def copy(self, template: str, name: str, key: str) -> SharedFile:
        """A copy of the template called `name`; the one that is there if `key` has one."""

    def find(self, key: str) -> SharedFile | None:
        """The file that labtool made for this key, if it is there."""

    def share(self, file: str, emails: Sequence[str], role: Role = "writer") -> None:
        """Give people access, without a mail to them; again does no harm."""

    def delete(self, file: str) -> None:
        """Remove a file that labtool made; one that is gone already is no error."""
