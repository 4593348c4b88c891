"""YAML with its line numbers: plain data, and for each path in it where it stands."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml

from labtool.core.errors import Problem

Loc = tuple[str | int, ...]

# More nodes than any lab's config has; a file whose aliases unfold to more is an attack.
MAX_NODES = 200_000
# libyaml and our own reading go one level of the stack deeper for each level of a file.
_MAX_DEPTH = 60
# More than any number that means something here, and few enough for every type that takes one.
_MAX_DIGITS = 15
_MAX_BYTES = 5_000_000
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Expanded(str):  # noqa: SLOT000  (it carries what was written)
    """A string that named environment variables: its value, and what was written.

    `missing` are the variables that are not set. A `Secret` takes the string with its
    variables unset (and complains when it is used); anywhere else they are a mistake.
    """

    written: str
    missing: tuple[str, ...]
    claimed: bool

    def __new__(cls, written: str, environ: dict[str, str]) -> Self:
        missing = tuple(n for n in _VARIABLE.findall(written) if n not in environ)
        self = super().__new__(cls, _VARIABLE.sub(lambda m: environ.get(m[1], ""), written))
        self.written, self.missing, self.claimed = written, missing, False
        return self

    def __repr__(self) -> str:
        """What was written: a message must not tell what a variable holds."""
        return repr(self.written)


@dataclass(slots=True)
class Marked:
    """A YAML document: `data`, the line (from 1) of each path, the mistakes found in
    reading it, the strings that named variables, and entries that are in other `files`."""

    file: str
    data: Any = None
    lines: dict[Loc, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    expanded: dict[Loc, Expanded] = field(default_factory=dict)
    files: dict[Loc, str] = field(default_factory=dict)

    def where(self, loc: Loc) -> str:
        """`file:line` of the nearest thing that stands in the file."""
        while loc and loc not in self.lines:
            loc = loc[:-1]
        return f"{self.files.get(loc[:2], self.file)}:{self.lines.get(loc, 1)}"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe YAML without the two surprises of YAML 1.1 that people trip on: `on`, `off`,
    `yes` and `no` stay words, and `9:00` stays a time of day, not 540."""


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in rules
        if tag.rsplit(":", 1)[-1] not in ("bool", "int", "float", "timestamp")
    ]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    ("float", r"^[-+]?[0-9]+\.[0-9]+(?:[eE][-+]?[0-9]+)?$", "-+0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def read(path: Path, environ: dict[str, str]) -> Marked:
    """Read a YAML file; what is wrong with it as YAML is in `problems`."""
    marked = Marked(_display(path))
    try:
        raw = path.read_bytes()
        if len(raw) > _MAX_BYTES:
            raise ValueError(f"is {len(raw) // 1_000_000} MB, which is no config")
        text = raw.decode("utf-8-sig")
    except OSError as error:
        marked.problems.append(Problem(marked.file, f"cannot be read ({error.strerror})"))
        return marked
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        marked.problems.append(Problem(f"{marked.file}:{line}", "is not UTF-8", "save it as UTF-8"))
        return marked
    except ValueError as error:
        marked.problems.append(Problem(marked.file, str(error)))
        return marked
    parse(text, marked, environ)
    return marked


def parse(text: str, marked: Marked, environ: dict[str, str]) -> None:
    """Fill `marked` from YAML text."""
    try:
        line = _too_deep(text)
        if line:
            marked.problems.append(Problem(f"{marked.file}:{line}", "is nested too deeply"))
            return
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                marked.data = {}
                return
            marked.data = _Builder(marked, loader, environ).build(node, ())
        finally:
            loader.dispose()
    except RecursionError:
        marked.problems.append(Problem(marked.file, "is nested too deeply"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        why = error.problem or error.context or ""
        if "nesting depth" in why:  # libyaml has a limit of its own since 0.2.6
            marked.problems.append(Problem(f"{marked.file}:{line}", "is nested too deeply"))
            return
        what = f"is not valid YAML: {why}"
        begun = error.context_mark.line + 1 if error.context_mark else line
        marked.problems.append(Problem(f"{marked.file}:{line}", what, _hint(text, line, begun)))
    except yaml.YAMLError as error:
        marked.problems.append(Problem(marked.file, f"is not valid YAML: {error}".split("\n")[0]))
    except ValueError as error:
        marked.problems.append(Problem(marked.file, str(error)))


def _too_deep(text: str) -> int:
    """The line from which on the YAML is too deep to be composed; 0 if it is not. Raises
    ValueError for one that is too long."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_Loader)):
        if count > 2 * MAX_NODES:
            raise ValueError("has more values than any config needs")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                return event.start_mark.line + 1 if event.start_mark else 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return 0


class _Builder:
    """Turns YAML nodes into plain data and notes where each value stands."""

    def __init__(self, marked: Marked, loader: Any, environ: dict[str, str]) -> None:
        self.marked, self.loader, self.environ = marked, loader, environ
        self.nodes = 0
        self.open: set[int] = set()

    def build(self, node: yaml.Node, loc: Loc) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise ValueError("has aliases that unfold to more than any config needs")
        self.marked.lines.setdefault(loc, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, loc)
        if id(node) in self.open:
            self._mistake(loc, node, "contains itself", "remove the alias")
            return None
        if node.tag not in _COLLECTIONS:
            self._mistake(loc, node, f"has the tag {node.tag}", "remove it")
            return None
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.build(child, (*loc, i)) for i, child in enumerate(node.value)]
            return self._mapping(node, loc)
        finally:
            self.open.discard(id(node))

    def _scalar(self, node: yaml.ScalarNode, loc: Loc) -> Any:
        if node.tag not in _SCALARS:
            self._mistake(loc, node, f"has the tag {node.tag}", "remove it")
            return None
        if node.tag == _INT and len(node.value.lstrip("+-")) > _MAX_DIGITS:
            self._mistake(loc, node, "is too large a number", "put it in quotes if it is text")
            return node.value
        if node.tag != _STRING:
            return self.loader.construct_object(node)
        if "\0" in node.value:
            self._mistake(loc, node, "has a zero byte in it", "remove it")
            return node.value.replace("\0", "")
        if "${" not in node.value:
            return node.value
        value = self.marked.expanded[loc] = Expanded(node.value, self.environ)
        return value

    def _mapping(self, node: yaml.Node, loc: Loc) -> dict[str, Any]:
        out: dict[str, Any] = {}
        own: set[Loc] = set()
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                merged = self.build(value_node, loc)
                for part in merged if isinstance(merged, list) else [merged]:
                    out = {**part, **out} if isinstance(part, dict) else out
                continue
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else "?"
            here = (*loc, key)
            if here in own:
                first = self.marked.lines[here]
                self._mistake(here, key_node, "stands twice", f"it is at line {first} already")
                continue
            own.add(here)
            self.marked.lines[here] = key_node.start_mark.line + 1
            out[key] = self.build(value_node, here)
        return out

    def _mistake(self, loc: Loc, node: yaml.Node, what: str, fix: str) -> None:
        where = f"{self.marked.file}:{node.start_mark.line + 1}"
        self.marked.problems.append(Problem(where, what, fix, dotted(loc)))


_STRING = "tag:yaml.org,2002:str"
_INT = "tag:yaml.org,2002:int"
_COLLECTIONS = {"tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"}
_SCALARS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null")}


def dotted(loc: Loc) -> str:
    """A path as people write it: `remind.rules.breakfast.to`."""
    return ".".join(str(part) for part in loc)


def _hint(text: str, line: int, begun: int) -> str:
    """What to look for; what is wrong is noticed at `line` at the latest, in what began at
    `begun`."""
    lines = text.splitlines()
    near = lines[line - 1] if 0 < line <= len(lines) else ""
    if "\t" in near:
        return "indent with spaces, not tabs"
    above = f"above it, up to line {begun}" if begun < line - 1 else "the one above"
    return f"look at this line and {above}: indentation, quotes, a missing colon"


def _display(path: Path) -> str:
    """A path as people know it: relative to where they stand, if it is below."""
    try:
        return os.fspath(path.resolve().relative_to(Path.cwd().resolve()))
    except (ValueError, OSError):
        return os.fspath(path)
