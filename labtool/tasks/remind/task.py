"""`labtool remind`: load the sheets, decide what is due, put it into the outbox, remember
what was said. The run boundary sends it."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from labtool.core.clock import iso
from labtool.core.database import Marks
from labtool.core.errors import Failed, UsageError
from labtool.core.task import Run
from labtool.services.build import Services
from labtool.tasks.remind.engine import catch_up, plan_day, preview
from labtool.tasks.remind.load import load
from labtool.tasks.remind.plan import DayPlan, Planned, Trouble
from labtool.tasks.remind.section import Remind
from labtool.tasks.remind.slides import make_slides

# What the errors of a rule are about.
_TOPIC = "rule "
# No rule recurs more rarely than once a year.
_FORGET = timedelta(days=800)


def remind(run: Run, services: Services, kinds: Collection[str] = ()) -> None:
    """Say what is due today, and what was missed and still makes sense; only by rules of
    these kinds (or names), if any are given."""
    section = chosen(run.config.section("remind", Remind), kinds)
    today = run.clock.today()
    data = load(run.config, section, services, today, run.fail, run.looked_at)
    known = _Known(run, section)
    said = run.outbox.accepted
    missed = catch_up(section, data, today, known.settled, first_day=known.first_day, said=said)
    for plan in missed:
        _act(run, services, plan, known)
    _act(run, services, plan_day(section, data, today, said=said), known)


def days_ahead(
    run: Run, services: Services, days: int, kinds: Collection[str] = ()
) -> Iterator[DayPlan]:
    """What will be said on each of the next days (today included), by today's sheets; what
    was said already is left out."""
    section = chosen(run.config.section("remind", Remind), kinds)
    today = run.clock.today()
    data = load(run.config, section, services, today, run.fail, run.looked_at)
    for plan in preview(section, data, today, days):
        items = tuple(i for i in plan.items if not run.outbox.accepted(i.message.key))
        if items or plan.troubles:
            yield replace(plan, items=items)


def chosen(section: Remind, kinds: Collection[str]) -> Remind:
    """The section with only the rules of these kinds or names. Raises UsageError for one
    that no rule has."""
    if not kinds:
        return section
    there = {rule.kind for rule in section.rules.values()} | set(section.rules)
    for kind in kinds:
        if kind not in there:
            fix = f"write one of {', '.join(sorted(there))}" if there else "add rules to the config"
            raise UsageError(f"no rule is of the kind or name {kind!r}", fix=fix)
    rules = {
        name: rule for name, rule in section.rules.items() if name in kinds or rule.kind in kinds
    }
    return section.model_copy(update={"rules": rules})


def _act(run: Run, services: Services, plan: DayPlan, known: "_Known") -> None:
    """Accept a day's messages, rule by rule: those of one rule and period together."""
    for trouble in plan.troubles:
        run.fail(as_error(trouble))
    run.looked_at |= {_TOPIC + rule for rule in plan.rules}
    # A rule in trouble is tried again while it may be caught up: its other messages have
    # their keys, and are not sent twice.
    in_trouble = {trouble.rule for trouble in plan.troubles}
    together: dict[tuple[str, str], list[Planned]] = {}
    for item in plan.items:
        together.setdefault((item.rule, item.period), []).append(item)
    for (rule, period), items in together.items():
        if any(item.slides for item in items):
            if all(make_slides(run, services, item) for item in items):
                known.settle(rule, period)
            continue
        with run.database.write():
            for item in items:
                run.outbox.add(item.message)
            if rule not in in_trouble:
                known.settle(rule, period)


class _Known:
    """What was said before: which periods of a rule are settled, and since when the rule
    is known, as what was due before is none of its business."""

    def __init__(self, run: Run, section: Remind) -> None:
        self._settled = Marks(run.database, "remind-settled")
        self._rules = Marks(run.database, "remind-rules")
        self._now = iso(run.clock.now())
        today = run.clock.today().isoformat()
        with run.database.write():
            # By the machine's clock: a pretended time must not forget what was said.
            self._settled.forget(iso(datetime.now(UTC) - _FORGET))
            for rule in section.rules:
                # Not known, or from a later day that somebody tried out with --at.
                if (self._rules.get(rule) or "9999") > today:
                    self._rules.put(rule, today, self._now)

    def first_day(self, rule: str) -> date:
        """The day on which the rule was met first."""
        return date.fromisoformat(self._rules.get(rule) or "9999-12-31")

    def settled(self, rule: str, period: str) -> bool:
        """Whether all messages of a rule for a period were accepted."""
        return self._settled.get(f"{rule}:{period}") is not None

    def settle(self, rule: str, period: str) -> None:
        """Remember that they were."""
        self._settled.put(f"{rule}:{period}", "", iso(datetime.now(UTC)))


def as_error(trouble: Trouble) -> Failed:
    """A trouble as an error of the run: over when its rule has its turn without it."""
    error = Failed(trouble.what, where=trouble.where, fix=trouble.fix, code=trouble.code)
    error.topic = _TOPIC + trouble.rule
    return error
