"""What the models find wrong, in the words of somebody who has never heard of models."""

import re

from pydantic_core import ErrorDetails

_WORDS = {
    "string_type": ("is not text", "put it in quotes"),
    "int_type": ("is not a whole number", "write a number such as 15"),
    "int_parsing": ("is not a whole number", "write a number such as 15"),
    "int_from_float": ("is not a whole number", "write a number such as 15"),
    "float_type": ("is not a number", "write a number such as 1.5"),
    "float_parsing": ("is not a number", "write a number such as 1.5"),
    "bool_type": ("is neither true nor false", "write true or false"),
    "bool_parsing": ("is neither true nor false", "write true or false"),
    "dict_type": ("is not a mapping", "write key: value pairs, indented below it"),
    "model_type": ("is not a mapping", "write key: value pairs, indented below it"),
    "model_attributes_type": ("is not a mapping", "write key: value pairs, indented below it"),
    "tuple_type": ("is not a list", "write [a, b] or one entry a line, each after a dash"),
    "list_type": ("is not a list", "write [a, b] or one entry a line, each after a dash"),
    "string_too_short": ("is empty", "write something, or remove the key"),
    "too_short": ("is empty", "write at least one entry"),
    "missing": ("is missing", "add it"),
    "extra_forbidden": ("is not a key that labtool knows", "remove it or check the spelling"),
}
# A part of a pattern, what does not match it is, and what to write. The first that is found counts.
_PATTERNS = (
    ("https?://", "is no address", "write one that begins with https:// or http://"),
    ("(https?|s3)://", "is no address", "write one that begins with https:// or s3://"),
    ("[A-Za-z0-9][A-Za-z0-9_-]", "cannot be a name", "write letters, digits, - and _"),
    ("[0-9a-f]{64}", "is no SHA-256", "write its 64 digits: 0 to 9, a to f"),
    ("[A-Za-z_][A-Za-z0-9_]*", "cannot be a variable's name", "write letters, digits and _"),
    ("[a-z0-9][a-z0-9_-]", "cannot be a name", "write small letters, digits, - and _"),
    ("[a-z0-9][a-z0-9-]", "cannot be a name", "write small letters, digits and -"),
    ("[a-z0-9_+'-]", "is no reaction", "write its name without colons, such as eyes"),
    ("2[0-3]", "is no time of day", "write one such as 18:00"),
    ("(/.*[^/])", "is no folder", "write it with a slash before and none after: /Lab/Data"),
    ("([^/].*/)", "is no prefix", "write it with a slash after and none before: site/"),
    (r"\d{1,20}", "is no number", "write digits alone, in quotes"),
    ("age1", "is no recipient", "write what age-keygen printed (age1...), or an ssh-ed25519 key"),
)


def explain(detail: ErrorDetails) -> tuple[str, str]:
    """What is wrong, and what to write instead."""
    kind = detail["type"]
    context = detail.get("ctx") or {}
    if kind == "labtool":
        return str(context["what"]), str(context["fix"])
    if kind in ("literal_error", "enum"):
        return f"{_shown(detail)} is not one of the choices", f"write {context['expected']}"
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        return f"{_shown(detail)} is out of range", detail["msg"].replace(
            "Input should be", "write a number"
        )
    if kind == "string_pattern_mismatch":
        return _unmatched(detail, str(context["pattern"]))
    if kind in ("string_type", "int_parsing", "int_type", "bool_parsing", "bool_type"):
        what, fix = _WORDS[kind]
        return f"{_shown(detail)} {what}", fix
    if kind == "string_too_short" and detail["input"]:
        return "is too short", f"write at least {context['min_length']} characters"
    if kind in ("string_too_long", "too_long"):
        most = context["max_length"]
        of = "characters" if kind == "string_too_long" else "entries"
        return "is too long", f"write at most {most} {of}"
    if kind in _WORDS:
        return _WORDS[kind]
    what, _, fix = detail["msg"].partition("; ")
    return what[:1].lower() + what[1:], fix or "see labtool config schema"


def _shown(detail: ErrorDetails) -> str:
    text = repr(detail["input"])
    return text if len(text) <= 60 else text[:57] + "..."


def _unmatched(detail: ErrorDetails, pattern: str) -> tuple[str, str]:
    """What is wrong with a text that a pattern does not match: no word of the pattern."""
    else_ = ("is not written as it has to be", "see labtool config schema")
    what, fix = next(((what, fix) for part, what, fix in _PATTERNS if part in pattern), else_)
    if what.startswith("cannot be a"):
        fix = _nearest(str(detail["input"]), pattern, fix)
    return f"{_shown(detail)} {what}", fix


def _nearest(text: str, pattern: str, fix: str) -> str:
    """With the nearest name that would do, where there is one."""
    for near in (text.lower(), re.sub(r"\W", "_", text), re.sub(r"[^a-z0-9]+", "-", text.lower())):
        if re.fullmatch(pattern, near.strip("-")):
            return f"{fix}, such as {near.strip('-')}"
    return fix
