"""The webhooks' part of `labtool serve`.

POST /webhooks/github/PROJECT     200 with what it started; 403, 404, 400, 413
"""

import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, Router

from labtool.core.clock import Clock, iso
from labtool.core.config import Config
from labtool.core.database import Database, Marks
from labtool.core.endpoints import Parts, Site
from labtool.core.errors import StateError
from labtool.core.log import complain
from labtool.core.messages import Message, Recipient
from labtool.core.outbox import Outbox
from labtool.core.people import People
from labtool.core.service import checkpoint
from labtool.core.task import Run
from labtool.core.text import clean
from labtool.services.web import Limited
from labtool.tasks.jobs.open import jobs_of
from labtool.tasks.jobs.queue import Asker, Entry, Queue
from labtool.tasks.jobs.queue import Request as Wanted
from labtool.tasks.jobs.report import phrase
from labtool.tasks.jobs.section import Jobs
from labtool.tasks.jobs.suppressions import Suppressions
from labtool.tasks.jobs.webhooks import github
from labtool.tasks.jobs.webhooks.section import Project, Webhooks

# GitHub's own limit (docs.github.com/webhooks/webhook-events-and-payloads).
_LARGEST = 25 * 1024 * 1024
_SPACE = "webhooks"
# How long the number of a delivery is known: a replay of an older one is refused by nobody.
_KNOWN = timedelta(days=90)
_KEPT = timedelta(days=30)


def endpoints(site: Site) -> Parts:
    """What answers under /webhooks, where the config names some. Raises ConfigError."""
    if not site.config.has("webhooks"):
        return Parts()
    desk = _Webhooks(site.config, site.config.section("webhooks", Webhooks), jobs_of(site.config))
    route = Route("/github/{project}", desk.take, methods=["POST"])
    app = Limited(Router([route]), _LARGEST)
    return Parts([Mount("/webhooks", app)], rounds=[desk.round])


@dataclass(slots=True)
class _Webhooks:
    config: Config
    section: Webhooks
    jobs: Jobs
    _fresh: threading.Event = field(default_factory=threading.Event)

    async def take(self, request: Request) -> Response:
        """One delivery."""
        name = request.path_params["project"]
        project = self.section.github.get(name)
        if project is None:
            return _answer(404, f"there is no project {name[:100]} here")
        body = await request.body()
        secret = project.secret.reveal()
        if not github.is_signed(body, request.headers, secret, allow_sha1=project.allow_sha1):
            return _answer(403, "the signature is wrong; is the secret the same on both sides?")
        try:
            event = github.read(
                request.headers.get("x-github-event", ""),
                body,
                request.headers.get("content-type", ""),
            )
        except ValueError as error:
            return _answer(400, str(error))
        delivery = request.headers.get("x-github-delivery", "")[:100]
        if not delivery:
            return _answer(400, "X-GitHub-Delivery is missing")
        try:
            said = await run_in_threadpool(self._take, name, project, event, delivery)
        except StateError as error:
            complain(str(error))
            return _answer(503, "the server's state cannot be used now")
        self._fresh.set()
        return _answer(200, *said)

    def round(self, run: Run, _services: Any) -> bool:
        """Send what was said of what came."""
        if self._fresh.is_set():
            self._fresh.clear()
            checkpoint(run)
        return False

    def _take(self, name: str, project: Project, event: github.Event, delivery: str) -> list[str]:
        """Queue what an event starts, and that it was seen, at once or not at all."""
        clock = Clock(self.config.core.lab.timezone)
        with closing(Database.open(self.config.state)) as database:
            marks, now = Marks(database, _SPACE), clock.now()
            with database.write():
                if marks.get(f"{name}:{delivery}") is not None:
                    return ["seen before: nothing was done"]
                marks.put(f"{name}:{delivery}", "", iso(now))
                marks.forget(iso(now - _KNOWN))
                said = [
                    self._queue(database, wanted, event, f"webhook:{name}:{delivery}:{number}")
                    for number, wanted in enumerate(github.wanted(project, name, event))
                ]
        return said or ["nothing to do"]

    def _queue(
        self,
        database: Database,
        wanted: tuple[str, Mapping[str, str], float],
        event: github.Event,
        key: str,
    ) -> str:
        kind, given, delay = wanted
        found = self.jobs.find(kind)
        if found is None:
            return f"there is no job {kind}"
        namespace, job = found
        try:
            values = {n: job.parameter(n).read(v, People()) for n, v in given.items()}
        except ValueError as error:
            return f"{kind}: {error}"
        if set(values) != set(job.script.parameters):
            return f"{kind} has other parameters than its rule"
        asker = Asker(f"{event.fields['author']} on GitHub", channel=namespace.channel)
        request = Wanted(kind, job.concurrency or kind, values, asker, time.time() + delay)
        entry, _ = Queue(database, time.time).put(request, asked=bool(job.confirm))
        held = self._held(database, entry)
        if held and namespace.channel:
            text = clean(f"{phrase(entry)} ({entry.id}), {event.fields['url']}, {held}")
            today = Clock(self.config.core.lab.timezone).today()
            to = Recipient("channel", namespace.channel)
            Outbox(database).add(Message(key, to, text, today + _KEPT))
        return f"{phrase(entry)} ({entry.id}) {held or 'was queued'}"

    def _held(self, database: Database, entry: Entry) -> str:
        zone = self.config.core.lab.timezone
        for one in Suppressions(database, time.time).all():
            if one.type == entry.type and one.begins <= entry.due < one.ends:
                until = datetime.fromtimestamp(one.ends, zone)
                return f"waits: its job does not run until {until:%Y-%m-%d %H:%M}"
        return ""


def _answer(status: int, *said: str) -> Response:
    key = "done" if status == 200 else "error"
    return JSONResponse({key: list(said) if status == 200 else said[0]}, status)
