"""Finding the config, reading it, and checking it against its models."""

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, RootModel, ValidationError
from pydantic_core import ErrorDetails

from labtool.core.config import explain
from labtool.core.config.marks import Loc, Marked, dotted
from labtool.core.config.models import Core
from labtool.core.config.parts import read_whole
from labtool.core.config.secrets import Secret, environment
from labtool.core.config.types import unknown_key
from labtool.core.errors import ConfigError, Problem, UsageError
from labtool.core.files import expand

M = TypeVar("M", bound=BaseModel)
# Names the config, where no option does.
CONFIG_VARIABLE = "LABTOOL_CONFIG"


@dataclass(slots=True)
class Config:
    """A config that was read: its core sections, and those of tasks on request."""

    path: Path
    core: Core
    marked: Marked
    _sections: dict[str, BaseModel] = field(default_factory=dict)

    @property
    def base(self) -> Path:
        """The folder that relative paths in the config start from."""
        return self.path.parent

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.resolve(self.core.lab.state)

    def resolve(self, path: str) -> Path:
        """A path of the config, absolute."""
        return self.base / expand(path)

    def where(self, *loc: str | int) -> str:
        """`file:line` of a key."""
        return self.marked.where(loc)

    def has(self, section: str) -> bool:
        """Whether the file has this top-level section."""
        return isinstance(self.marked.data, dict) and section in self.marked.data

    def section(self, name: str, model: type[M]) -> M:
        """A task's section, checked against its model; its defaults where it is absent.

        Raises ConfigError with all its mistakes.
        """
        known = self._sections.get(name)
        if isinstance(known, model):
            return known
        raw = self.marked.data.get(name)
        problems: list[Problem] = []
        value = validate(model, {} if raw is None else raw, self.marked, (name,), problems)
        problems += _unset_variables(self.marked, lambda section: section == name)
        if value is None or problems:
            raise ConfigError(_in_order(problems))
        place_secrets(value, (name,), self.marked, self.base)
        self._sections[name] = value
        return value


def find(given: str | None) -> Path:
    """The config file: the given one, `$LABTOOL_CONFIG`, `./labtool.yaml`, the user's or
    the machine's. Raises UsageError when there is none."""
    named = given or os.environ.get(CONFIG_VARIABLE)
    if named:
        path = expand(named)
        with suppress(OSError, ValueError):  # no name of a file, such as one that is too long
            if path.is_dir():
                path /= "labtool.yaml"
            if path.exists():
                return path.absolute()
        raise UsageError(f"there is no config at {path}", fix="check --config or $LABTOOL_CONFIG")
    places = [
        Path("labtool.yaml"),
        expand("~/.config/labtool/labtool.yaml"),
        Path("/etc/labtool/labtool.yaml"),
    ]
    for path in places:
        if path.exists():
            return path.absolute()
    raise UsageError(
        "there is no labtool.yaml here, in ~/.config/labtool or in /etc/labtool",
        fix="cd to your lab's folder, or name it with --config; a new one: labtool init lab",
    )


def load(path: Path, task_sections: Iterable[str] = ()) -> Config:
    """Read a config and check its core sections; `task_sections` are the names that tasks
    have models for. Raises ConfigError with every mistake found."""
    problems: list[Problem] = []
    environ = environment(
        path.parent, lambda what: problems.append(Problem(os.fspath(path.parent / ".env"), what))
    )
    marked = read_whole(path, environ)
    problems += marked.problems
    if marked.problems and marked.data is None:
        raise ConfigError(problems)
    core = None
    if not isinstance(marked.data, dict):
        fix = "write sections such as lab: and timers:"
        problems.append(Problem(marked.where(()), "is not a mapping", fix))
    else:
        tasks = set(task_sections)
        own = {name: value for name, value in marked.data.items() if name not in tasks}
        own = {name: value for name, value in own.items() if value is not None}
        problems += _unknown_sections(own, tasks, marked)
        own = {name: value for name, value in own.items() if name in _core_sections()}
        core = validate(Core, own, marked, (), problems)
        # Those of a task stop who needs that task's section, and nobody else.
        problems += _unset_variables(marked, lambda section: section not in tasks)
    if core is None or problems:
        raise ConfigError(_in_order(problems))
    place_secrets(core, (), marked, path.parent)
    return Config(path, core, marked)


def bare(folder: Path) -> Config:
    """The config of somebody who has none: defaults, and the state below `folder`."""
    path = folder / "labtool.yaml"
    return Config(path, Core(), Marked(os.fspath(path), {}))


def validate(
    model: type[M],
    data: Any,
    marked: Marked,
    prefix: Loc,
    problems: list[Problem],
) -> M | None:
    """`data` as `model`, or None with every mistake added to `problems`."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        problems += [
            _problem(detail, data, marked, prefix)
            for detail in found
            if not _follows(detail, found)
        ]
        return None


def _follows(detail: ErrorDetails, found: list[ErrorDetails]) -> bool:
    """Whether a list is too short only as its entries are mistaken, which pydantic leaves out."""
    loc = detail["loc"]
    return detail["type"] == "too_short" and any(
        len(one["loc"]) > len(loc) and one["loc"][: len(loc)] == loc for one in found
    )


def _problem(detail: ErrorDetails, data: Any, marked: Marked, prefix: Loc) -> Problem:
    """A mistake that pydantic found, in words and with its place in the file. Parts of
    its path that are no keys of the data (names of union members) are left out."""
    loc: Loc = prefix
    at = data
    for part in detail["loc"]:
        inside = isinstance(at, Mapping) and part in at
        inside = inside or (isinstance(at, list) and isinstance(part, int) and part < len(at))
        if inside:
            at = at[part]
            loc = (*loc, part)
    missing = detail["type"] == "missing"
    if missing:
        loc = (*loc, detail["loc"][-1])
    what, fix = explain.explain(detail)
    return Problem(marked.where(loc), _as_written(what, loc, marked), fix, dotted(loc))


def _as_written(what: str, loc: Loc, marked: Marked) -> str:
    """A message about a value without what its variables hold."""
    for at, value in marked.expanded.items():
        if at[: len(loc)] == loc and len(value.strip()) > 2:
            what = what.replace(value.strip(), value.written.strip())
    return what


def _core_sections() -> list[str]:
    return list(Core.model_fields)


def _unknown_sections(own: dict[str, Any], tasks: set[str], marked: Marked) -> list[Problem]:
    known = [*_core_sections(), *sorted(tasks)]
    unknown = [name for name in own if name not in known]
    return [Problem(marked.where((n,)), *unknown_key(n, known), path=n) for n in unknown]


def _unset_variables(marked: Marked, wanted: Callable[[object], bool]) -> list[Problem]:
    """Variables that are not set, where no secret takes care of them; of the `wanted` sections."""
    return [
        Problem(
            marked.where(loc),
            f"the environment variable {text.missing[0]} is not set",
            f"put {text.missing[0]}=... into the .env file beside the config",
            dotted(loc),
        )
        for loc, text in marked.expanded.items()
        if text.missing and not text.claimed and wanted(loc[0] if loc else "")
    ]


def _in_order(problems: list[Problem]) -> list[Problem]:
    def line(problem: Problem) -> tuple[str, int]:
        file, _, number = problem.where.rpartition(":")
        return (file, int(number)) if number.isdigit() else (problem.where, 0)

    return sorted(dict.fromkeys(problems), key=line)


def place_secrets(value: Any, loc: Loc, marked: Marked, base: Path) -> None:
    """Tell every secret in a model where it stands, and what its paths start from."""
    if isinstance(value, Secret):
        value.place(marked.where(loc), dotted(loc), base)
    elif isinstance(value, RootModel):
        place_secrets(value.root, loc, marked, base)
    elif isinstance(value, BaseModel):
        for name, info in type(value).model_fields.items():
            place_secrets(getattr(value, name), (*loc, info.alias or name), marked, base)
    elif dataclasses.is_dataclass(value):
        return
    elif isinstance(value, Mapping):
        for key, child in value.items():
            place_secrets(child, (*loc, key), marked, base)
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            place_secrets(child, (*loc, index), marked, base)
