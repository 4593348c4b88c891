"""Backups on a terminal."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from zoneinfo import ZoneInfo

from labtool.commands import _show as show
from labtool.core.cells import size
from labtool.core.text import counted, one_line
from labtool.tasks.backup.age import Verified
from labtool.tasks.backup.manifest import FileRecord, Manifest

_LONGEST = 1000
_HOW = {"drill": "restored in a drill", "failed": "DAMAGED, found"}


def listed(
    found: Sequence[tuple[Manifest, str]],
    verified: Mapping[tuple[str, str], Verified],
    zone: ZoneInfo,
    now: datetime,
) -> None:
    """Backups and where they are, and what the last verification at a place found."""
    rows = [
        [
            one.id,
            show.moment(one.created, zone, now),
            place,
            _number(one, one.count),
            _size(one, one.bytes),
            _size(one, one.archive.bytes),
            _note(one, verified.get((place, one.id)), lambda at: show.moment(at, zone, now)),
        ]
        for one, place in found
    ]
    columns = ("id", "when", "at", "files", "size", "stored", "note")
    show.table(columns, rows, "There are no backups yet: labtool backup run")


def listed_as_json(found: Sequence[tuple[Manifest, str]]) -> None:
    """The same for programs."""
    show.document(
        [
            {
                "id": one.id,
                "set": one.set,
                "at": place,
                "created": one.created,
                "host": one.host,
                "engine": one.engine,
                "files": one.count,
                "bytes": one.bytes,
                "stored": one.archive.bytes,
                "good": one.good,
            }
            for one, place in found
        ]
    )


def shown(manifest: Manifest, where: Sequence[str], records: Iterable[FileRecord]) -> None:
    """What a backup is."""
    print(f"{manifest.id} at {', '.join(where)}")
    print(f"  made on {one_line(manifest.host, 100)} by labtool {one_line(manifest.labtool, 40)}")
    if manifest.engine == "tar":
        stored = size(manifest.archive.bytes).text
        files = counted(manifest.count, "file")
        print(f"  {files}, {size(manifest.bytes).text}, stored as {stored}")
    else:
        print(f"  {one_line(f'{manifest.engine}, snapshot {manifest.archive.name[:8]}', 100)}")
    if manifest.encrypted:
        print(f"  sealed for {', '.join(one_line(to, 80) for to in manifest.encrypted)}")
    for dump in manifest.dumps:
        rows = sum(rows for rows, _ in dump.tables.values())
        name = one_line(f"{dump.kind} {dump.database} ({dump.engine})", 120)
        print(f"  {name}: {len(dump.tables)} tables and the like, {counted(rows, 'row')}")
        if dump.changed:
            print(
                f"    {dump.changed} of them were written to meanwhile: of these a drill compares"
            )
            print("    no content, and numbers of rows roughly")
    for problem in manifest.problems:
        print(f"  problem: {one_line(problem, _LONGEST)}")
    for note in manifest.notes:
        print(f"  left out: {one_line(note, _LONGEST)}")
    for record in records:
        print(f"{size(record.size).text:>10}  {one_line(record.path, _LONGEST)}")


def shown_as_json(
    manifest: Manifest, where: Sequence[str], records: Iterable[FileRecord] | None
) -> None:
    """The same for programs."""
    document = {**asdict(manifest), "at": list(where), "good": manifest.good}
    if records is not None:
        document["listing"] = [asdict(record) for record in records]
    show.document(document)


def differing(changes: Mapping[str, Sequence[str]], *, json: bool) -> None:
    """What differs between two."""
    if json:
        show.document({kind: sorted(paths) for kind, paths in changes.items()})
        return
    marks = {"added": "+", "changed": "~", "removed": "-"}
    for kind, paths in changes.items():
        for path in sorted(paths):
            print(f"{marks[kind]} {one_line(path, _LONGEST)}")
    if not any(changes.values()):
        print("They hold the same.")


def _note(one: Manifest, verified: Verified | None, when: Callable[[datetime], str]) -> str:
    notes = ["sealed"] if one.encrypted else []
    if not one.good:
        number = len(one.problems)
        notes.append(f"NOT WHOLE, {number} problem{'s' if number > 1 else ''}")
    if verified:
        notes.append(f"{_HOW.get(verified.how, 'verified')} {when(verified.at)}")
    return ", ".join(notes)


def _size(one: Manifest, number: int) -> str:
    """Nothing where restic knows it better."""
    return size(number).text if number or one.engine == "tar" else ""


def _number(one: Manifest, number: int) -> str:
    return str(number) if number or one.engine == "tar" else ""
