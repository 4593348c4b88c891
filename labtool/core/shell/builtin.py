"""Bash's own commands that take some of their arguments for code, variables or numbers. Pure."""

import re
from collections.abc import Callable, Sequence

from labtool.core.shell import tables as t
from labtool.core.shell.words import ASSIGNMENT, TemplateError, Word

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class Builtins:
    """Holds them against what is known of each: `known` has them by name. `constant` says whether
    a word has nothing of what people said."""

    def __init__(self, constant: Callable[[Word], bool]) -> None:
        self._constant = constant
        self.known: dict[str, Callable[[str, Sequence[Word]], None]] = {
            "printf": self._printf, "[": self._test, "test": self._test, "read": self._read,
            "export": self._names, "readonly": self._names, "unset": self._unset,
            "wait": self._wait, "set": self._set, "trap": self._trap,
        }  # fmt: skip

    def _printf(self, _: str, words: Sequence[Word]) -> None:
        if words and words[0].fixed and words[0].literal == "--":
            words = words[1:]
        form = words[0] if words else Word()
        text = form.literal.replace("%%", "")
        # %n sets a variable that an argument names.
        odd = text.startswith("-") or re.search(r"%[^A-Za-z%]*[hlLjzt]*n", text)
        if odd or not form.plain:
            raise TemplateError("printf without a plain format", "write printf '%s' {name}")

    def _test(self, name: str, words: Sequence[Word]) -> None:
        words = words[:-1] if name == "[" else words
        texts = [word.literal if word.fixed else "" for word in words]
        odd = "-v" in texts or "-R" in texts
        if not all(map(self._constant, words)):
            loose = [word for word in words if not self._constant(word)]
            odd |= any(word.split or word.split_inner or word.glob for word in loose)
            texts = texts[1:] if texts[:1] == ["!"] else texts
            odd |= len(texts) > 3
            odd |= len(texts) == 2 and texts[0] not in t.TESTS
            odd |= len(texts) == 3 and texts[1] not in t.COMPARES
        if odd:
            fix = 'write one comparison in each [ ], with variables in quotes: [ "$x" = y ]'
            raise TemplateError("this test in a template with parameters", fix)

    def _read(self, name: str, words: Sequence[Word]) -> None:
        texts = [word.literal if word.fixed else "?" for word in words]
        while texts and re.fullmatch(r"-[rs]+|-[rs]*[dnt]", texts[0]):
            texts = texts[2:] if texts[0][-1] in "dnt" else texts[1:]
        if not all(map(_IDENTIFIER.fullmatch, texts)):
            raise TemplateError(f"{name} into more than plain variables", f"write {name} -r line")

    def _names(self, name: str, words: Sequence[Word]) -> None:
        for word in words:
            is_name = word.fixed and _IDENTIFIER.fullmatch(word.literal)
            if not is_name and not ASSIGNMENT.match(word.head):
                raise TemplateError(f"{name} of more than plain names", f"write {name} x")

    def _unset(self, name: str, words: Sequence[Word]) -> None:
        if not all(word.fixed and _IDENTIFIER.fullmatch(word.literal) for word in words):
            raise TemplateError(f"{name} of more than plain names", f"write {name} x")

    def _wait(self, name: str, words: Sequence[Word]) -> None:
        if not all(map(self._constant, words)):
            fix = "write wait, or wait $!"
            raise TemplateError(f"{name} would interpret what a parameter says", fix)
        if any("p" in word.literal for word in words):
            raise TemplateError("wait -p in a template with parameters")

    def _set(self, _: str, words: Sequence[Word]) -> None:
        known = re.compile(r"[-+][euxfo]+|pipefail|errexit|nounset|xtrace")
        for word in words:
            if word.fixed and word.literal == "--":
                return
            if not (word.fixed and known.fullmatch(word.literal)):
                raise TemplateError("set in a template with parameters", "write set -euo pipefail")

    def _trap(self, _: str, words: Sequence[Word]) -> None:
        # What it runs is read with the template's other commands.
        if not all(word.fixed for word in words):
            raise TemplateError("trap would run what a parameter says", "write it as '...'")
