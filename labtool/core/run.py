"""The run boundary: every task runs inside it, and it alone catches broadly.

It takes the task's lock, opens a row in the journal, lets the task work, sends what the
outbox holds, enters errors in the ledger, tells the admins what they should hear, and
turns it all into the exit status.
"""

import errno
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from datetime import UTC, datetime, timedelta
from textwrap import indent
from types import FrameType

from labtool.core import errors as e
from labtool.core.database import Database
from labtool.core.document import as_json
from labtool.core.emergency import tell_without_state
from labtool.core.errors import ConfigError, Failed, LabtoolError, StateError
from labtool.core.journal import STATUS_OF_EXIT, Journal
from labtool.core.lock import hold, share
from labtool.core.log import captured, complain, run_log, write_bug
from labtool.core.masking import mask
from labtool.core.messages import Message, Recipient, show_message
from labtool.core.outbox import Outbox
from labtool.core.task import Run, Task
from labtool.core.telling import tell
from labtool.core.text import tally

_KEEP_RUNS = timedelta(days=400)
# After how many runs what is old goes, and how many logs are compressed then.
_OFTEN, _MOST = 50, 100


def run_task(task: Task, body: Callable[[Run], None]) -> int:
    """Run a task's `body` inside the boundary; the exit status."""
    if task.dry_run:
        return _rehearse(task, body)
    state = task.config.state
    with _terminable():
        try:
            with _turn(task) as (alone, begun):
                database = Database.open(state)
                journal = Journal(database)
                killed = journal.bury(task.name) if alone else 0
                if killed:
                    complain(f"the last run of {task.name} was killed; this one goes on from there")
                number = journal.start(task.name, task.timer, task.arguments, task.clock.now())
                begun()
                with ExitStack() as stack:
                    try:
                        stack.enter_context(captured(run_log(state, number), quiet=task.quiet))
                    except StateError as error:
                        journal.end(number, task.clock.now(), 0.0, e.FAILED, {}, str(error))
                        raise
                    with _watched(task) as done:
                        return done(_journaled(task, body, database, journal, number))
        except StateError as error:
            tell_without_state(task, error)
            raise


@contextmanager
def _turn(task: Task) -> Iterator[tuple[bool, Callable[[], None]]]:
    """A run's turn: whether no other of its name goes on, and what is to be called once the
    journal has it. The same work twice: once is enough. Other work of a task: after each other,
    unless they run together."""
    state = task.config.state
    if not task.together:
        others = hold(state, task.name, wait=not task.alone, what=task.name)
        with hold(state, task.lock, what=task.scope), others:
            yield True, lambda: None
        return
    with ExitStack() as beginning:
        # One at a time begins: who finds itself alone buries what was killed.
        beginning.enter_context(hold(state, f"{task.name}.begin", wait=True))
        with share(state, task.name) as alone:
            yield alone, beginning.close


@contextmanager
def _watched(task: Task) -> Iterator[Callable[[int], int]]:
    """Tell who watches from outside how it goes. What is only away for a while is no failure:
    who watches notices by itself when it lasts."""
    task.ping("start")
    status = e.FAILED

    def done(found: int) -> int:
        nonlocal status
        status = found
        return found

    try:
        yield done
    finally:
        if status == e.OK:
            task.ping("success")
        elif status != e.TEMPORARY:
            task.ping("fail")


def _journaled(
    task: Task, body: Callable[[Run], None], database: Database, journal: Journal, number: int
) -> int:
    run = Run(task, database, Outbox(database))
    started = time.monotonic()
    status = e.FAILED
    try:
        with _quiet_output(task):
            attempt(run, lambda run: _work(run, body))
            attempt(run, Run.deliver)
            attempt(run, tell)
        status = run.exit_status
    except KeyboardInterrupt:
        status = e.INTERRUPTED
        complain("interrupted; the next run goes on from here")
    except StateError as error:
        run.errors.append(error)
        raise
    finally:
        text = "\n".join(dict.fromkeys(str(error) for error in run.errors))
        seconds = time.monotonic() - started
        journal.end(number, task.clock.now(), seconds, status, run.counts, text)
    if number % _OFTEN == 0:
        from labtool.core.logs import tidy

        # By the machine's clock, so that a pretended time removes nothing.
        journal.prune(datetime.now(UTC) - _KEEP_RUNS)
        tidy(task.config.state, _MOST)
    if status != e.INTERRUPTED or task.json:
        _report(run, status)
    return status


def _work(run: Run, body: Callable[[Run], None]) -> None:
    """The task's own part; its messages go to the admins if the config says so."""
    plain = run.outbox
    run.outbox = Outbox(run.database, _redirect(run.task, run.database))
    try:
        body(run)
    finally:
        run.outbox = plain
    run.looked_at.add(run.task.scope)


def attempt(run: Run, step: Callable[[Run], None]) -> None:
    """Take one step of a run; whatever it raises becomes one of the run's errors."""
    try:
        step(run)
    except StateError:
        raise
    except LabtoolError as error:
        run.fail(error)
    except Exception as error:
        if run.dry_run and isinstance(error, BrokenPipeError):
            raise  # who read it has seen enough
        run.fail(bug(error, run.task))


def _rehearse(task: Task, body: Callable[[Run], None]) -> int:
    """A dry run: on a copy of the state in memory, and nothing is sent."""
    database = Database.snapshot(task.config.state)
    run = Run(task, database, Outbox(database))
    before = {entry.id for entry in run.outbox.entries()}
    with _quiet_output(task):
        attempt(run, lambda run: _work(run, body))
        planned = [entry for entry in run.outbox.entries() if entry.id not in before]
        run.counts["would send"] = len(planned)
        run.result.setdefault("messages", [show_message(entry.message) for entry in planned])
        if not task.json and not run.shown:
            _print_planned([entry.message for entry in planned])
    _report(run, run.exit_status)
    return run.exit_status


def _print_planned(messages: Sequence[Message]) -> None:
    for message in messages:
        shown = show_message(message)
        print(f"would send to {shown['to']}:")
        print(indent(shown["text"], "    "))
    if not messages:
        print("dry run: nothing would be sent")


def _report(run: Run, status: int) -> None:
    """The run in one JSON document, or in one line for people."""
    if run.shown and not run.dry_run:
        return
    if run.task.json:
        document = {
            "task": run.task.name,
            "arguments": run.task.arguments,
            "at": run.clock.now(),
            "dry_run": run.dry_run,
            "status": STATUS_OF_EXIT.get(status, "failed"),
            "exit": status,
            "counts": dict(run.counts),
            "errors": list(dict.fromkeys(str(error) for error in run.errors)),
            **run.result,
        }
        print(as_json(document))
    elif not run.dry_run:
        counts = ", ".join(tally(count, name) for name, count in run.counts.items() if count)
        place = f" in {run.place}" if counts and run.place else ""
        otherwise = "failed; see above" if status not in (e.OK, e.INTERRUPTED) else "nothing to do"
        print(f"{run.task.name}: {counts or run.summary or otherwise}{place}")


@contextmanager
def _quiet_output(task: Task) -> Iterator[None]:
    """With `--json`, what is printed for people goes to standard error."""
    if task.json:
        with redirect_stdout(sys.stderr):
            yield
    else:
        yield


def _redirect(task: Task, database: Database) -> Sequence[Recipient]:
    """With `lab.dry_run`, the admins get everything."""
    if not task.config.core.lab.dry_run:
        return ()
    admins = task.admins(database)
    if not admins:
        raise Failed("lab.dry_run sends everything to the admins", fix="set lab.admins")
    return admins


def bug(error: Exception, task: Task | None = None, *, verbose: bool = False) -> Failed:
    """A bug as an error that people can do something with: its traceback is in a file. Its
    own text stays there, as nobody knows what is in it."""
    text = "".join(traceback.format_exception(error))
    if verbose or (task and task.verbose):
        print(mask(text), file=sys.stderr)
    path = write_bug(task.config.state if task else None, text)
    kept = f"please report it with {path}" if path else "run it again with --verbose"
    name = type(error).__name__
    return Failed(f"labtool has a bug: {name}{_place(error)}", fix=kept, code=f"bug_{name}")


def _place(error: Exception) -> str:
    """Where in labtool it happened: ` in tasks/remind/engine.py`."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        _, found, file = frame.filename.replace(os.sep, "/").rpartition("/labtool/")
        if found:
            return f" in {file}"
    return ""


def guarded(body: Callable[[], int], *, verbose: bool = False) -> int:
    """The outermost boundary of every command: an expected error is one message on
    standard error, a bug names the file with its traceback; the exit status."""
    status = _guarded(body, verbose=verbose)
    try:
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            complain(f"standard output cannot be written to ({error.strerror})")
            status = status or e.FAILED
        # What could not be written must not be tried again at the interpreter's end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


def _guarded(body: Callable[[], int], *, verbose: bool) -> int:
    try:
        return body()
    except ConfigError as error:
        for problem in error.problems:
            complain(str(problem))
        return error.exit_status
    except LabtoolError as error:
        complain(str(error))
        return error.exit_status
    except KeyboardInterrupt:
        complain("interrupted")
        return e.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; there is nobody to tell.
        return e.OK
    except OSError as error:
        if error.errno != errno.ENOSPC:
            complain(str(bug(error, verbose=verbose)))
            return e.FAILED
        complain(f"the output cannot be written ({error.strerror})")
        return e.FAILED
    except Exception as error:  # noqa: BLE001  (the outermost boundary)
        complain(str(bug(error, verbose=verbose)))
        return e.FAILED


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends a run as ^C does: what is under way is recorded."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
