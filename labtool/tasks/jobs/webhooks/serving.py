"""The webhooks' part of `labtool serve`.

POST /webhooks/github/PROJECT     200 with what it started; 422 with what it should have, and why it
could not: the admins hear of that too; 403, 404, 400, 413
"""

import hashlib
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, Router

from labtool.core.clock import Clock, iso
from labtool.core.config import Config
from labtool.core.database import Database, Marks
from labtool.core.endpoints import Parts, Site
from labtool.core.errors import ConfigError, Failed, StateError
from labtool.core.log import complain
from labtool.core.messages import Message, Recipient
from labtool.core.outbox import Outbox
from labtool.core.people import People
from labtool.core.service import checkpoint, tried
from labtool.core.task import Run
from labtool.core.text import clean, one_line
from labtool.services.web import Limited
from labtool.tasks.jobs import approval
from labtool.tasks.jobs.entry import Asker, Entry
from labtool.tasks.jobs.entry import Request as Wanted
from labtool.tasks.jobs.open import jobs_of
from labtool.tasks.jobs.queue import Queue
from labtool.tasks.jobs.replies import accepted
from labtool.tasks.jobs.report import phrase
from labtool.tasks.jobs.section import Job, Jobs
from labtool.tasks.jobs.suppressions import Suppressions
from labtool.tasks.jobs.webhooks import github
from labtool.tasks.jobs.webhooks.secrets import Known
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
    # What could not be started, and the topics of what could, for the next round.
    _failed: deque[Failed] = field(default_factory=deque)
    _started: deque[str] = field(default_factory=deque)
    _secrets: dict[str, Known] = field(default_factory=dict)
    _people: People | None = None

    async def take(self, request: Request) -> Response:
        """One delivery."""
        name = request.path_params["project"]
        project = self.section.github.get(name)
        if project is None:
            return _answer(404, f"there is no project {name[:100]} here")
        if not github.has_signature(request.headers):
            return _answer(403, "it is not signed; is there a secret on both sides?")
        body = await request.body()
        try:
            secret = await self._secrets.setdefault(name, Known(project.secret)).text()
        except ConfigError as error:
            where, topic = f"/webhooks/github/{name}", f"webhook {name} secret"
            self._failed.append(Failed(str(error), where=where, code="webhook_secret"))
            self._failed[-1].topic = topic
            self._fresh.set()
            return _answer(503, "the secret of this project cannot be read now")
        signed = partial(github.is_signed, allow_sha1=project.allow_sha1)
        if not await run_in_threadpool(signed, body, request.headers, secret):
            return _answer(403, "the signature is wrong; is the secret the same on both sides?")
        try:
            event = github.read(
                request.headers.get("x-github-event", ""),
                body,
                request.headers.get("content-type", ""),
            )
        except ValueError as error:
            return _answer(400, str(error))
        delivery = request.headers.get("x-github-delivery", "")
        if not 0 < len(delivery) <= 100:
            return _answer(400, "X-GitHub-Delivery is missing, or no number of a delivery")
        # Its number is not signed: the same text with another one is the same again.
        marks = (f"{name}:{delivery}", f"{name}:sha256:{hashlib.sha256(body).hexdigest()}")
        try:
            said, failed = await run_in_threadpool(self._take, name, project, event, marks)
        except StateError as error:
            complain(str(error))
            return _answer(503, "the server's state cannot be used now")
        self._failed.extend(failed)
        self._fresh.set()
        if failed:
            why = "; ".join(f"{error.what}; {error.fix}" for error in failed)
            return JSONResponse({"error": why, "done": said}, 422)
        return _answer(200, *said)

    def round(self, run: Run, services: Any) -> bool:
        """Send what was said of what came, and tell the admins of what could not be started."""
        if self._people is None and self._names_people():
            tried(run, "people", lambda: setattr(self, "_people", services.people))
        if self._fresh.is_set():
            self._fresh.clear()
            while self._failed:
                run.fail(self._failed.popleft())
            topics = [self._started.popleft() for _ in range(len(self._started))]
            checkpoint(run, *topics)
        return False

    def _names_people(self) -> bool:
        """Whether any job's parameter is a person."""
        parameters = [one for _, _, job in self.jobs.types() for one in job.parameters.values()]
        return any(one.type == "person" for one in parameters)

    def _take(
        self, name: str, project: Project, event: github.Event, known: tuple[str, str]
    ) -> tuple[list[str], list[Failed]]:
        """Queue what an event starts, and that it was seen. What cannot be started now is not
        seen: GitHub may deliver it again, once it is mended.

        Seen is the number of a delivery, and the text's hash. Only the text is signed: with another
        number, or as another event, it is a copy that somebody sends. GitHub sends none such: who
        presses Redeliver sends the same number (for three days), and two events are never the same
        text, as they have times and hashes. So what was queued is not queued again for 90 days,
        also where the rest of it could not be started; who wants it once more orders the job."""
        clock = Clock(self.config.core.lab.timezone)
        said: list[str] = []
        failed: list[Failed] = []
        with closing(Database.open(self.config.state)) as database:
            marks, now = Marks(database, _SPACE), clock.now()
            with database.write():
                if any(marks.get(one) is not None for one in known):
                    return ["seen before: nothing was done"], []
                # The event is not signed either: it stays what it was first said to be.
                if marks.get(f"{known[1]}:event") not in (None, event.name):
                    return ["seen before, as another event: nothing was done"], []
                done: list[str] = []
                count = Counter[str]()
                for wanted in github.wanted(project, name, event):
                    # By its job, as who mends the config may also move its rules.
                    number = f"{wanted[0]}:{count[wanted[0]]}"
                    count[wanted[0]] += 1
                    own, topic = [f"{one}:{number}" for one in known], f"webhook {name} {wanted[0]}"
                    done += own
                    if any(marks.get(one) is not None for one in own):
                        continue
                    try:
                        said.append(self._queue(database, wanted, event, f"webhook:{own[0]}"))
                        self._started.append(topic)
                    except Failed as error:
                        del done[-len(own) :]
                        error.where, error.topic = f"/webhooks/github/{name}", topic
                        failed.append(error)
                for one in done if failed else known:
                    marks.put(one, "", iso(now))
                if failed:
                    marks.put(f"{known[1]}:event", event.name, iso(now))
                marks.forget(iso(now - _KNOWN))
        return said or ([] if failed else [github.idle(project, event)]), failed

    def _queue(
        self,
        database: Database,
        wanted: tuple[str, Mapping[str, str], float],
        event: github.Event,
        key: str,
    ) -> str:
        """Queue one job; what is said of it. Raises Failed."""
        kind, given, delay = wanted
        found, code = self.jobs.find(kind), f"webhook_{kind}"
        if found is None:
            raise Failed(f"there is no job {kind}", fix="see: labtool check", code=code)
        namespace, job = found
        if odd := set(given) ^ set(job.script.parameters):
            what = f"{kind} was not started: it has other parameters ({min(odd)})"
            raise Failed(what, fix="see: labtool check", code=code)
        values = {}
        for name, text in given.items():
            try:
                values[name] = job.parameter(name).read(text, self._people or People())
            except ValueError as error:
                what = f"{kind} was not started: {name} {error}"
                raise Failed(what, fix="look at its parameters and its rule", code=code) from None
        if job.confirm:
            if not namespace.channel:
                what = f"{kind} was not started: it needs a yes, and there is nobody to ask"
                fix = "name the channel: of its namespace, or take confirm: out"
                raise Failed(what, fix=fix, code=code)
            approval.fits(values)
        author = one_line(event.fields["author"], 100)
        asker = Asker(f"{author} on GitHub", channel=namespace.channel, origin="github")
        request = Wanted(kind, job.concurrency or kind, values, asker, time.time() + delay)
        entry, _ = Queue(database, time.time).put(request, asked=bool(job.confirm))
        held = self._asked(entry, job) if job.confirm else self._held(database, entry)
        if held and namespace.channel:
            text = f"{phrase(entry)} ({entry.id}), {one_line(event.fields['url'])}, {held}"
            today = Clock(self.config.core.lab.timezone).today()
            to = Recipient("channel", namespace.channel)
            buttons = accepted(text, entry, job).buttons
            Outbox(database).add(Message(key, to, clean(text), today + _KEPT, buttons=buttons))
        said = held.partition("\n")[0] or "was queued"
        return f"{phrase(entry)} ({entry.id}) {said}"

    def _asked(self, entry: Entry, job: Job) -> str:
        whom = "" if job.confirm is True else f"{' or '.join(job.confirm)} can "
        seen = approval.shown(entry.arguments)
        return f"waits for a yes: {whom}say confirm {entry.id}" + (seen and f"\n{seen}")

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
