"""The instruments' part of `labtool serve`: the API, and who is told."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.routing import Mount

from labtool.core.config import Config
from labtool.core.database import Database
from labtool.core.endpoints import Parts, Site
from labtool.core.service import checkpoint, tried
from labtool.core.task import Run
from labtool.services.web import Limited
from labtool.tasks.instruments.center.api import Center, api
from labtool.tasks.instruments.center.home import Homes, bot_composes
from labtool.tasks.instruments.center.keeping import Keeping
from labtool.tasks.instruments.center.looking import Look, look
from labtool.tasks.instruments.center.telling import Who, tell
from labtool.tasks.instruments.center.tokens import Tokens
from labtool.tasks.instruments.kinds._base import InstrumentOptions
from labtool.tasks.instruments.section import Instruments

# Bytes: of a request, and of all that are under way.
_LARGEST, _TOGETHER = 2 * 1024 * 1024, 32 * 1024 * 1024
# Seconds: between rounds in which nothing has come, as time goes on by itself.
_EVERY = 5.0
_TOPIC = "instruments"
# How long every change is kept; the procedures stay. Looked at every so many seconds.
_KEEP = timedelta(days=90)
_FORGET_EVERY = 60.0
# Seconds: how often the server notes that it listens.
_SAY_EVERY = 60.0


def endpoints(site: Site) -> Parts:
    """What answers under /api, where the config names instruments. Raises ConfigError."""
    instruments = known(site.config)
    if not instruments:
        return Parts()
    from labtool.core.clock import Clock

    clock = Clock(site.config.core.lab.timezone)
    changed = threading.Event()
    center = Center(
        instruments,
        Tokens([site.config.path, site.config.path.with_name(".env")], site.tokens),
        lambda: Database.open(site.config.state),
        clock.now,
        changed.set,
    )
    rounds = _Rounds(instruments, changed)

    def let_in(given: str) -> bool:
        scheme, _, token = given.partition(" ")
        return scheme.lower() == "bearer" and center.tokens.owner(token.strip()) != ""

    limited = Limited(api(center), _LARGEST, _TOGETHER, let_in)
    return Parts([Mount("/api", limited)], rounds=[rounds.make])


def known(config: Config) -> dict[str, InstrumentOptions]:
    """The instruments of the config. Raises ConfigError."""
    if not config.has("instruments"):
        return {}
    return config.section("instruments", Instruments).all()


def looks(
    instruments: dict[str, InstrumentOptions], database: Database, run: Run
) -> list[tuple[Look, InstrumentOptions]]:
    """Each of them, as it is now."""
    keeping, now = Keeping(database), run.clock.now()
    return [(look(key, options, keeping, now), options) for key, options in instruments.items()]


class _Rounds:
    def __init__(self, instruments: dict[str, InstrumentOptions], changed: threading.Event) -> None:
        self._instruments = instruments
        self._changed = changed
        self._last = 0.0
        self._newest = 0
        self._homes = Homes()
        self._waits = False
        self._failed: list[str] = []
        self._forgot = self._said = float("-inf")

    def make(self, run: Run, services: Any) -> bool:
        """Tell what is to be told, if something has come or enough time has gone; whether
        pages may be others now."""
        newest = Keeping(run.database).newest()
        # By the API, or by a watch in this very place.
        come = self._changed.is_set() or newest != self._newest
        self._newest = newest
        if not (come or self._waits) and time.monotonic() - self._last < _EVERY:
            return False
        self._changed.clear()
        self._last = time.monotonic()
        who = Who(lambda: services.people, lambda: services.admins)
        added, found = list[int](), list[tuple[Look, InstrumentOptions]]()

        if time.monotonic() - self._said > _SAY_EVERY:
            self._said = time.monotonic()
            Keeping(run.database).listens(run.clock.now())

        def telling() -> None:
            found.extend(looks(self._instruments, run.database, run))
            added.append(tell(run, found, who))

        def homes() -> None:
            if bot_composes(run.config):
                return
            if services.slack is not None and any(options.home for _, options in found):
                now, zone = run.clock.now(), run.clock.zone
                people, slack = services.people, services.slack
                self._waits = self._homes.publish(found, people, slack, now, zone)

        def forgetting() -> None:
            if time.monotonic() - self._forgot > _FORGET_EVERY:
                self._forgot = time.monotonic()
                # By the machine's clock, so that a pretended time removes nothing.
                Keeping(run.database).forget(datetime.now(UTC) - _KEEP)

        steps = {_TOPIC: telling, f"{_TOPIC} home": homes, f"{_TOPIC} history": forgetting}
        failed = [topic for topic, step in steps.items() if not tried(run, topic, step)]
        over = [topic for topic in self._failed if topic not in failed]
        if sum(added) or failed != self._failed:
            checkpoint(run, *over)
        run.errors.clear()  # what lasts was told
        self._failed = failed
        return come
