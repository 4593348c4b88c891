"""Which workflow a file starts: rules, of which the first that matches wins. Pure, but for reading
a rule file: a list of rules, or a mapping of names to them, as such files are for years.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError

from labtool.core.config.patterns import Expression
from labtool.core.config.types import Section
from labtool.core.errors import Failed
from labtool.core.text import one_line

_KEYS = ("bucket_name_pattern", "file_name_pattern", "starter_name")
_LARGEST = 1_000_000


class Rule(Section):
    """Regular expressions that match from the beginning on, and what is started."""

    bucket_name_pattern: Expression | None = None
    file_name_pattern: Expression
    starter_name: str = Field(min_length=1)

    def matches(self, bucket: str, name: str) -> bool:
        """Whether a file is meant."""
        if self.bucket_name_pattern and not self.bucket_name_pattern.match(bucket):
            return False
        return bool(self.file_name_pattern.match(name))


def first(rules: Sequence[Rule], bucket: str, name: str) -> str:
    """What a file starts; empty where no rule matches."""
    return next((rule.starter_name for rule in rules if rule.matches(bucket, name)), "")


def read(path: Path) -> list[Rule]:
    """The rules of a file. Raises Failed with what is wrong in it."""
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1)
        data = yaml.safe_load(text)
    except OSError as error:
        raise _wrong(path, f"cannot be read ({error.strerror})") from None
    # The last two are of a date that there is not, and of lists in one another without end.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _wrong(path, f"is no YAML ({one_line(str(error), 120)})") from None
    if len(text) > _LARGEST:
        raise _wrong(path, f"has more than {_LARGEST} bytes")
    found: list[Any] = []
    for one in data if isinstance(data, list) else [data]:
        # A mapping of names to rules, or a rule.
        is_named = isinstance(one, dict) and not set(one) & set(_KEYS)
        found += one.values() if is_named else [one]
    rules = []
    for number, one in enumerate(found, 1):
        try:
            rules.append(Rule.model_validate(one))
        except ValidationError as error:
            about = "; ".join(
                f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
                for each in error.errors(include_url=False)
            )
            raise _wrong(path, f"rule {number}: {about}") from None
    if not rules:
        raise _wrong(path, "has no rules")
    return rules


def _wrong(path: Path, what: str) -> Failed:
    return Failed(what, where=str(path), fix=f"write {', '.join(_KEYS)}", code="rules")
