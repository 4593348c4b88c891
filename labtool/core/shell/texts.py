"""Programs with one text that they interpret, and files that are data: sed, awk, jq. Pure."""

import re
from collections.abc import Callable, Sequence

from labtool.core.shell.words import Word

# Of each: options without a word; with one; with one that has the text; with a name and a value.
_NONE = "(?!)"
_SED = (r"-[nErsuz]+|-i[^ef]*|--(quiet|silent|regexp-extended|null-data|separate|in-place(=\S*)?"
        "|posix|sandbox)", "-l", r"-\w*[ef]|--(expression|file)", _NONE)  # fmt: skip
_AWK = (r"-F.+|-v.+|--(csv|posix|re-interval|sandbox)", "-[Fv]", "-f|--file", _NONE)
_JQ = (r"-[rncCMaSsRjeE]+|--(raw-output|compact-output|null-input|slurp|raw-input|sort-keys|tab"
       "|exit-status|join-output|monochrome-output|color-output|ascii-output|args)",
       "--indent|-L", "-f|--from-file", "--(raw|slurp)file|--arg|--argjson")  # fmt: skip
_KNOWN = {
    **dict.fromkeys(("sed", "gsed"), _SED),
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk", "original-awk"), _AWK),
    **dict.fromkeys(("jq", "gojq", "jaq"), _JQ),
}


# A file's name that is no option, and none of awk's assignments.
_PATH = re.compile(r"[^-=][^=]*/|[./]")


def interpreted(name: str, words: Sequence[Word], constant: Callable[[Word], bool]) -> list[Word]:
    """Which words of a program it interprets, as far as is known: the others are names of files,
    and values. `constant` says whether a word has nothing of what people said."""
    known = _KNOWN.get(name)
    if not known:
        return list(words)
    flags, one, texts, pair = map(re.compile, known)
    found, at, seen = list[Word](), 0, False
    while at < len(words):
        word, number = words[at], 1
        if constant(word) and word.literal.startswith("-"):
            if pair.fullmatch(word.literal):
                number = 3
            elif one.fullmatch(word.literal) or texts.fullmatch(word.literal):
                number = 2
                seen |= bool(texts.fullmatch(word.literal))
            elif not flags.fullmatch(word.literal):
                return list(words)
            found += words[at : at + min(number, 2)]
        elif not seen:
            # BSD's sed has an empty word here.
            seen = not (word.fixed and not word.literal)
            found.append(word)
        elif not constant(word) and not _PATH.match(word.start):
            found.append(word)
        at += number
    return found
