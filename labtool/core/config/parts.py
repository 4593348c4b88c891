"""A section that is a folder of files: `workflows: flows/`. Each of its *.yaml has entries of the
section, as the section itself would."""

from collections.abc import Mapping
from pathlib import Path

from labtool.core.config.marks import Marked, read
from labtool.core.errors import Problem
from labtool.core.files import expand

_ENDINGS = (".yaml", ".yml")
_MOST = 1000


def read_whole(path: Path, environ: dict[str, str]) -> Marked:
    """Read a config with the folders that it names; what is wrong with them is in `problems`."""
    marked = read(path, environ)
    if isinstance(marked.data, dict):
        for name, value in marked.data.items():
            if isinstance(value, str) and value.endswith("/"):
                marked.data[name] = _entries(marked, name, path.parent / expand(value), environ)
    return marked


def _entries(marked: Marked, name: str, folder: Path, environ: dict[str, str]) -> object:
    found: dict[object, object] = {}
    try:
        files = sorted(one for one in folder.iterdir() if one.name.endswith(_ENDINGS))
    except OSError as error:
        what = f"the folder {folder} cannot be read ({error.strerror})"
        marked.problems.append(Problem(marked.where((name,)), what, "make it", name))
        return None
    if len(files) > _MOST:
        what = f"{folder} has {len(files)} files"
        marked.problems.append(Problem(marked.where((name,)), what, f"at most {_MOST}", name))
    for file in files[:_MOST]:
        part = read(file, environ)
        marked.problems += part.problems
        if isinstance(part.data, Mapping):
            _take(marked, name, part, found)
        elif part.data is not None:
            what, fix = "is not a mapping", f"write entries of {name}: as it would have them"
            marked.problems.append(Problem(part.where(()), what, fix, name))
    return found


def _take(marked: Marked, name: str, part: Marked, found: dict[object, object]) -> None:
    """The entries of one file, with their places."""
    for key, value in part.data.items():
        if key in found:
            what = f"{key} is in {marked.files[name, key]} too"
            marked.problems.append(Problem(part.where((key,)), what, "rename one", name))
            continue
        found[key] = value
        marked.files[name, key] = part.file
    for loc, line in part.lines.items():
        if loc and marked.files.get((name, loc[0])) == part.file:
            marked.lines[(name, *loc)] = line
    for loc, text in part.expanded.items():
        if loc and marked.files.get((name, loc[0])) == part.file:
            marked.expanded[(name, *loc)] = text
