"""Keeping what was answered, or why nothing was: each source by itself."""

from pathlib import Path

from labtool.core import kept
from labtool.core.clock import iso
from labtool.core.config import Config
from labtool.core.errors import LabtoolError, StateError, Temporary
from labtool.core.run import bug
from labtool.core.task import Run
from labtool.tasks.cache.history import History
from labtool.tasks.cache.memory import Memory, Remembered
from labtool.tasks.cache.refresh import Outcome
from labtool.tasks.cache.sources._base import Answer, SourceOptions
from labtool.tasks.cache.sources._parts import limited


def folder(config: Config) -> Path:
    """Where the cache files are."""
    return config.state / "cache"


def keep(run: Run, source: SourceOptions, outcome: Outcome) -> None:
    """Keep an answer, with its numbers. One that cannot be kept is an error of its source, as
    one that never came; the old one stays then. Raises StateError without a database."""
    run.looked_at.add(topic(outcome.name))
    error = outcome.error or Exception()
    if outcome.answer:
        try:
            _keep(run, source, outcome, outcome.answer)
        except Exception as found:  # noqa: BLE001  (a part of the run boundary, for one source)
            error = found
        else:
            return
    _note_failure(run, source, outcome, error)


def _keep(run: Run, source: SourceOptions, outcome: Outcome, answer: Answer) -> None:
    name, began = outcome.name, outcome.began
    version = source.schema_version
    found = kept.Kept(name, source.kind, version, iso(began), ok=True, error="", data=answer.data)
    kept.store(folder(run.config), found)
    with run.database.write():
        now = Remembered(source.kind, began, of=answer.memory)
        Memory(run.database).put(name, now, run.clock.now())
        History(run.database).add(name, answer.numbers, began)
    run.counts["refreshed"] += 1
    for problem in answer.problems:
        run.fail(of(name, problem))


def _note_failure(run: Run, source: SourceOptions, outcome: Outcome, error: Exception) -> None:
    name, place = outcome.name, folder(run.config)
    known = of(name, error if isinstance(error, LabtoolError) else bug(error, run.task))
    if isinstance(known, Temporary):
        limited(known, run.clock.now(), run.config.core.lab.timezone)
    # Where it is kept, whose error it is stands beside it.
    why = str(known).removeprefix(f"{topic(name)}: ")
    try:
        old = kept.failed(place, name, source.kind, source.schema_version, why)
        kept.store(place, old)
    except StateError as instead:
        if not isinstance(error, StateError):
            run.fail(of(name, instead))
    memory = Memory(run.database)
    last = memory.get(name)
    same = last.kind in ("", source.kind)
    failures, remembered = (last.failures, last.of) if same else (0, {})
    memory.put(
        name,
        Remembered(source.kind, outcome.began, failures + 1, why, remembered),
        run.clock.now(),
    )
    run.counts["failed"] += 1
    run.fail(known)


def of(name: str, error: LabtoolError) -> LabtoolError:
    """An error, as one of this source."""
    error.topic = topic(name)
    if not error.where.startswith("cache "):
        error.where = f"cache {name}: {error.where}".removesuffix(": ")
    return error


def topic(name: str) -> str:
    """What the errors of a source are about."""
    return f"cache {name}"
