"""Secrets: written as a reference, resolved when used, never shown."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from labtool.core.config.marks import Expanded
from labtool.core.errors import ConfigError, Problem
from labtool.core.masking import conceal

_COMMAND_SECONDS = 20
_FORMS = "${NAME}, {file: PATH} or {command: [PROGRAM, ...]}"


class Secret:
    """`${NAME}`, `{file: PATH}` or `{command: [...]}` in the config.

    Its text is read by `reveal` when a service is built, and kept from `str` and `repr`.
    `literal` is true for one that is written in the config itself.
    """

    _one_line: ClassVar[bool] = True

    def __init__(self, spec: "str | dict[str, Any]") -> None:
        self._spec = spec
        self._where = ("", "")
        self._base = Path()
        self.literal = isinstance(spec, str) and not isinstance(spec, Expanded)
        if isinstance(spec, Expanded):
            spec.claimed = True

    def __repr__(self) -> str:
        return "Secret(***)"

    @property
    def file(self) -> Path | None:
        """The file that holds the secret, where it is one: some clients want the path."""
        return (
            self._base / str(self._spec["file"])
            if isinstance(self._spec, dict) and "file" in self._spec
            else None
        )

    @property
    def runs(self) -> bool:
        """Whether a program must be run to have it."""
        return isinstance(self._spec, dict) and "command" in self._spec

    @property
    def where(self) -> str:
        """Where it stands in the config: `file:line: path`."""
        return ": ".join(self._where)

    def place(self, where: str, path: str, base: Path) -> None:
        """Tell the secret where it stands, for its messages, and what paths start from."""
        self._where, self._base = (where, path), base

    def reveal(self) -> str:
        """The secret's text. Raises ConfigError when it is missing, empty, unreadable or not
        one line: what is sent in a header or a login must not break it."""
        if isinstance(self._spec, Expanded) and self._spec.missing:
            name = self._spec.missing[0]
            raise self._error(
                f"the environment variable {name} is not set",
                f"put {name}=... into the .env file beside the config",
            )
        if isinstance(self._spec, dict):
            text = self._read_file() if "file" in self._spec else self._run(self._spec["command"])
        else:
            text = str(self._spec)
        if not text.strip():
            raise self._error("is empty", f"write it as {_FORMS}")
        text = text.strip("\r\n")
        conceal(text)
        if self._one_line and not text.isprintable():
            raise self._error(
                "has more than one line, or a character that cannot be printed",
                "keep only the secret itself, on one line",
            )
        return text

    def _read_file(self) -> str:
        path = self.file
        assert path is not None
        try:
            return path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise self._error(
                f"{path} cannot be read ({why})", "check the path and its mode"
            ) from None

    def _run(self, command: list[str]) -> str:
        try:
            done = subprocess.run(
                command,
                cwd=self._base,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_COMMAND_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise self._error(
                f"{command[0]} gave no answer in {_COMMAND_SECONDS} s", "run it by hand"
            ) from None
        except OSError as error:
            raise self._error(
                f"{command[0]} cannot be run ({error.strerror})", "check its path"
            ) from None
        if done.returncode != 0:
            raise self._error(f"{command[0]} ended with status {done.returncode}", "run it by hand")
        return done.stdout.decode("utf-8", "replace")

    def _error(self, what: str, fix: str) -> ConfigError:
        where, path = self._where
        return ConfigError([Problem(where or "config", what, fix, path)])

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._validate)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {
            "description": f"A secret: {_FORMS}",
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {"file": {"type": "string"}},
                    "required": ["file"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {
                        "command": {"type": "array", "items": {"type": "string"}, "minItems": 1}
                    },
                    "required": ["command"],
                    "additionalProperties": False,
                },
            ],
        }

    @classmethod
    def _validate(cls, value: Any) -> "Secret":
        if isinstance(value, Secret):
            return value
        if isinstance(value, Expanded) or (isinstance(value, str) and value):
            return cls(value)
        if isinstance(value, dict) and len(value) == 1:
            [(form, content)] = value.items()
            if form == "file" and isinstance(content, str):
                return cls(value)
            if (
                form == "command"
                and isinstance(content, list)
                and content
                and all(isinstance(part, str) for part in content)
            ):
                return cls(value)
        raise PydanticCustomError(
            "secret", "is not a secret; write it as {forms}", {"forms": _FORMS}
        )


class SecretDocument(Secret):
    """A secret of several lines, such as a JSON key."""

    _one_line = False


def read_env_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines (with `export`, quotes and `#` comments) of a `.env` file; an
    absent file is empty. Raises OSError and UnicodeDecodeError for what cannot be read."""
    if not path.exists():
        return {}
    found = {}
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        match = _ENV_LINE.match(line)
        if match:
            found[match["name"]] = _unquote(match["value"].strip())
    return found


_ENV_LINE = re.compile(r"^\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=(?P<value>.*)$")


def _unquote(value: str) -> str:
    quoted = re.match(r"""(["'])(.*?)\1\s*(?:#.*)?$""", value)
    return quoted[2] if quoted else re.split(r"(?:^|\s+)#", value, maxsplit=1)[0].rstrip()


def environment(base: Path, problems: Callable[[str], None]) -> dict[str, str]:
    """The process's environment over the `.env` file beside the config."""
    try:
        own = read_env_file(base / ".env")
    except (OSError, UnicodeDecodeError) as error:
        problems(f"cannot be read ({error})")
        own = {}
    return {**own, **os.environ}
