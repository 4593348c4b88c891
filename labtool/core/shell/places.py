"""Programs that take a parameter in some places alone: git, find, ssh, scp, rsync, and those with
options that run something. Pure."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Protocol

from labtool.core.shell import options
from labtool.core.shell import tables as t
from labtool.core.shell.words import TemplateError, Word

# What may be programs in a text of a shell.
_PART = re.compile(r"[^\s;&|()<>{}'\"`$=]+")
# Where a shell may look once more into what it has read; within quotes it does not.
_EXPANDS = re.compile(r"""(?<!")\$\(|`|\(\(|\[\[|(?:^|[;&|({])\s*"?\$""")


class Holds(Protocol):
    """What holds commands against what is known (programs.py). `fed`: what was said may come into
    the command."""

    constant: Callable[[Word], bool]
    fed: bool

    def check(self, words: Sequence[Word]) -> None:
        """A command. Raises TemplateError."""

    def others(self, words: Sequence[Word]) -> None:
        """The arguments of a program that is not known. Raises TemplateError."""


def hard(word: Word) -> bool:
    """Whether bash would divide a word, or take it for a pattern."""
    return bool(word.split or word.split_inner or word.glob)


def with_place(words: Sequence[Word], place: str) -> list[Word]:
    """The words of a command of xargs with what came in: where `place` is, or at their end."""
    said = Word(plain=False, parameters=1)
    if not place:
        # As many as it gets.
        return [*words, said, said, said]
    return [
        replace(
            word, plain=False, parameters=1, tail=word.tail.rpartition(place)[2],
            start=word.start.partition(place)[0], head=word.head.partition(place)[0],
        )
        if place in word.literal else word
        for word in words
    ]  # fmt: skip


def find(held: Holds, _: str, words: Sequence[Word]) -> None:
    """Its expressions are none of a parameter's. Raises TemplateError."""
    loose = [word for word in words if not held.constant(word)]
    runs = any(re.match(r"-(exec|ok|fprint|fls|delete)", word.literal) for word in words)
    if loose and (runs or any(one.split or one.split_inner or one.glob for one in loose)):
        fix = "write find ... -print0 | xargs -0 PROGRAM, or a script in the workspace"
        raise TemplateError("find would run what a parameter says", fix)
    # It takes whatever may be one for an expression (-delete), wherever it stands.
    for before, word in zip((None, *words), words, strict=False):
        placed = word.start and not word.start.startswith("-")
        if word in loose and not placed and not (before and before.literal in t.FIND_TAKES):
            fix = "write ./{name}, or it after -name"
            raise TemplateError("find would take a parameter for an expression", fix)


def ssh(held: Holds, _: str, words: Sequence[Word]) -> None:
    """A shell there reads all of its words. Raises TemplateError."""
    fix = "give it on standard input: printf '%s' {name} | ssh host ./script"
    if not all(map(held.constant, words)):
        raise TemplateError("ssh has a shell there run what a parameter says", fix)
    given, takes = list[str](), False
    for word in words:
        if takes or (word.literal.startswith("-") and not given):
            takes = not takes and bool(t.SSH_TAKES.fullmatch(word.literal))
        else:
            given.append(word.literal)
    runs = {part for text in given[1:] for part in _programs(text)}
    if held.fed and _EXPANDS.search(" ".join(given[1:])):
        raise TemplateError("ssh has a shell there look into what it gets", fix)
    if len(given) < 2 or runs & (t.INTERPRETERS | {"eval", "source", "."}):
        raise TemplateError("ssh has a shell there run what it gets", fix)


def copy(held: Holds, name: str, words: Sequence[Word]) -> None:
    """Words with a colon are of a shell there, some options run something. Raises TemplateError."""
    before = ""
    for word in words:
        if not held.constant(word) and (
            ":" in word.literal
            or re.fullmatch(r"-\w*[eSoFJD]|--rsh=?", before)
            or re.match(r"-[^-]", word.start)
        ):
            what = f"{name} has a shell there look at a file's name with a parameter"
            raise TemplateError(what, "copy it to a fixed place, and move it there")
        before = word.literal
    ends_options(held, name, words)


def git(held: Holds, name: str, words: Sequence[Word]) -> None:
    """Some of its commands have options, or words, that run something. Raises TemplateError."""
    at, before = 0, ""
    # What is before its command.
    while at < len(words) and (words[at].start.startswith("-") or before == "-C"):
        if before != "-C" and not held.constant(words[at]):
            raise TemplateError(f"git {words[at].start} of what a parameter says", "write it out")
        before, at = words[at].literal, at + 1
        if before in t.GIT_TAKES and at < len(words) and before != "-C":
            if not held.constant(words[at]):
                raise TemplateError(f"git {before} of what a parameter says", "write it out")
            before, at = "", at + 1
    given = words[at:]
    command = given[0].literal if given and given[0].fixed else ""
    if given and not command:
        raise TemplateError("a parameter says what git does", "write the command of git")
    said = [word for word in given if not held.constant(word)]
    tells = any(word.literal in t.GIT_TOLD for word in given)
    mail = command == "config" and any(word.literal.startswith("user.") for word in given)
    if said and (tells or (command == "config" and not mail)):
        raise TemplateError(f"git {command} would run what a parameter says")
    if command in t.GIT_RUNS and not mail:
        odd = [one for one in said if one.start[:1] == "-" and not t.GIT_FINE.match(one.start)]
        odd += [b for a, b in pairwise(given) if b in said and a.literal in t.GIT_CODE]
        if odd:
            what = f"git {command} {odd[0].start}... with what a parameter says"
            raise TemplateError(what, "take another option")
        ends_options(held, name, given)
    else:
        held.others(given)


def told_after(held: Holds, name: str, words: Sequence[Word]) -> None:
    """What some programs get after a word, or all of it, is a text. Raises TemplateError."""
    begins = options.TOLD_AFTER.get(name, ())
    for at, word in enumerate(words):
        if word.literal in begins and not all(map(held.constant, words[at + 1 :])):
            what = f"{name} {word.literal} would run what a parameter says"
            raise TemplateError(what)


def ends_options(held: Holds, name: str, words: Sequence[Word]) -> None:
    """A program with options that run something: a parameter may be none of them. Raises
    TemplateError."""
    before = ""
    for word in words:
        texts = options.EVALUATED.get(name)
        if texts and not held.constant(word) and re.match(texts, before or word.start):
            what = f"{name} {before or word.start} would interpret what a parameter says"
            raise TemplateError(what, f"write a file of variables, or take {name} out")
        before = word.literal if texts and re.match(texts, word.literal) else ""
    for last, word in zip((None, *words), words, strict=False):
        if word.fixed and word.literal in ("--", "--end-of-options"):
            break
        value = last and last.literal in options.VALUES.get(name, ())
        if not held.constant(word) and not word.start and not value:
            if word.glob and not word.parameters:
                what = f"{name} would take a file that {word.literal[:20]} finds for an option"
                raise TemplateError(what, f"write ./{word.literal[:20]}")
            fix = "write -- before it, or ./{name}"
            raise TemplateError(f"{name} would take a parameter for an option", fix)
    held.others(words)


def _programs(text: str) -> set[str]:
    return {part.rpartition("/")[2] or part for part in _PART.findall(text)}
