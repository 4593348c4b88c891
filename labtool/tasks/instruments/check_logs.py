"""What `labtool check` looks at in an instrument's logs: whether they are there, and whether their
rows and the patterns for them can be understood.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from labtool.core.config.patterns import Pattern
from labtool.core.text import one_line
from labtool.tasks.instruments.kinds._base import InstrumentOptions
from labtool.tasks.instruments.watch.times import reader

# The end of the newest log: so many bytes, and so many of its rows.
_END, _ROWS = 64 * 1024, 20
# The named groups that a pattern of `kind: generic-log` may have, and those without which its
# match says nothing.
_GROUPS = {
    "requested": ("procedure",),
    "start": ("procedure",),
    "progress": ("step", "procedure"),
    "end": ("procedure", "outcome"),
    "user": ("user",),
    "waiting": ("what",),
    "error": ("what",),
    "alert": ("what",),
}
_OTHERS = ("opened", "ready", "closed", "idle", "logout", "resumed", "stopping")
_NEEDED = {"progress": "step", "user": "user"}
_EXAMPLES = {
    "procedure": "(?P<procedure>.+)",
    "step": r"(?P<step>\d+)",
    "user": "(?P<user>.+)",
    "what": "(?P<what>.+)",
}


def unreadable(options: InstrumentOptions, zone: ZoneInfo) -> tuple[str, str]:
    """What is wrong with the logs that `options.logs` names, and what to do; empty where
    nothing is. Paths are those of this machine."""
    logs = options.logs
    try:
        files = options.files()
        rows = _last_rows(files[-1]) if files else []
    except OSError as error:
        what = f"{error.filename or logs} cannot be read ({error.strerror})"
        return what, "is the folder there, and may this account read it?"
    if not files:
        what = f"has no log of kind {options.kind} in {logs}"
        return what, "is it the folder that the instrument's software writes into?"
    instant = reader(options.timestamp, zone)
    parsed = [row for row in options.parser()(rows) if row is not None]
    if not rows or any(instant(time) for time, _, _ in parsed):
        return "", ""
    first = one_line(rows[-1], 80)
    if not parsed:
        what = f"no row at the end of {files[-1]} can be read; the last one is: {first}"
        return what, f"is it a log of kind {options.kind}?"
    last = one_line(parsed[-1][0], 80)
    what = f"no time at the end of {files[-1]} can be read; the last one is: {last}"
    return what, "write timestamp:, as of strptime: %d.%m.%Y %H:%M:%S"


def newest(options: InstrumentOptions, zone: ZoneInfo) -> str:
    """How many logs there are, and which is the newest; empty where they have just gone."""
    try:
        files = options.files()
        changed = datetime.fromtimestamp(files[-1].stat().st_mtime, zone)
    except (OSError, IndexError):
        return ""
    count = "1 log" if len(files) == 1 else f"{len(files)} logs"
    return f"{count}, newest {files[-1].name} of {changed:%Y-%m-%d %H:%M}"


def _last_rows(file: Path) -> list[str]:
    with file.open("rb") as log:
        size = log.seek(0, 2)
        log.seek(max(0, size - _END))
        whole = log.read(_END).split(b"\n")[:-1]  # without the one that is being written
    if size > _END:
        whole = whole[1:]
    rows = (row.decode("utf-8", "replace").rstrip("\r") for row in whole[-_ROWS:])
    return [row for row in rows if row.strip()]


def bad_forms(options: InstrumentOptions) -> Iterator[tuple[str, str]]:
    """What is wrong with the forms of `timestamp`, and what to write."""
    moment = datetime(2026, 11, 24, 13, 5, 59, tzinfo=UTC)
    for form in options.timestamp:
        try:
            found = datetime.strptime(moment.strftime(form), form)  # noqa: DTZ007
        except ValueError as error:
            yield f"{form!r} is no form of a time ({error})", "write as %d.%m.%Y %H:%M:%S"
            continue
        if found.date() != moment.date() or found.hour != moment.hour:
            what = f"{form!r} says no day, or no time of day"
            yield what, "write both, as %d.%m.%Y %H:%M:%S (%I needs %p)"


def bad_groups(options: InstrumentOptions) -> Iterator[tuple[str, str, str]]:
    """Of `kind: generic-log`: the key of a pattern, what is wrong with its groups, and what to
    write."""
    names = {key: set(found.compiled.groupindex) for key, found in _patterns(options).items()}
    for key, there in names.items():
        may, needed = _GROUPS.get(key, ()), _NEEDED.get(key, "")
        fix = f"those of {key}: are {', '.join(may)}" if may else f"{key}: has none"
        for name in sorted(there - set(may)):
            yield key, f"the group {name} means nothing here", fix
        if needed and needed not in there:
            yield key, f"has no group {needed}", f"write {_EXAMPLES[needed]} in it"
    ended = names.get("end", {"procedure"})
    if "procedure" in names.get("start", ()) and "procedure" not in ended:
        fix = f"write {_EXAMPLES['procedure']} in it"
        yield "end", "ends nothing, as start: names procedures", fix


def unnamed_groups(options: InstrumentOptions) -> Iterator[tuple[str, str]]:
    """The key of a pattern that has groups, and none with a name, which may be meant; and how
    it would be written."""
    for key, found in _patterns(options).items():
        if key in _GROUPS and found.compiled.groups and not found.compiled.groupindex:
            yield key, _EXAMPLES[_GROUPS[key][0]]


def _patterns(options: InstrumentOptions) -> dict[str, Pattern]:
    found = {key: getattr(options, key, None) for key in (*_GROUPS, *_OTHERS)}
    return {key: one for key, one in found.items() if isinstance(one, Pattern)}
