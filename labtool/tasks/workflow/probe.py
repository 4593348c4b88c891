"""Workflows, for `labtool doctor`: whether somebody works at the runs, and whether as many are
completed as usual."""

from collections.abc import Iterable

from labtool.core.probe import Finding, Patient
from labtool.core.text import counted
from labtool.services.engine.records import LEASE, OPEN
from labtool.tasks.workflow.definition import engine_of
from labtool.tasks.workflow.runs import Runs, opened, scratch_of
from labtool.tasks.workflow.telling import looked_at
from labtool.tasks.workflow.work.upkeep import clean_scratch

_ABOUT = "workflows"
# Seconds that a run may stand in the queue where a timer starts the worker.
_STANDS = 900.0


def probe(patient: Patient) -> Iterable[Finding]:
    """Raises as the engine's database."""
    if not patient.config.has("workflows"):
        return
    with opened(patient.config, look=True) as runs:
        if not runs.base.exists:
            yield Finding("ok", _ABOUT, "no run was started yet")
            return
        yield from _workers(patient, runs)
        found = looked_at(runs, patient.now.timestamp(), 24)
        if found.fell:
            fix = "see labtool workflow list --state failed, and what starts them"
            done = counted(found.total["completed"], "run")
            what = f"{done} completed in 24 h, usually {found.usual:g}"
            yield Finding("warn", _ABOUT, what, fix)
    yield from _scratch(patient)


def _workers(patient: Patient, runs: Runs) -> Iterable[Finding]:
    now = patient.now.timestamp()
    alive = [one for one, seconds in runs.queue.workers() if seconds <= LEASE]
    dead = [one for one, seconds in runs.queue.workers() if seconds > LEASE]
    queued = runs.ledger.runs(("queued",), newest=1000)
    stands = [one for one in queued if now - one.created > _STANDS]
    follow = engine_of(patient.config).follow
    if (stands or (follow and not alive)) and not alive:
        what = f"nobody works at the runs ({len(queued)} wait)"
        fix = "systemctl restart labtool-workflow-work, or labtool workflow work"
        yield Finding("bad", _ABOUT, what, fix)
    elif dead:
        what = f"{counted(len(dead), 'worker')} died; what they had goes on with the next one"
        yield Finding("warn", _ABOUT, what, "see journalctl -u labtool-workflow-work")
    elif not alive and not follow and not _is_timed(patient) and runs.ledger.runs(OPEN, newest=1):
        what = "runs are open, and no timer works at them"
        yield Finding("warn", _ABOUT, what, "set engine: {follow: true}, or a timer: workflow work")
    else:
        what = f"{counted(len(alive), 'worker')} now, {counted(len(queued), 'run')} in the queue"
        yield Finding("ok", _ABOUT, what)


def _is_timed(patient: Patient) -> bool:
    timers = patient.config.core.timers.values()
    return any(timer.run.startswith("workflow work") for timer in timers)


def _scratch(patient: Patient) -> Iterable[Finding]:
    base = scratch_of(patient.config)
    folders = len(list(base.iterdir())) if base.is_dir() else 0
    if folders < 1000:
        return

    def mend() -> str:
        with opened(patient.config) as runs:
            gone = len(clean_scratch(patient.config, runs))
            return f"removed the files of {counted(gone, 'ended run')}"

    what = f"{folders} runs have files in {base}; those of ended ones can go when they are old"
    yield Finding("warn", _ABOUT, what, mend=mend)
