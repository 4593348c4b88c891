"""Programs that run another program, which their arguments name: here, or within a container, an
environment or a package. Pure."""

import re
from collections.abc import Sequence

from labtool.core.shell import tables as t
from labtool.core.shell.places import Holds, hard, with_place
from labtool.core.shell.words import ASSIGNMENT, TemplateError, Word

# An option that sets a variable.
_ENV = re.compile(r"(-\w*e(?![a-z])|--(set-)?env)(=|$|(?=[A-Z_]))")


def runs(held: Holds, name: str, words: Sequence[Word]) -> None:
    """A program that runs what its first words say: `sudo -u bob ./x`. Raises TemplateError."""
    at, before = 0, {"timeout": t.NUMBER, "flock": re.compile(".+")}.get(name)
    placed = name not in t.PLACED
    while at < len(words):
        word = words[at]
        if name == "command" and word.literal in ("-v", "-V"):
            return
        if ASSIGNMENT.match(word.head) and name in t.ASSIGNING:
            _assigns(held, word)
        elif word.start.startswith("-"):
            at += _option(held, name, words[at : at + 2])
        elif before and word.fixed and before.fullmatch(word.literal):
            before = None
        elif not placed:
            placed = True
            if not word.fixed:
                raise TemplateError(f"{name} of what a parameter says", "write it out")
        else:
            held.check(words[at:])
            return
        at += 1
    if name in t.SHELLING:
        raise TemplateError(f"{name} without a program runs a shell", "write the program")


def _option(held: Holds, name: str, words: Sequence[Word]) -> int:
    """How many words belong to an option besides itself. Raises TemplateError."""
    word = words[0]
    flags, takes = t.RUN[name]
    if not word.fixed:
        if name not in t.HARMLESS or not t.HARMLESS[name].match(word.start) or hard(word):
            what = f"{name} {word.start}... with what a parameter says"
            raise TemplateError(what, f"write {name} without it")
        return 0
    if word.literal == "--" or (flags and re.fullmatch(flags, word.literal)):
        return 0
    if takes and re.fullmatch(takes, word.literal):
        known = t.HARMLESS.get(name)
        harmless = (known and known.match(f"{word.literal}=")) or (
            name in t.LENIENT and word.literal != "-C"
        )
        if len(words) > 1 and not held.constant(words[1]) and (not harmless or hard(words[1])):
            what = f"{name} {word.literal} of what a parameter says"
            raise TemplateError(what, "write it out")
        return 1
    raise TemplateError(f"{name} {word.literal}", f"write {name} without it")


def _assigns(held: Holds, word: Word) -> None:
    """A word that sets a variable of a program. Raises TemplateError."""
    name = ASSIGNMENT.match(word.head)
    if name and t.SPECIAL.fullmatch(name[1]) and not held.constant(word):
        what = f"{name[1]} would be set to what a parameter says"
        raise TemplateError(what, "take another name for it")


def within(held: Holds, name: str, words: Sequence[Word]) -> None:
    """A program of which some commands run a program: `docker exec web ./x`. Raises
    TemplateError."""
    known = t.WITHIN[name]
    if name in t.SHELLED and words and words[0].literal == "shell":
        raise TemplateError(f"{name} shell would run what it is told", f"write {name} exec")
    for at, word in enumerate(words):
        if word.fixed and word.literal in known:
            _runs_after(held, name, words[at + 1 :], known[word.literal])
            return
    for at, word in enumerate(words):
        if name in t.ENDING and word.fixed and word.literal == "--" and words[at + 1 :]:
            held.check(words[at + 1 :])
    held.others(words)


def _runs_after(held: Holds, name: str, words: Sequence[Word], places: int) -> None:
    """What is after `docker exec`: options, so many words that are none, a program."""
    given = list(words)
    for at, word in enumerate(words):
        if name in t.ENDING and word.fixed and word.literal == "--":
            # What is before it are options and names.
            _no_option(held, name, words[:at], words[at + 1 :])
            given, places = list(words[at + 1 :]), 0
            break
    at = 0
    while at < len(given):
        word = given[at]
        if word.glob and "{" in word.literal:
            raise TemplateError(f"{name} with {{...}} before its program", "write the words out")
        if word.start.startswith("-") and word.literal != "-":
            at += _given(held, name, given[at : at + 2])
        elif places:
            places -= 1
            _no_option(held, name, [word], given[at + 1 :])
        else:
            held.check(given[at:])
            return
        at += 1


def _given(held: Holds, name: str, words: Sequence[Word]) -> int:
    """How many words belong to an option of a container besides itself: what is not known takes
    one. Raises TemplateError."""
    word, text = words[0], words[0].literal
    alone = not word.fixed or "=" in text or text == "--" or t.FLAGS.fullmatch(text)
    alone = alone or re.fullmatch(t.LETTERS.get(name, "-q"), text)
    own = words[:1] if alone else words
    if re.match("--(entrypoint|call)", text) or (text == "-c" and name in t.PACKAGES):
        what = f"{name} {text} in a template with parameters"
        raise TemplateError(what, "write the program after the other words")
    if name in t.PACKAGES and not all(map(held.constant, own)):
        raise TemplateError(f"{name} {text} of what a parameter says", "write it out")
    for one in own[1:]:
        _assigns(held, one)
    if _ENV.match(text):
        _sets_within(held, own[-1])
    return len(own) - 1


def _sets_within(held: Holds, word: Word) -> None:
    """A word that sets a variable in a container, as `-e A=b`, with its option or without. Raises
    TemplateError."""
    name = ASSIGNMENT.match(_ENV.sub("", word.start, count=1))
    if held.constant(word) or (name and not t.SPECIAL.fullmatch(name[1])):
        return
    what = f"{name[1] if name else 'a variable of its own name'} would be set by a parameter"
    raise TemplateError(what, "write NAME={name}, with a name of your own")


def _no_option(held: Holds, name: str, words: Sequence[Word], later: Sequence[Word]) -> None:
    """A name that a parameter says may be an option, which would make another word the program."""
    said = [word for word in words if not held.constant(word) and not word.start]
    if said and not all(map(held.constant, later)):
        fix = "write the name of it out, or something before it"
        raise TemplateError(f"{name} would take a parameter for an option", fix)


def xargs(held: Holds, name: str, words: Sequence[Word]) -> None:
    """What comes in are further words of the program, or stand in its place for them. Raises
    TemplateError."""
    if not all(map(held.constant, words)):
        raise TemplateError(f"{name} would run what a parameter says", "give it on standard input")
    at, place, whole = 0, "", False
    while at < len(words) and words[at].literal.startswith("-"):
        text, at = words[at].literal, at + 1
        if text.startswith("-I"):
            place = text[2:] or words[at].literal if at < len(words) or text[2:] else "-"
        elif not re.fullmatch(r"-[0rtx]+|-[nPLda].*|--null|--no-run-if-empty", text):
            raise TemplateError(f"xargs {text}", "write xargs -0 PROGRAM")
        whole |= text == "--null" or (
            "0" in text if text[1:2] not in "nPLdIa-" else text.startswith("-d")
        )
        at += text in ("-I", "-n", "-P", "-L", "-d", "-a")
    if not held.fed:
        held.check(words[at:] or [Word("echo", "echo", "echo", "echo")])
        return
    if not whole:
        fix = "write xargs -0, or -d '\\n' for lines"
        raise TemplateError("xargs divides what it gets, at spaces and quotes", fix)
    if at < len(words):
        held.check(with_place(words[at:], place))
