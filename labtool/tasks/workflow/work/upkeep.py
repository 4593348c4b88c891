"""What is forgotten: runs that ended long ago, with what they printed; files of ended runs, by age
and where the disk is getting full."""

import shutil
import time
from contextlib import suppress
from pathlib import Path

from labtool.core.config import Config
from labtool.services.engine.records import CLOSED
from labtool.tasks.workflow.definition import engine_of
from labtool.tasks.workflow.runs import Runs, logs_of, scratch_of

# A key that starts one run only is known for longer than its run: seconds.
_KEYS = 400 * 86400.0


def tidy(config: Config, runs: Runs) -> int:
    """Forget and remove; how many runs were forgotten. Raises as the engine's database."""
    settings = engine_of(config)
    gone = runs.queue.tidy(settings.keep.total_seconds(), _KEYS)
    for ident in gone:
        for base in (logs_of(config), scratch_of(config)):
            _remove(base / ident)
    clean_scratch(config, runs)
    return len(gone)


def clean_scratch(config: Config, runs: Runs) -> list[str]:
    """Remove the files of ended runs that are old, and of others, the oldest first, as long as the
    disk has less than it should; whose they were."""
    settings, base = engine_of(config), scratch_of(config)
    removed = []
    for folder in sorted(_folders(base), key=_age, reverse=True):
        old = _age(folder) > settings.keep_scratch.total_seconds()
        if not old and shutil.disk_usage(base).free >= settings.min_free:
            break
        run = runs.ledger.run(folder.name)
        if run is None or run.state in CLOSED:
            _remove(folder)
            removed.append(folder.name)
    return removed


def _folders(base: Path) -> list[Path]:
    try:
        return [one for one in base.iterdir() if one.is_dir() and not one.is_symlink()]
    except OSError:
        return []


def _age(folder: Path) -> float:
    try:
        return time.time() - folder.stat().st_mtime
    except OSError:
        return 0.0


def _remove(folder: Path) -> None:
    with suppress(OSError):
        shutil.rmtree(folder)
