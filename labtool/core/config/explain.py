"""What the models find wrong, in the words of somebody who has never heard of models."""

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
    "missing": ("is missing", "add it"),
    "extra_forbidden": ("is not a key that labtool knows", "remove it or check the spelling"),
}


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
    if kind in ("string_type", "int_parsing", "int_type", "bool_parsing", "bool_type"):
        what, fix = _WORDS[kind]
        return f"{_shown(detail)} {what}", fix
    if kind in _WORDS:
        return _WORDS[kind]
    if kind == "string_pattern_mismatch":
        if "https?://" in str(context.get("pattern", "")):
            fix = "write one that begins with https:// or http://"
            return f"{_shown(detail)} is no web address", fix
        fix = "labtool config schema has the pattern, and what it is for"
        return f"{_shown(detail)} is not written as this must be", fix
    what, _, fix = detail["msg"].partition("; ")
    return what[:1].lower() + what[1:], fix or "see labtool config schema"


def _shown(detail: ErrorDetails) -> str:
    text = repr(detail["input"])
    return text if len(text) <= 60 else text[:57] + "..."
