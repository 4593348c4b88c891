"""What a config and a state give for jobs."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from labtool.core.clock import Clock
from labtool.core.config import Config
from labtool.core.database import Database
from labtool.core.errors import ConfigError, Failed, Problem, UsageError
from labtool.core.logs import end
from labtool.core.messages import Message, Recipient
from labtool.core.outbox import Outbox
from labtool.core.people import People
from labtool.core.text import clean, natural
from labtool.tasks.jobs.deeds import Deeds
from labtool.tasks.jobs.entry import Entry
from labtool.tasks.jobs.places import logs_of
from labtool.tasks.jobs.queue import Queue
from labtool.tasks.jobs.section import Jobs, JobsSettings
from labtool.tasks.jobs.suppressions import Suppressions
from labtool.tasks.jobs.talk import Desk

_SHOWN = 8000
_KEPT = timedelta(days=30)


def jobs_of(config: Config) -> Jobs:
    """The config's jobs. Raises ConfigError where it names none."""
    if not config.has("jobs"):
        fix = "write one, as config/labtool.example.yaml shows"
        raise ConfigError([Problem(config.where("jobs"), "names no jobs", fix, "jobs")])
    return config.section("jobs", Jobs)


def settings_of(config: Config) -> JobsSettings:
    """How they are run."""
    return config.section("jobs_settings", JobsSettings)


def desk(config: Config, database: Database, clock: Clock, people: Callable[[], People]) -> Desk:
    """Who answers what is said."""
    settings, now = settings_of(config), unix(clock)
    queue, held = Queue(database, now), Suppressions(database, now)
    logs = partial(printed, config, settings)
    tell = partial(let_know, database, clock)
    return Desk(Deeds(jobs_of(config), queue, held, people, clock, now, logs, tell))


def let_know(database: Database, clock: Clock, entry: Entry, text: str) -> None:
    """Say something of a job where it was asked for, once."""
    asker, until = entry.asker, clock.today() + _KEPT
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
    key, to = f"job:{entry.id}:told:{digest}", Recipient("channel", asker.channel)
    Outbox(database).add(Message(key, to, clean(text), until, under=asker.thread))


def unix(clock: Clock) -> Callable[[], float]:
    """A clock as the queue wants it: Unix seconds."""
    return lambda: clock.now().timestamp()


def meant(config: Config, queue: Queue, which: str) -> Entry:
    """The job of this number, or the last of this type that has begun. Raises UsageError for what
    is neither, Failed where there is none."""
    last = queue.newest(which)
    if last is not None:
        return last
    if jobs_of(config).find(which):
        raise Failed(f"no {which} has run yet", fix="see: labtool jobs list", code="no_job")
    number = natural(which)
    if not number:
        what = f"{which!r} is not a number from 1 up, and no job's type"
        raise UsageError(what, fix="write one such as 12; see: labtool jobs list")
    return queue.entry(number)


def printed(config: Config, settings: JobsSettings, entry: Entry) -> str:
    """The end of what a job printed: of each stream, with its name."""
    folder = logs_of(config, settings, entry)
    streams = {name: end(folder / name, _SHOWN) for name in ("stdout", "stderr")}
    return "\n".join(f"{name}:\n{text}" for name, text in streams.items() if text)
